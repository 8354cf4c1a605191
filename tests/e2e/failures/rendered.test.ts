import * as fs from "node:fs";
import * as path from "node:path";
import { parseAllDocuments } from "yaml";
import { CHART_KINDS, ISTIO_RESOURCES } from "../../../packages/cli/preflight/permissions";
import { live } from "../../../packages/sandbox/paths";
import { runOnSandbox } from "../commands";
import { describeFailures } from "./failures";

describeFailures({ stack: "failures", options: ["--rendered"], overhead: 15, failsEarly: true });

it("lists the permissions that Istio's charts need", async () => {
    for (const [release, chart] of [
        ["istio-base", "base"],
        ["istiod", "istiod"],
        ["istio-ingressgateway", "gateway"],
    ] as const) {
        const { stdout } = await runOnSandbox("helm", "template", release, path.join(live.charts, chart));
        const kinds = [...stdout.matchAll(/^kind: (\S+)$/gm)].map(([, kind = ""]) => kind);
        // The list has autoscalers only if the values enable them.
        const fixed = kinds.filter((kind) => kind !== "HorizontalPodAutoscaler");
        expect([...new Set(fixed)].sort()).toEqual(
            Object.values(CHART_KINDS[release] ?? {})
                .flat()
                .sort(),
        );
    }
}, 60_000);

it("lists each kind of Istio's CRDs", () => {
    const file = path.join(live.charts, "base", "files", "crd-all.gen.yaml");
    const definitions = parseAllDocuments(fs.readFileSync(file, "utf8")).map(
        (document) => document.toJS() as { spec: { group: string; names: { plural: string } } },
    );
    const defined = definitions.map(({ spec }) => `${spec.names.plural}.${spec.group}`);
    const listed = Object.entries(ISTIO_RESOURCES).flatMap(([group, names]) => names.map((name) => `${name}.${group}`));
    expect(listed.sort()).toEqual(defined.sort());
});
