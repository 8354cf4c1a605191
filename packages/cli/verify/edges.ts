import { PRODUCTPAGE } from "../../../components/names";
import { askAddon, checkAddon } from "./addon";
import { type Check, eventually, failed, ok } from "./check";

/** Time that a new request has to become an edge, in seconds: a rate needs two of Prometheus' scrapes. */
const ARRIVAL = 60;

/** What the product page calls for every page. */
const CALLED = ["details", "reviews"];

/** servicegraph draws the product page's calls. It knows them from Prometheus. */
export const checkEdges: Check = (mesh, stop) =>
    checkAddon(mesh, "servicegraph", () =>
        checkAddon(mesh, "prometheus", () =>
            eventually(ARRIVAL, stop, async () => {
                const path = `/graph?destination_namespace=${encodeURIComponent(mesh.appNamespace)}`;
                const answer = await askAddon(mesh, "servicegraph", path, { stop });
                if (answer.instead !== undefined) {
                    return failed(answer.instead, `see ${mesh.commands.dashboard} servicegraph`);
                }
                const edges = edgesIn(answer.json);
                const calls = CALLED.map((called) => ({ source: PRODUCTPAGE, target: called }));
                const missing = calls.filter((call) => !edges.some((edge) => inWords(edge) === inWords(call)));
                return missing.length === 0
                    ? ok(`${edges.length} edges, ${calls.map(inWords).join(" and ")} among them`)
                    : failed(
                          `of ${edges.length} edges none is ${missing.map(inWords).join(", ")}`,
                          `${mesh.commands.load}; servicegraph draws what Prometheus has of the last 5 minutes`,
                      );
            }),
        ),
    );

/** A call of one app by another. */
interface Edge {
    source: string;
    target: string;
}

/** The edges of servicegraph's JSON, between apps: its nodes are named `<app> (<workload>)`. */
export function edgesIn(answer: unknown): Edge[] {
    const { edges } = (answer ?? {}) as { edges?: Edge[] | null };
    const app = (node: string) => node.replace(/ \(.*$/, "");
    return (edges ?? []).map(({ source, target }) => ({ source: app(source), target: app(target) }));
}

function inWords({ source, target }: Edge): string {
    return `${source} → ${target}`;
}
