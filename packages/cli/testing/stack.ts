import { Stack, type StackFacts } from "../stack/stack";

/** A stack at a cluster of a kubeconfig, without a file and with nothing deployed, unless the facts say otherwise. */
export function stackOf(facts: Partial<StackFacts> = {}): Stack {
    const cluster = { kubeconfig: "/nowhere", context: "mine" };
    const name = "there-is-no-such-stack";
    return new Stack({ name, file: undefined, cluster, clusterNamed: true, record: undefined, ...facts });
}
