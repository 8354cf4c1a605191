/** A program with a single Namespace, to measure the start of Pulumi and the Kubernetes provider. */
import { readFileSync } from "node:fs";
import * as k8s from "@pulumi/kubernetes";
import type { ClusterAddress } from "../../kubernetes/address";

const cluster = JSON.parse(readFileSync("cluster.json", "utf8")) as ClusterAddress;
const provider = new k8s.Provider("cluster", {
    kubeconfig: readFileSync(cluster.kubeconfig, "utf8"),
    context: cluster.context,
});
new k8s.core.v1.Namespace("bookinfo-mesh-bench", {}, { provider });
