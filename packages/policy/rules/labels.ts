import { at, type Rule, UNKNOWN } from "../rule";
import { CLUSTER, NODE_POOL } from "./types";

/** The path of the labels in each billed resource. */
const LABELS: Record<string, string> = {
    [CLUSTER]: "resourceLabels",
    [NODE_POOL]: "nodeConfig.resourceLabels",
    "gcp:compute/address:Address": "labels",
};

export const labels: Rule = {
    name: "labels",
    description: "Billed resources have labels that say what they belong to.",
    level: "advisory",
    settings: {
        keys: { description: "Labels that each resource must have.", default: ["app", "stack"] },
    },
    violations: ({ type, inputs }, { keys = [] }) => {
        const path = LABELS[type];
        const present = path && at(inputs, path);
        return path === undefined || present === UNKNOWN
            ? []
            : keys
                  .filter((key) => at(present, key) === undefined)
                  .map((key) => `Set the label \`${key}\` in ${path}, or in the stack's config.`);
    },
};
