import { UserError } from "../../shared/errors";
import { connectionError, type Load } from "./requests";
import { routeTo } from "./route";

type Headers = Record<string, string>;
type Target = Pick<Load, "url" | "access" | "headers">;

/** Where a user has signed in, and the headers of the session. */
interface Session {
    url: string;
    headers: Headers;
}

/**
 * Signs in to the product page, as its form does. Bookinfo asks for no password.
 * @param page its URL, what requests need beyond that, and their headers, such as one with a token
 * @param timeout longest time for the answer, in seconds
 * @returns the page's URL, at HTTPS if its server sends clients there, with these headers and those of the session
 * @throws UserError if there is no session
 */
export async function signIn(user: string, page: Target, timeout: number): Promise<Session> {
    const { status, cookies, location } = await postLogin(user, page, timeout);
    const secured = [301, 308].includes(status) ? securedUrl(page.url, location) : undefined;
    if (secured !== undefined) {
        return signIn(user, { ...page, url: secured }, timeout);
    }
    if (status >= 400 || !cookies) {
        throw new UserError(`cannot sign in as ${user}: /login answers ${status}`);
    }
    const cookie = cookies.map((each) => each.replace(/;.*/, "")).join("; ");
    return { url: page.url, headers: { ...page.headers, cookie } };
}

/** A page's URL at HTTPS, if a gateway sends its clients to the same host there. */
function securedUrl(page: string, location = ""): string | undefined {
    const [plain, target] = [new URL(page), URL.canParse(location) ? new URL(location) : undefined];
    const isSecured = plain.protocol === "http:" && target?.protocol === "https:" && target.hostname === plain.hostname;
    return isSecured ? new URL(plain.pathname + plain.search, target).href : undefined;
}

async function postLogin(
    user: string,
    { url: page, access, headers }: Target,
    timeout: number,
): Promise<{ status: number; cookies?: string[]; location?: string }> {
    const url = new URL("/login", page);
    url.searchParams.set("username", user);
    const route = routeTo(url.href, undefined, access);
    try {
        return await new Promise((resolve, reject) => {
            // The product page sends a user back to where the form was.
            const options = { method: "POST", headers: { referer: page, ...headers } };
            const request = route.get({ ...options, signal: AbortSignal.timeout(timeout * 1000) });
            request.on("error", (error) => {
                reject(new UserError(`cannot sign in as ${user}: ${connectionError(error)}`));
            });
            request.on("response", (response) => {
                response.resume();
                const { statusCode: status = 0, headers } = response;
                resolve({ status, cookies: headers["set-cookie"], location: headers.location });
            });
        });
    } finally {
        route.close();
    }
}
