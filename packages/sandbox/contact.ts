/** Longest time for the first answer of a server, in milliseconds. A network that drops packets must not delay the start for long. */
const CONTACT_TIMEOUT = 3_000;

const contacts = new Map<string, Promise<boolean>>();

/**
 * Whether a server answers a request. Each server is asked once, by its first request.
 * @param accepts whether an answer with this status is a good one; default: any success
 */
export function answers(
    url: string,
    { method = "HEAD", accepts = (status: number) => status >= 200 && status < 300 } = {},
): Promise<boolean> {
    const server = `${method} ${new URL(url).origin}`;
    const contact =
        contacts.get(server) ??
        fetch(url, { method, signal: AbortSignal.timeout(CONTACT_TIMEOUT) }).then(
            ({ status }) => accepts(status),
            () => false,
        );
    contacts.set(server, contact);
    return contact;
}
