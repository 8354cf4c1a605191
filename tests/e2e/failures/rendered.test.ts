import * as path from "node:path";
import { CHART_KINDS } from "../../../packages/cli/preflight/permissions";
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
