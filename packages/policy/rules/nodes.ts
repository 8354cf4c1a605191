import { at, mayBe, requireThat, type Rule, UNKNOWN } from "../rule";
import { CLUSTER, NODE_POOL } from "./types";

export const workloadIdentity: Rule = {
    name: "workload-identity",
    description: "Pods have their own identities (Workload Identity), and never the node's.",
    level: "mandatory",
    violations: ({ type, inputs }) =>
        type === CLUSTER
            ? requireThat(
                  at(inputs, "workloadIdentityConfig.workloadPool") !== undefined || isAutopilot(inputs),
                  "Set workloadIdentityConfig.workloadPool to `<project>.svc.id.goog`.",
              )
            : requireThat(
                  type !== NODE_POOL || mayBe(inputs, "nodeConfig.workloadMetadataConfig.mode", "GKE_METADATA"),
                  "Set nodeConfig.workloadMetadataConfig.mode to GKE_METADATA: without it pods get the node's credentials.",
              ),
};

const SHIELDED = "nodeConfig.shieldedInstanceConfig";

export const shieldedNodes: Rule = {
    name: "shielded-nodes",
    description: "Nodes boot only signed software, and prove it (shielded nodes, secure boot, integrity monitoring).",
    level: "mandatory",
    violations: ({ type, inputs }) => {
        // By default, shielded nodes and integrity monitoring are on, and secure boot is off (@pulumi/gcp,
        // ClusterArgs.enableShieldedNodes and NodePoolNodeConfigShieldedInstanceConfig).
        if (type === CLUSTER) {
            return requireThat(at(inputs, "enableShieldedNodes") !== false, "Take out enableShieldedNodes: false.");
        }
        if (type !== NODE_POOL) {
            return [];
        }
        const [boot, monitoring] = [`${SHIELDED}.enableSecureBoot`, `${SHIELDED}.enableIntegrityMonitoring`];
        return [
            ...requireThat(mayBe(inputs, boot, true), `Set ${boot}: true.`),
            ...requireThat(at(inputs, monitoring) !== false, `Take out ${monitoring}: false.`),
        ];
    },
};

export const nodeServiceAccount: Rule = {
    name: "node-service-account",
    description: "Nodes run as a dedicated service account. The default one may edit the whole project.",
    level: "mandatory",
    violations: ({ type, inputs }) => {
        const ofNodes = "nodeConfig.serviceAccount";
        const ofAutopilot = "clusterAutoscaling.autoProvisioningDefaults.serviceAccount";
        if (type === NODE_POOL) {
            return requireThat(
                isOwnAccount(at(inputs, ofNodes)),
                `Set ${ofNodes} to an account with no more than roles/container.defaultNodeServiceAccount.`,
            );
        }
        if (type !== CLUSTER) {
            return [];
        }
        return isAutopilot(inputs)
            ? requireThat(
                  isOwnAccount(at(inputs, ofAutopilot)),
                  `Set ${ofAutopilot}: without it the nodes of Autopilot run as the default account.`,
              )
            : requireThat(
                  isOwnAccount(at(inputs, ofNodes)) || mayBe(inputs, "removeDefaultNodePool", true),
                  `Set removeDefaultNodePool: true, or ${ofNodes}: the default pool runs as the default account.`,
              );
    },
};

export const basicRoles: Rule = {
    name: "no-basic-roles",
    description: "Nothing has a basic role, because these give access to every service of a project.",
    level: "mandatory",
    violations: ({ type, inputs }) => {
        const role = String(at(inputs, "role"));
        return requireThat(
            !/^gcp:projects\/iAM(Member|Binding):/.test(type) || !["roles/owner", "roles/editor"].includes(role),
            `Grant the necessary roles instead of ${role}, for nodes roles/container.defaultNodeServiceAccount.`,
        );
    },
};

function isAutopilot(cluster: unknown): boolean {
    return at(cluster, "enableAutopilot") === true;
}

function isOwnAccount(account: unknown): boolean {
    const isDefault = (name: string) => ["", "default"].includes(name) || /-compute@developer\./.test(name);
    return account === UNKNOWN || (typeof account === "string" && !isDefault(account));
}
