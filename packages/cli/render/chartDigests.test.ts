import type { Release } from "../../kubernetes/helm";
import { chartDigestsOf } from "./chartDigests";
import { privateCharts, type ReleaseStep } from "./step";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const istio = {
    chartDigest: { base: digest("a"), gateway: digest("b"), cni: digest("c") },
    kiali: { chartDigest: digest("d") },
};
const step = (name: string): ReleaseStep => ({ type: "release", name, needs: [], release: { name } as Release });

test("the digests in a stack's file are those of its releases, and the others are not compared", () => {
    const digests = chartDigestsOf({ config: { "bookinfo-mesh:istio": istio } });
    expect(digests).toEqual({
        "istio-base": digest("a"),
        "istio-ingressgateway": digest("b"),
        "istio-cni": digest("c"),
        kiali: digest("d"),
    });
    const charts = privateCharts(["istio-base", "istiod", "kiali"].map(step), digests);
    expect(charts.map((chart) => [chart.release.name, chart.digest])).toEqual([
        ["istio-base", digest("a")],
        ["kiali", digest("d")],
    ]);
    expect(chartDigestsOf(undefined)).toEqual({});
});
