import * as path from "node:path";
import { CHART_KINDS } from "../../../packages/cli/preflight/permissions";
import { runCommand, sandboxBin } from "../commands";
import { describeBadDays } from "./failures";
import { charts } from "./deployer";

describeBadDays({ stack: "bad-days", options: ["--rendered"], ownTime: 15, givesUp: true });

it("asks for the permissions that Istio's charts need", async () => {
    for (const [release, chart] of [
        ["istio-base", "base"],
        ["istiod", "istiod"],
        ["istio-ingressgateway", "gateway"],
    ] as const) {
        const { stdout } = await runCommand(path.join(sandboxBin, "helm"), [
            "template",
            release,
            path.join(charts, chart),
        ]);
        const kinds = [...stdout.matchAll(/^kind: (\S+)$/gm)].map(([, kind = ""]) => kind);
        // Autoscalers are asked for where the values have them.
        const fixed = kinds.filter((kind) => kind !== "HorizontalPodAutoscaler");
        expect([...new Set(fixed)].sort()).toEqual(
            Object.values(CHART_KINDS[release] ?? {})
                .flat()
                .sort(),
        );
    }
}, 60_000);
