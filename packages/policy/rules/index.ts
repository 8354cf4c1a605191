import type { Rule } from "../rule";
import { labels } from "./labels";
import { loadBalancers } from "./loadBalancers";
import { controlPlaneAccess, networks, privateNodes } from "./network";
import { basicRoles, nodeServiceAccount, shieldedNodes, workloadIdentity } from "./nodes";
import { pinnedCharts, pinnedImages } from "./pinned";
import { podLabels, privileged, resources } from "./pods";

/** All rules of the pack. */
export const rules: Rule[] = [
    networks,
    privateNodes,
    controlPlaneAccess,
    workloadIdentity,
    shieldedNodes,
    nodeServiceAccount,
    basicRoles,
    loadBalancers,
    pinnedImages,
    pinnedCharts,
    resources,
    privileged,
    labels,
    podLabels,
];
