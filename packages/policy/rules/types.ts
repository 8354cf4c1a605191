/** Type tokens of @pulumi/gcp that several rules need. */
export const CLUSTER = "gcp:container/cluster:Cluster";
export const NODE_POOL = "gcp:container/nodePool:NodePool";
