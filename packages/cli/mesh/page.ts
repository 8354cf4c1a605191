import { messageOf, UserError, Stopped } from "../../shared/errors";
import { curlProxyFor } from "../../shared/proxy";
import { waitUntil } from "../../kubernetes/wait";
import { connectionError, makeRequest } from "../load/requests";
import type { Access } from "../load/route";

/** Time until the page must answer after a deployment, in seconds. */
const PAGE_TIMEOUT = 300;

/** Time until another status must become 200, in seconds: a gateway that answers gets its routes soon. */
const ROUTES_TIMEOUT = 30;

/** Time without any answer at the address, in seconds, after which the page is asked through the API server. */
export const SILENCE = 20;

/** Time for one attempt, in milliseconds. */
const ATTEMPT_TIMEOUT = 5000;
const NO_ANSWER = `no answer in ${ATTEMPT_TIMEOUT / 1000} s`;

/** How the page is requested. */
export interface PageRequest {
    headers?: Record<string, string>;
    stop?: AbortSignal;
    /** What the request needs beyond its URL. */
    access?: Access;
}

export interface PageQuestion {
    /** The page's URL for clients outside of the cluster; undefined if it has none. */
    url?: string;
    /** Asks for the page at its URL. Default: a plain request, which follows redirects, as browsers do. */
    request?: (url: string) => Promise<{ status: number }>;
    /** Asks for the page through the API server. Default: it is not asked. */
    ask?: (stop?: AbortSignal) => Promise<{ status: number }>;
    stop?: AbortSignal;
    /** Longest time with another status, in seconds. */
    routesTimeout?: number;
    /** Longest time without any answer at the URL, in seconds. */
    silence?: number;
    /** Other statuses by which the page answers too. */
    expected?: Readonly<Record<number, unknown>>;
}

/** Where the page has answered. */
export interface PageAnswer {
    /** Whether only the API server reaches it. */
    throughApi: boolean;
    /** Why the URL does not answer, if only the API server reaches the page; undefined without a URL. */
    failure?: string;
}

/**
 * Waits until the page answers 200, or with an expected status: at its URL or, if nothing answers there, through the API server.
 * @throws UserError with the last answer
 */
export async function waitForPage({
    url,
    request = (address) => requestPage(address, { stop }),
    ask,
    stop,
    routesTimeout = ROUTES_TIMEOUT,
    silence = SILENCE,
    expected = {},
}: PageQuestion): Promise<PageAnswer> {
    const begun = performance.now();
    const isServed = (status: number) => status === 200 || Object.hasOwn(expected, status);
    const outside = new Statuses(routesTimeout, isServed);
    const inside = new Statuses(routesTimeout, isServed);
    let answer: PageAnswer | undefined;
    await waitUntil(url ?? "the page", { timeout: PAGE_TIMEOUT, stop }, async () => {
        const problem = url === undefined ? undefined : await outside.look(url, () => request(url), ask);
        if (url !== undefined && problem === undefined) {
            answer = { throughApi: false };
            return undefined;
        }
        const isSilent = outside.failure !== undefined && performance.now() - begun >= silence * 1000;
        if (!ask || (url !== undefined && !isSilent)) {
            return problem;
        }
        const within = await inside.look("the page, asked through the API server,", () => ask(stop));
        if (within === undefined) {
            answer = { throughApi: true, failure: outside.failure };
            return undefined;
        }
        return problem === undefined ? within : `${problem}; through the API server it ${within}`;
    });
    return answer ?? { throughApi: false };
}

/** What one way to the page has answered so far. */
class Statuses {
    /** Why the last attempt had no answer; undefined if it had one. */
    failure: string | undefined;
    /** Time of the first of the latest answers, all with another status than 200. */
    private since: number | undefined;

    constructor(
        private readonly timeout: number,
        private readonly isServed: (status: number) => boolean,
    ) {}

    /**
     * @param other another way to the page, to find out whether this one leads to another server
     * @returns what is missing, as the end of a sentence; undefined after a status by which the page is served
     * @throws UserError after too much time with another status
     */
    async look(
        what: string,
        attempt: () => Promise<{ status: number }>,
        other?: () => Promise<{ status: number }>,
    ): Promise<string | undefined> {
        let status: number;
        try {
            ({ status } = await attempt());
        } catch (error) {
            if (error instanceof Stopped || !(error instanceof Error)) {
                throw error;
            }
            this.since = undefined;
            this.failure = error.name === "TimeoutError" ? NO_ANSWER : connectionError(error.cause ?? error);
            return `does not answer (${this.failure})`;
        }
        this.failure = undefined;
        if (this.isServed(status)) {
            return undefined;
        }
        this.since ??= performance.now();
        if (performance.now() - this.since > this.timeout * 1000) {
            const inside = await other?.().catch(() => undefined);
            const elsewhere = inside !== undefined && this.isServed(inside.status);
            throw new UserError(
                `${what} has answered ${status} for ${this.timeout} s` +
                    (elsewhere
                        ? ", but the page answers through the API server: something else is at that address"
                        : ""),
            );
        }
        return `answers ${status}`;
    }
}

/** Goes through the proxy that curl uses. Without one, it follows redirects, as browsers do. */
/** Goes through the proxy that curl uses. Without one, it follows redirects, as browsers do. */
export async function requestPage(url: string, options: Omit<PageRequest, "access">): Promise<{ status: number }> {
    if (curlProxyFor(new URL(url)) !== undefined) {
        return requestOnce(url, options);
    }
    const { headers, stop } = options;
    const attempt = AbortSignal.timeout(ATTEMPT_TIMEOUT);
    try {
        const response = await fetch(url, { headers, signal: stop ? AbortSignal.any([stop, attempt]) : attempt });
        await response.arrayBuffer();
        return response;
    } catch (error) {
        // It refuses some ports, such as 10080, that browsers never use. A user may map one all the same.
        if (!(error instanceof Error) || messageOf(error.cause) !== "bad port") {
            throw error;
        }
        return requestOnce(url, options);
    }
}

/** @throws Error saying why there is no answer */
export async function requestOnce(url: string, { headers, stop, access }: PageRequest): Promise<{ status: number }> {
    const options = { headers, signal: stop, access };
    const { status, failure } = await makeRequest(url, ATTEMPT_TIMEOUT / 1000, options);
    if (status === undefined) {
        throw new Error(failure);
    }
    return { status };
}
