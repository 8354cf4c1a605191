import { at, mayBe, type Rule, UNKNOWN } from "../rule";
import { CLUSTER, NODE_POOL } from "./types";

export const workloadIdentity: Rule = {
    name: "workload-identity",
    description: "Pods have identities of their own (Workload Identity), and never the node's.",
    level: "mandatory",
    violations: ({ type, inputs }) => {
        if (type === CLUSTER) {
            return at(inputs, "workloadIdentityConfig.workloadPool") !== undefined || isAutopilot(inputs)
                ? []
                : ["Set workloadIdentityConfig.workloadPool to `<project>.svc.id.goog`."];
        }
        return type !== NODE_POOL || mayBe(inputs, "nodeConfig.workloadMetadataConfig.mode", "GKE_METADATA")
            ? []
            : [
                  "Set nodeConfig.workloadMetadataConfig.mode to GKE_METADATA: without it pods get the node's credentials.",
              ];
    },
};

export const shieldedNodes: Rule = {
    name: "shielded-nodes",
    description:
        "Nodes boot nothing but what is signed, and prove it (shielded nodes, secure boot, integrity monitoring).",
    level: "mandatory",
    violations: ({ type, inputs }) => {
        if (type === CLUSTER) {
            // On where it is not set (@pulumi/gcp, ClusterArgs.enableShieldedNodes).
            return at(inputs, "enableShieldedNodes") === false ? ["Take out enableShieldedNodes: false."] : [];
        }
        if (type !== NODE_POOL) {
            return [];
        }
        const shielded = "nodeConfig.shieldedInstanceConfig";
        return [
            // Off where it is not set; integrity monitoring is on (NodePoolNodeConfigShieldedInstanceConfig).
            ...(mayBe(inputs, `${shielded}.enableSecureBoot`, true) ? [] : [`Set ${shielded}.enableSecureBoot: true.`]),
            ...(at(inputs, `${shielded}.enableIntegrityMonitoring`) === false
                ? [`Take out ${shielded}.enableIntegrityMonitoring: false.`]
                : []),
        ];
    },
};

export const nodeServiceAccount: Rule = {
    name: "node-service-account",
    description: "Nodes run as a service account made for them. The default one may edit the whole project.",
    level: "mandatory",
    violations: ({ type, inputs }) => {
        if (type === NODE_POOL) {
            return isOwnAccount(at(inputs, "nodeConfig.serviceAccount"))
                ? []
                : [
                      "Set nodeConfig.serviceAccount to an account with no more than roles/container.defaultNodeServiceAccount.",
                  ];
        }
        if (type !== CLUSTER) {
            return [];
        }
        const ofCluster = isAutopilot(inputs)
            ? "clusterAutoscaling.autoProvisioningDefaults.serviceAccount"
            : "nodeConfig.serviceAccount";
        return isOwnAccount(at(inputs, ofCluster)) ||
            (!isAutopilot(inputs) && mayBe(inputs, "removeDefaultNodePool", true))
            ? []
            : [
                  isAutopilot(inputs)
                      ? `Set ${ofCluster}: the nodes that Autopilot makes run as the default account without it.`
                      : `Set removeDefaultNodePool: true, or ${ofCluster}: the default pool runs as the default account.`,
              ];
    },
};

export const basicRoles: Rule = {
    name: "no-basic-roles",
    description: "Nothing is granted the basic roles, which reach into every service of a project.",
    level: "mandatory",
    violations: ({ type, inputs }) => {
        const role = at(inputs, "role");
        return /^gcp:projects\/iAM(Member|Binding):/.test(type) && (role === "roles/owner" || role === "roles/editor")
            ? [
                  `Grant the roles that are needed instead of ${role}, for nodes roles/container.defaultNodeServiceAccount.`,
              ]
            : [];
    },
};

function isAutopilot(cluster: unknown): boolean {
    return at(cluster, "enableAutopilot") === true;
}

function isOwnAccount(account: unknown): boolean {
    const isDefault = (name: string) => ["", "default"].includes(name) || /-compute@developer\./.test(name);
    return account === UNKNOWN || (typeof account === "string" && !isDefault(account));
}
