import { at, leaves, type Rule } from "../rule";
import { chartOf } from "./release";

/** Modes that let a connection without mutual TLS into a pod. */
const OPEN: unknown[] = ["DISABLE", "PERMISSIVE"];

export const mutualTls: Rule = {
    name: "mutual-tls",
    description: "Nothing lets workloads of the mesh call, or be called, without mutual TLS.",
    level: "mandatory",
    violations: (resource) => {
        const { type, inputs } = resource;
        const [, kind = ""] = /^kubernetes:(?:security|networking)\.istio\.io\/\w+:(\w+)$/.exec(type) ?? [];
        const modes = leaves(at(inputs, "spec")).filter(({ path }) => path.at(-1) === "mode");
        const refused =
            kind === "PeerAuthentication"
                ? modes.filter(({ value }) => OPEN.includes(value))
                : kind === "DestinationRule"
                  ? modes.filter(({ path, value }) => path.at(-2) === "tls" && value === "DISABLE")
                  : [];
        const byValues = leaves(chartOf(resource)?.values)
            .filter(({ path, value }) => path.at(-1) === "enableAutoMtls" && value === false)
            .map(({ path }) => `Take values.${path.join(".")}: false out.`);
        return [
            ...refused.map(
                ({ path, value }) => `Set spec.${path.join(".")} to ${instead(kind)}, not ${String(value)}.`,
            ),
            ...byValues,
        ];
    },
};

function instead(kind: string): string {
    return kind === "PeerAuthentication" ? "STRICT" : "ISTIO_MUTUAL";
}
