import { ClusterApi } from "../../kubernetes/api";
import type { Stack } from "./stack";

/** A stack on its cluster, which answers. */
export interface Connection {
    stack: Stack;
    api: ClusterApi;
    /** Tells the cluster from others: `ClusterApi.identity`. */
    identity: string;
}

/** @throws UserError if the cluster cannot be reached, with a remedy */
export async function connect(stack: Stack): Promise<Connection> {
    const api = await ClusterApi.connect(stack.cluster);
    return { stack, api, identity: await api.identity() };
}
