module bookinfo-mesh/sandbox/bookinfo

go 1.26
