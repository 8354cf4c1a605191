import type { KubernetesObject } from "../../kubernetes/object";
import { label } from "./clusterFacts";
import { type Finding, note, refusal } from "./finding";

/** The architectures that Istio publishes images for (since 1.15), Bookinfo's images included. */
const ARCHITECTURES = ["amd64", "arm64"];

/** Nodes on which no pod of the program can run. The pods themselves select nodes of Linux. */
export function checkNodes(nodes: readonly KubernetesObject[], ownImages: boolean): Finding[] {
    if (nodes.length === 0) {
        return [];
    }
    // Before the kubelet has labelled a node, nothing is placed there.
    const linux = nodes.filter((node) => ["linux", ""].includes(label(node, "kubernetes.io/os")));
    if (linux.length === 0) {
        return [
            refusal(
                `all ${nodes.length} nodes run Windows, and no image of the program does.`,
                "Add a pool of Linux nodes, or deploy to another cluster.",
            ),
        ];
    }
    const architectures = linux.map((node) => label(node, "kubernetes.io/arch")).filter((name) => name !== "");
    const others = architectures.filter((name) => !ARCHITECTURES.includes(name));
    if (others.length > 0) {
        const names = [...new Set(others)].join(", ");
        return others.length === linux.length
            ? [
                  refusal(
                      `all nodes are of the architecture ${names}, and Istio publishes images only for ${ARCHITECTURES.join(" and ")}.`,
                      "Add nodes of one of these, or name registries with your own builds: istio.hub, bookinfo.registry and the add-ons' images.",
                  ),
              ].filter(() => !ownImages)
            : [
                  note(
                      `${others.length} of ${linux.length} nodes are of the architecture ${names}, for which Istio publishes no images.`,
                      "A pod that is placed there does not start. A taint on these nodes keeps pods without a toleration away.",
                  ),
              ];
    }
    const arm = architectures.filter((name) => name === "arm64").length;
    return arm > 0 && ownImages
        ? [
              note(
                  `${arm} of ${linux.length} nodes are of the architecture arm64. The images that you set must have it` +
                      `${arm < linux.length ? ", and amd64 too" : ""}.`,
              ),
          ]
        : [];
}
