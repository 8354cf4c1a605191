/** Requests of the checks for the product page. */
import http from "node:http";
import { messageOf, Stopped } from "../../shared/errors";
import { makeRequest, type Outcome } from "../load/requests";
import { findIngress, type Ingress } from "../mesh/ingress";
import type { Mesh } from "../mesh/mesh";
import { silenceOf } from "../mesh/silence";
import { askThroughApi } from "../mesh/throughApi";
import type { CheckResult } from "./check";

/** Time for one page, in seconds. */
const TIMEOUT = 10;

type Answer = Omit<Outcome, "milliseconds">;

export interface Visit extends Answer {
    /** What was requested, as the beginning of a sentence. */
    what: string;
    /** The gateway, if the page was requested through the API server, and why its address does not answer. */
    throughApi?: { ingress: Ingress; silence?: string };
}

/** Why the page refuses these commands as its config says; undefined if it does not. */
export function refusalOf({ access }: Mesh, { status }: Pick<Visit, "status">): string | undefined {
    return status === undefined ? undefined : access?.expected[status];
}

/**
 * The result of a check that needs served pages: off in place of failed if the page refuses these commands as its config says, so
 * that they cannot make what the check is about.
 */
export async function unlessRefused({ access }: Mesh, check: Promise<CheckResult>): Promise<CheckResult> {
    const result = await check;
    const [reason] = Object.values(access?.expected ?? {});
    return result.status === "failed" && reason !== undefined
        ? { status: "off", found: `${result.found}; ${reason}` }
        : result;
}

/** Why the addresses of a mesh do not answer, by URL: all checks of a mesh wait for it together. */
const silences = new WeakMap<Mesh, Map<string, Promise<string | undefined>>>();

/**
 * Requests a mesh's page: at its address or, if it has none or nothing answers there, through the API server.
 * @throws UserError if the gateway is missing
 */
export async function visitPage(mesh: Mesh, own: Record<string, string>, stop?: AbortSignal): Promise<Visit> {
    const { api, pageUrl, address, access } = mesh;
    const headers = { ...access?.headers, ...own };
    const visit = async (url: string) => ({
        what: url,
        ...(await makeRequest(url, TIMEOUT, { headers, signal: stop })),
    });
    if (pageUrl !== undefined) {
        return visit(pageUrl);
    }
    const ingress = await findIngress(api, address);
    const url = ingress.page?.url;
    if (url === undefined) {
        const what = "the page, through the API server,";
        return { what, ...(await answerOf(mesh, ingress, headers, stop)), throughApi: { ingress } };
    }
    const known = silences.get(mesh)?.get(url);
    if (!known) {
        const first = await visit(url);
        if (first.status !== undefined || stop?.aborted) {
            return first;
        }
    }
    const silence = await (known ?? silenceAt(mesh, url, stop));
    if (silence === undefined) {
        return visit(url);
    }
    const what = `${url} does not answer (${silence}); through the API server it`;
    return { what, ...(await answerOf(mesh, ingress, headers, stop)), throughApi: { ingress, silence } };
}

async function answerOf(
    { api }: Mesh,
    ingress: Ingress,
    headers: Record<string, string>,
    stop?: AbortSignal,
): Promise<Answer> {
    try {
        const { status, text } = await askThroughApi(api, ingress, { headers, stop });
        const reason = `${status} ${http.STATUS_CODES[status] ?? ""}`.trim();
        return status === 200 ? { status, body: text } : { status, failure: reason };
    } catch (error) {
        if (error instanceof Stopped) {
            throw error;
        }
        return { failure: messageOf(error) };
    }
}

function silenceAt(mesh: Mesh, url: string, stop?: AbortSignal): Promise<string | undefined> {
    const known = silences.get(mesh) ?? new Map<string, Promise<string | undefined>>();
    silences.set(mesh, known);
    const silence = known.get(url) ?? silenceOf(url, stop);
    known.set(url, silence);
    return silence;
}
