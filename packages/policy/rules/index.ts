import type { Rule, StackRule } from "../rule";
import { anonymousGrafana } from "./grafana";
import { labels } from "./labels";
import { loadBalancers } from "./loadBalancers";
import { mutualTls } from "./mutualTls";
import { controlPlaneAccess, networks, privateNodes } from "./network";
import { networkPolicies } from "./networkPolicies";
import { basicRoles, nodeServiceAccount, shieldedNodes, workloadIdentity } from "./nodes";
import { pinnedCharts, pinnedImages } from "./pinned";
import { podLabels, privileged, resources } from "./pods";
import { bindings, wildcards } from "./rbac";
import { externalIps, gatewayApi, nodePorts } from "./services";

/** The rules for each resource. */
export const rules: Rule[] = [
    networks,
    privateNodes,
    controlPlaneAccess,
    workloadIdentity,
    shieldedNodes,
    nodeServiceAccount,
    basicRoles,
    loadBalancers,
    nodePorts,
    externalIps,
    gatewayApi,
    mutualTls,
    anonymousGrafana,
    bindings,
    wildcards,
    pinnedImages,
    pinnedCharts,
    resources,
    privileged,
    labels,
    podLabels,
];

/** The rules for a whole stack. */
export const stackRules: StackRule[] = [networkPolicies];
