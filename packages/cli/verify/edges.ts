import { PRODUCTPAGE } from "../../../components/names";
import { parseJson } from "../../shared/json";
import type { Mesh } from "../mesh/mesh";
import { askAddon, checkAddon, getFromAddon } from "./addon";
import { type Check, type CheckResult, eventually, failed, ok } from "./check";
import { unlessRefused } from "./visit";

/** Time until a new request becomes an edge, in seconds: a rate needs two of Prometheus' scrapes. */
export const ARRIVAL = 60;

/** The services that the product page calls for every page. */
const EXPECTED = ["details", "reviews"].map((called) => `${PRODUCTPAGE} → ${called}`);

/** servicegraph draws the product page's calls, which it knows from Prometheus. */
export const checkEdges: Check = (mesh, stop) =>
    checkAddon(mesh, "servicegraph", () => {
        const drawn = () => unlessRefused(mesh, checkDrawing(mesh, stop));
        return mesh.prometheusUrl === undefined ? checkAddon(mesh, "prometheus", drawn) : drawn();
    });

function pathOf({ appNamespace }: Mesh): string {
    return `/graph?destination_namespace=${encodeURIComponent(appNamespace)}`;
}

function checkDrawing(mesh: Mesh, stop?: AbortSignal): Promise<CheckResult> {
    const path = pathOf(mesh);
    const remedy = `see ${mesh.commands.dashboard} servicegraph`;
    return eventually(ARRIVAL, stop, () =>
        askAddon(mesh, "servicegraph", { path, remedy, stop }, (json) => {
            const edges = edgesIn(json);
            const missing = EXPECTED.filter((edge) => !edges.includes(edge));
            return missing.length === 0
                ? ok(`${edges.length} edges, among them ${EXPECTED.join(" and ")}`)
                : failed(
                      `${missing.join(" and ")} missing among ${edges.length} edges`,
                      `${mesh.commands.load}; servicegraph draws what Prometheus has of the last 5 minutes`,
                  );
        }),
    );
}

/** The edges that servicegraph draws; those of every page if it is switched off. */
export async function knownEdges(mesh: Mesh, stop?: AbortSignal): Promise<string[]> {
    if (!mesh.on.servicegraph) {
        return EXPECTED;
    }
    const { text } = await getFromAddon(mesh, "servicegraph", { path: pathOf(mesh), stop });
    return edgesIn(parseJson(text));
}

/** The edges of servicegraph's JSON between apps, such as `a → b`: its nodes are named `<app> (<workload>)`. */
function edgesIn(answer: unknown): string[] {
    const { edges } = (answer ?? {}) as { edges?: { source: string; target: string }[] | null };
    const app = (node: string) => node.replace(/ \(.*$/, "");
    return (edges ?? []).map(({ source, target }) => `${app(source)} → ${app(target)}`);
}
