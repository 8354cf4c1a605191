import { at, items, leaves, type Rule } from "../rule";
import { chartOf } from "./release";
import { containers } from "./podSpec";

/** Roles that may change dashboards, or query any data source. */
const POWERFUL = /^(?:admin|editor)$/i;

const REMEDY = "Viewer, or take it out: who opens the page without a login may change everything";

/** Grafana takes each setting from a file, from a variable, or, in its chart, from a value. */
export const anonymousGrafana: Rule = {
    name: "grafana-viewers",
    description: "Who opens Grafana without a login is at most a viewer.",
    level: "mandatory",
    violations: (resource) => {
        const variables = containers(resource).flatMap(({ name, spec }) =>
            items(spec, "env")
                .filter((variable) => at(variable, "name") === "GF_AUTH_ANONYMOUS_ORG_ROLE")
                .filter((variable) => POWERFUL.test(String(at(variable, "value"))))
                .map(() => `Set GF_AUTH_ANONYMOUS_ORG_ROLE of ${name} to ${REMEDY}.`),
        );
        const files =
            resource.type === "kubernetes:core/v1:ConfigMap"
                ? leaves(at(resource.inputs, "data"))
                      .filter(({ value }) => typeof value === "string" && POWERFUL.test(anonymousRole(value) ?? ""))
                      .map(({ path }) => `Set org_role of [auth.anonymous] in ${path.join(".")} to ${REMEDY}.`)
                : [];
        const values = leaves(chartOf(resource)?.values)
            .filter(({ path, value }) => path.at(-1) === "org_role" && POWERFUL.test(String(value)))
            .map(({ path }) => `Set values.${path.join(".")} to ${REMEDY}.`);
        return [...variables, ...files, ...values];
    },
};

/** The role of anonymous visitors in a file of Grafana's settings. */
function anonymousRole(ini: string): string | undefined {
    const section = /^\s*\[auth\.anonymous\]\s*$([^[]*)/m.exec(ini)?.[1] ?? "";
    return /^\s*org_role\s*=\s*(\S+)/m.exec(section)?.[1];
}
