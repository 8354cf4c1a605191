import { createCluster } from "../../../../components/cluster";
import { GkeCluster } from "../../../../components/gke/gkeCluster";
import { readConfig } from "../../../../config";

/* The cluster of the program alone, with nothing deployed to it. */

const cluster = createCluster("cluster", readConfig().cluster);
if (!(cluster instanceof GkeCluster)) {
    throw new Error("cluster.kind is not gke");
}

export const { kubeconfig, clusterName, location, getCredentialsCommand, ingressAddress } = cluster;
