import { randomBytes } from "node:crypto";
import { BOOKINFO_NAMES, JAEGER, RELEASES } from "../../../components/names";
import { reviewsOn } from "../load/reviews";
import { productpageUrl } from "../mesh/ingress";
import { askAddon, checkAddon, logsOf } from "./addon";
import { type Check, eventually, failed, ok } from "./check";
import { askPage } from "./page";

/** How many pages are asked for until one has ratings: one of three versions of reviews does without. */
const PAGES = 30;

/** Time that a trace has to arrive, in seconds: proxies send their spans every 5 seconds. */
const ARRIVAL = 40;

/** Who takes part in a page with ratings. */
const PARTICIPANTS = [RELEASES.gateway, ...BOOKINFO_NAMES];

/** The trace of one request, made here and recognized by its id, spans all services in Jaeger. */
export const checkTraces: Check = (mesh, stop) =>
    checkAddon(mesh, "jaeger", async () => {
        const url = mesh.pageUrl ?? (await productpageUrl(mesh.api));
        const page = await askForRatings(url, stop);
        if ("why" in page) {
            return failed(
                `no request to trace: ${page.why}`,
                "mend what keeps the page from answering, then run it again",
            );
        }
        return eventually(ARRIVAL, stop, async () => {
            const path = `/api/traces/${page.trace}`;
            const answer = await askAddon(mesh, "jaeger", path, { service: JAEGER.query, stop });
            // 404 is how Jaeger says that it does not have the trace, or not yet.
            if (answer.instead !== undefined && answer.status !== 404) {
                return failed(answer.instead, logsOf(mesh, "jaeger"));
            }
            const spans = spansByService(answer.json);
            const missing = PARTICIPANTS.filter((name) => !spans.has(name));
            const count = [...spans.values()].reduce((sum, each) => sum + each, 0);
            if (missing.length === 0) {
                return ok(`${count} spans of ${PARTICIPANTS.join(", ")} in trace ${page.trace}`);
            }
            const found = count === 0 ? "Jaeger has no span of it" : `of ${missing.join(", ")} there is no span`;
            return failed(`a request was traced as ${page.trace}, and ${found}`, mesh.commands.redeploy);
        });
    });

/** Asks for pages, each in a trace of its own, until one has ratings; the trace's id. */
async function askForRatings(url: string, stop?: AbortSignal): Promise<{ trace: string } | { why: string }> {
    for (let pages = 0; pages < PAGES; pages += 1) {
        const trace = randomBytes(16).toString("hex");
        // https://www.w3.org/TR/trace-context/: version, trace, parent, and the flag that asks for it to be kept.
        const traceparent = `00-${trace}-${randomBytes(8).toString("hex")}-01`;
        const { failure, body = "" } = await askPage(url, { traceparent }, stop);
        if (failure !== undefined) {
            return { why: `${url}: ${failure}` };
        }
        if (["v2", "v3"].includes(reviewsOn(body))) {
            return { trace };
        }
    }
    return { why: `none of ${PAGES} pages had ratings; do requests reach reviews v2 or v3?` };
}

/** How many spans each service has in the answer of Jaeger's API; Istio names services `<app>.<namespace>`. */
export function spansByService(answer: unknown): Map<string, number> {
    const { data } = (answer ?? {}) as {
        data?: { spans: { processID: string }[]; processes: Record<string, { serviceName: string }> }[];
    };
    const counts = new Map<string, number>();
    for (const { spans, processes } of data ?? []) {
        for (const { processID } of spans) {
            const name = (processes[processID]?.serviceName ?? "").split(".")[0] ?? "";
            counts.set(name, (counts.get(name) ?? 0) + 1);
        }
    }
    return counts;
}
