import { randomBytes } from "node:crypto";
import { BOOKINFO_NAMES, JAEGER, RELEASES } from "../../../components/names";
import { missingOn, reviewsOn } from "../load/reviews";
import type { Mesh } from "../mesh/mesh";
import { NEEDS_CERTIFICATE } from "../mesh/pageClient";
import { askAddon, checkAddon, logsOf } from "./addon";
import { type Check, eventually, failed, ok } from "./check";
import { mayLackParts, refusalOf, visitPage } from "./visit";

/** Most pages that are requested until one has ratings: one of three versions of reviews has none. */
const PAGES = 30;

/** Time until a trace arrives, in seconds: proxies send their spans every 5 seconds. */
const ARRIVAL = 40;

const PARTICIPANTS = [RELEASES.gateway, ...BOOKINFO_NAMES];

/** The trace of one request, made here and recognized by its id, spans all services in Jaeger. */
export const checkTraces: Check = (mesh, stop) =>
    checkAddon(mesh, "jaeger", async () => {
        const page = await requestRatings(mesh, stop);
        if ("refused" in page) {
            return { status: "off", found: `no request to trace, because ${page.refused}` };
        }
        if ("why" in page) {
            return failed(`no request to trace: ${page.why}`, "fix the page first, then run it again");
        }
        const { trace } = page;
        const path = `/api/traces/${trace}`;
        const request = { path, service: JAEGER.query, mayBeMissing: true, remedy: logsOf(mesh, "jaeger"), stop };
        return eventually(ARRIVAL, stop, () =>
            askAddon(mesh, "jaeger", request, (json) => {
                const spans = spansByService(json);
                const missing = PARTICIPANTS.filter((name) => !spans.has(name));
                const count = [...spans.values()].reduce((sum, each) => sum + each, 0);
                if (missing.length === 0) {
                    return ok(`${count} spans of ${PARTICIPANTS.join(", ")} in trace ${trace}`);
                }
                const from = count === 0 ? "" : ` from ${missing.join(", ")}`;
                return failed(`Jaeger has no span${from} of the request traced as ${trace}`, mesh.commands.redeploy);
            }),
        );
    });

/** Requests pages, each with a new trace, until one has ratings, and gives that trace's id. */
async function requestRatings(
    mesh: Mesh,
    stop?: AbortSignal,
): Promise<{ trace: string } | { why: string } | { refused: string }> {
    for (let pages = 0; pages < PAGES; pages += 1) {
        const trace = randomBytes(16).toString("hex");
        // https://www.w3.org/TR/trace-context/: version, trace, parent, and the flag that keeps the trace.
        const traceparent = `00-${trace}-${randomBytes(8).toString("hex")}-01`;
        const visit = await visitPage(mesh, { traceparent }, stop);
        const refused = visit.closed ? NEEDS_CERTIFICATE : refusalOf(mesh, visit);
        if (refused !== undefined) {
            return { refused };
        }
        const { what, failure, body = "" } = visit;
        if (failure !== undefined) {
            return { why: `${what}: ${failure}` };
        }
        if (["v2", "v3"].includes(reviewsOn(body)) && missingOn(body).length === 0) {
            return { trace };
        }
    }
    if (mayLackParts(mesh)) {
        return {
            refused: `none of ${PAGES} pages had all parts, and ratings: by bookinfo.traffic or bookinfo.rateLimit`,
        };
    }
    return { why: `none of ${PAGES} pages had ratings; do requests reach reviews v2 or v3?` };
}

/** How many spans each service has in the answer of Jaeger's API; Istio names services `<app>.<namespace>`. */
function spansByService(answer: unknown): Map<string, number> {
    const { data = [] } = (answer ?? {}) as {
        data?: { spans: { processID: string }[]; processes: Record<string, { serviceName: string }> }[];
    };
    const counts = new Map<string, number>();
    for (const { spans, processes } of data) {
        for (const { processID } of spans) {
            const name = processes[processID]?.serviceName.split(".")[0] ?? "";
            counts.set(name, (counts.get(name) ?? 0) + 1);
        }
    }
    return counts;
}
