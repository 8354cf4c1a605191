import { get, productPage } from "./commands";

/** Requests per second to the page. */
export const RATE = 10;

interface UnderLoad {
    /** Called with each page. */
    onPage?: (body: string) => void;
    /** Headers of the requests. */
    headers?: Record<string, string>;
    /** Makes one request. Default: a new connection for each, as new users have. */
    ask?: () => Promise<{ status: number; body: string }>;
}

/**
 * Requests the page all the time while something is done.
 * @returns the number of requests, and why some were lost
 */
export async function underLoad(
    work: () => Promise<void>,
    {
        onPage,
        headers = {},
        ask = () => get(productPage, { headers: { connection: "close", ...headers } }),
    }: UnderLoad = {},
): Promise<{ sent: number; lost: string[] }> {
    const lost: string[] = [];
    const requests: Promise<void>[] = [];
    const timer = setInterval(() => {
        const request = ask().then(
            ({ status, body }) => {
                if (status === 200) {
                    onPage?.(body);
                } else {
                    lost.push(`answered ${status}`);
                }
            },
            (error: unknown) => {
                lost.push(String(error instanceof Error ? (error.cause ?? error) : error));
            },
        );
        requests.push(request);
    }, 1000 / RATE);
    try {
        await work();
    } finally {
        clearInterval(timer);
        await Promise.all(requests);
    }
    console.log(`${expect.getState().currentTestName ?? ""}: ${requests.length} requests, ${lost.length} lost`);
    return { sent: requests.length, lost };
}
