import { CNI_RELEASE, KIALI_RELEASE, RELEASES } from "../../../components/names";
import { valueAt } from "../../../config/valueAt";
import { withPrivateCharts } from "../../kubernetes/charts";
import { requireHelm } from "../../kubernetes/helm";
import { sectionOf, type StackFile } from "../program/projectConfig";
import type { Stack } from "../stack/stack";
import { privateCharts } from "./step";
import { stepsOf } from "./steps";

/** Where the config has the digest of each release's chart. */
const KEYS: Readonly<Record<string, string[]>> = {
    ...Object.fromEntries(Object.entries(RELEASES).map(([chart, release]) => [release, ["chartDigest", chart]])),
    [CNI_RELEASE]: ["chartDigest", "cni"],
    [KIALI_RELEASE]: ["kiali", "chartDigest"],
};

/** The digests of charts that a stack's file names, by their releases. */
export function chartDigestsOf(file: StackFile | undefined): Record<string, string> {
    const istio = sectionOf(file, "istio");
    return Object.fromEntries(
        Object.entries(KEYS).flatMap(([release, path]) => {
            const digest = valueAt(istio, path);
            return typeof digest === "string" ? [[release, digest] as const] : [];
        }),
    );
}

/**
 * Downloads the charts whose digests a stack's file names, and compares. The engine downloads them again by itself.
 * @throws UserError if one differs, or without helm
 */
export async function checkCharts(stack: Stack, stop: AbortSignal): Promise<void> {
    const digests = chartDigestsOf(stack.file);
    if (Object.keys(digests).length > 0) {
        const charts = privateCharts(stepsOf(await stack.declaration(stop)), digests);
        const { path } = await requireHelm();
        const checked = charts.filter(({ digest }) => digest !== undefined);
        await withPrivateCharts(path, checked, stop, () => Promise.resolve());
    }
}
