import { get, productPage } from "./commands";

/** Requests per second to the page. */
export const RATE = 10;

/**
 * Requests the page all the time while something is done.
 * @param options.onPage called with each page
 * @param options.headers of these requests
 * @returns the number of requests, and why some were lost
 */
export async function underLoad(
    work: () => Promise<void>,
    { onPage, headers = {} }: { onPage?: (body: string) => void; headers?: Record<string, string> } = {},
): Promise<{ sent: number; lost: string[] }> {
    const lost: string[] = [];
    const requests: Promise<void>[] = [];
    const timer = setInterval(() => {
        // A new connection for each request, as new users have.
        const request = get(productPage, { headers: { connection: "close", ...headers } }).then(
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
