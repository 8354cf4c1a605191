/** Requests of the checks for the product page. */
import http from "node:http";
import { messageOf, Stopped } from "../../shared/errors";
import { makeRequest, type Outcome } from "../load/requests";
import type { Access } from "../load/route";
import { readGatewayAccess } from "../mesh/gatewayAccess";
import { findIngress, type Ingress } from "../mesh/ingress";
import type { Mesh } from "../mesh/mesh";
import { accessTo, lacksCertificate, NEEDS_CERTIFICATE, securityOf } from "../mesh/pageClient";
import { silenceOf } from "../mesh/silence";
import { askThroughApi } from "../mesh/throughApi";
import type { CheckResult } from "./check";

/** Time for one page, in seconds. */
const TIMEOUT = 10;

type Answer = Omit<Outcome, "milliseconds">;

export interface Visit extends Answer {
    /** What was requested, as the beginning of a sentence. */
    what: string;
    /** Whether nothing was requested, because the gateway asks for a client's certificate, and there is none. */
    closed?: true;
    /** The gateway, if the page was requested through the API server, and why its address does not answer. */
    throughApi?: { ingress: Ingress; silence?: string };
}

/** Why the page refuses these commands as its config says; undefined if it does not. */
export function refusalOf({ access }: Mesh, { status }: Pick<Visit, "status">): string | undefined {
    return status === undefined ? undefined : access?.expected[status];
}

/** Whether the config may let pages lack a part: by a fault, a route, or a limit. */
export function mayLackParts({ traffic = {}, security }: Mesh): boolean {
    return Object.keys({ ...traffic, ...security?.rateLimit }).length > 0;
}

/**
 * The result of a check that needs served pages: off in place of failed if the page refuses these commands as its config says, or
 * if the gateway does, so that they cannot make what the check is about.
 */
export async function unlessRefused(mesh: Mesh, check: Promise<CheckResult>): Promise<CheckResult> {
    const result = await check;
    if (result.status !== "failed") {
        return result;
    }
    const [reason = await closedBy(mesh)] = Object.values(mesh.access?.expected ?? {});
    return reason === undefined ? result : { status: "off", found: `${result.found}; ${reason}` };
}

async function closedBy({ api, appNamespace, certificate }: Mesh): Promise<string | undefined> {
    const access = await readGatewayAccess(api, appNamespace);
    return lacksCertificate({ access }, certificate) ? NEEDS_CERTIFICATE : undefined;
}

/** Why the addresses of a mesh do not answer, by URL: all checks of a mesh wait for it together. */
const silences = new WeakMap<Mesh["api"], Map<string, Promise<string | undefined>>>();

/**
 * Requests a mesh's page: at its address or, if it has none or nothing answers there, through the API server.
 * @throws UserError if the gateway is missing
 */
export async function visitPage(mesh: Mesh, own: Record<string, string>, stop?: AbortSignal): Promise<Visit> {
    const { api, pageUrl, appNamespace, address, certificate } = mesh;
    const headers = { ...mesh.access?.headers, ...own };
    const visit = async (url: string, access: Access) => ({
        what: url,
        ...(await makeRequest(url, TIMEOUT, { headers, signal: stop, access })),
    });
    if (pageUrl !== undefined) {
        // The URL may be another server's, so its host is not replaced.
        const { secureContext } = securityOf(await readGatewayAccess(api, appNamespace), certificate);
        return visit(pageUrl, { secureContext });
    }
    const ingress = await findIngress(api, { appNamespace, address });
    const url = ingress.page?.url;
    if (lacksCertificate(ingress, certificate)) {
        return { what: url ?? "the page", closed: true };
    }
    const access = accessTo(ingress, certificate);
    const ask = () => answerOf(mesh, ingress, headers, stop);
    if (url === undefined) {
        return { what: "the page, through the API server,", ...(await ask()), throughApi: { ingress } };
    }
    const known = silences.get(api)?.get(url);
    if (!known) {
        const first = await visit(url, access);
        if (first.status !== undefined || stop?.aborted) {
            return first;
        }
    }
    const silence = await (known ?? silenceAt(api, url, access, stop));
    if (silence === undefined) {
        return visit(url, access);
    }
    const what = `${url} does not answer (${silence}); through the API server it`;
    return { what, ...(await ask()), throughApi: { ingress, silence } };
}

async function answerOf(
    { api, certificate }: Mesh,
    ingress: Ingress,
    headers: Record<string, string>,
    stop?: AbortSignal,
): Promise<Answer> {
    try {
        const { status, text } = await askThroughApi(api, ingress, { headers, stop, certificate });
        const reason = `${status} ${http.STATUS_CODES[status] ?? ""}`.trim();
        return status === 200 ? { status, body: text } : { status, failure: reason };
    } catch (error) {
        if (error instanceof Stopped) {
            throw error;
        }
        return { failure: messageOf(error) };
    }
}

function silenceAt(api: Mesh["api"], url: string, access: Access, stop?: AbortSignal): Promise<string | undefined> {
    const known = silences.get(api) ?? new Map<string, Promise<string | undefined>>();
    silences.set(api, known);
    const silence = known.get(url) ?? silenceOf(url, stop, access);
    known.set(url, silence);
    return silence;
}
