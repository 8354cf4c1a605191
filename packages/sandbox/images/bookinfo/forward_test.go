package main

import (
	"net/http"
	"testing"
)

func TestForwardHeaders(t *testing.T) {
	carried := []string{
		"x-request-id", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags",
		"traceparent", "tracestate", "x-ot-span-context", "x-datadog-trace-id", "x-datadog-parent-id",
		"x-datadog-sampling-priority", "x-cloud-trace-context", "grpc-trace-bin", "sw8", "user-agent", "cookie",
		"authorization", "jwt",
	}
	incoming := http.Header{}
	for _, name := range append(carried, "end-user", "host", "content-length", "x-forwarded-for", "connection") {
		incoming.Set(name, "value of "+name)
	}
	outgoing := forwardHeaders(incoming, "")
	for _, name := range carried {
		if got := outgoing.Get(name); got != "value of "+name {
			t.Errorf("%s: %q", name, got)
		}
	}
	if len(outgoing) != len(carried) {
		t.Errorf("%d headers, want %d: %v", len(outgoing), len(carried), outgoing)
	}
	if got := forwardHeaders(http.Header{}, "jason"); len(got) != 1 || got.Get("end-user") != "jason" {
		t.Errorf("got %v", got)
	}
}
