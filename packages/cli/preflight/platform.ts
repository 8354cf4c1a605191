import { stackFile } from "../../shared/project";
import { platformWith } from "../mesh/platform";
import { type ClusterFacts, label } from "./clusterFacts";
import { type Finding, refusal } from "./finding";
import type { FitSettings } from "./settings";

/** The command that lets pods of an Autopilot cluster set up their network. */
const ALLOW_NET_ADMIN = "gcloud container clusters update NAME --location LOCATION --workload-policies=allow-net-admin";

/** A setting in the stack's file. */
export function setting(stack: string, key: string, value: string): string {
    return `set ${key} to ${value} in ${stackFile(stack)} (docs/config.md)`;
}

/** The nodes of GKE Autopilot are named after it. */
export function isAutopilot({ nodes }: Pick<ClusterFacts, "nodes">): boolean {
    return nodes.some(({ metadata }) => metadata.name.startsWith("gk3-"));
}

export function autopilotRemedy(): string {
    return `  GKE Autopilot allows it for the whole cluster: ${ALLOW_NET_ADMIN}`;
}

/** Whether the settings fit the platform. */
export function checkPlatform(facts: ClusterFacts, settings: FitSettings, stack: string): Finding[] {
    const found = platformWith("istio", facts)?.istio;
    const { platform, cni } = settings;
    if (found === "openshift" && platform !== "openshift") {
        return [
            refusal(
                "this cluster is OpenShift: it assigns each pod a user, and refuses pods that name their own, as the program's do.",
                `To leave that to the cluster, ${setting(stack, "istio.platform", "openshift")}.`,
                "docs/clusters.md has all lines that OpenShift needs.",
            ),
        ];
    }
    // Without any group, the user may not read them.
    if (platform === "openshift" && found !== "openshift" && facts.groups.length > 0) {
        return [
            refusal(
                "istio.platform is openshift, but this cluster has no API of OpenShift: nothing would assign the pods a user.",
                `Remove istio.platform from ${stackFile(stack)}, or deploy to another cluster.`,
            ),
        ];
    }
    if (cni && isAutopilot(facts)) {
        return [
            refusal(
                "this cluster is a GKE Autopilot, where no pod may write into its node. Istio's CNI plugin has to.",
                `Instead, ${setting(stack, "istio.cni.enabled", "false")}, and let pods set up their own network:`,
                `  ${ALLOW_NET_ADMIN}`,
            ),
        ];
    }
    if (cni && found !== undefined && found !== platform) {
        return [
            refusal(
                `this cluster is ${found}, which differs in where and how the CNI plugin is installed: elsewhere, it would do nothing.`,
                `So ${setting(stack, "istio.platform", found)}.`,
            ),
        ];
    }
    return [];
}

/** EKS Fargate gives no pod the capabilities of the mesh, and runs no DaemonSets, so also no CNI plugin. */
export function checkFargate({ nodes }: Pick<ClusterFacts, "nodes">): Finding[] {
    const fargate = nodes.filter((node) => label(node, "eks.amazonaws.com/compute-type") === "fargate");
    return fargate.length > 0 && fargate.length === nodes.length
        ? [
              refusal(
                  "all nodes are of EKS Fargate, where no pod gets NET_ADMIN, and the CNI plugin cannot be installed either.",
                  "Add a group of EC2 nodes, and leave the stack's namespaces out of the Fargate profiles.",
              ),
          ]
        : [];
}
