import { UserError } from "../../shared/errors";
import { connectionError, type Load } from "./requests";
import { routeTo } from "./route";

type Headers = Record<string, string>;

/**
 * Signs in to the product page, as its form does. Bookinfo asks for no password.
 * @param page its URL, what requests need beyond that, and their headers, such as one with a token
 * @param timeout longest time for the answer, in seconds
 * @returns these headers, and those of the session
 * @throws UserError if there is no session
 */
export async function signIn(
    user: string,
    { url: page, access, headers }: Pick<Load, "url" | "access" | "headers">,
    timeout: number,
): Promise<Headers> {
    const url = new URL("/login", page);
    url.searchParams.set("username", user);
    const route = routeTo(url.href, undefined, access);
    try {
        const cookies = await new Promise<string[]>((resolve, reject) => {
            const request = route.get({ method: "POST", headers, signal: AbortSignal.timeout(timeout * 1000) });
            request.on("error", (error) => {
                reject(new UserError(`cannot sign in as ${user}: ${connectionError(error)}`));
            });
            request.on("response", (response) => {
                response.resume();
                const { statusCode = 0, headers } = response;
                if (statusCode >= 400 || !headers["set-cookie"]) {
                    reject(new UserError(`cannot sign in as ${user}: ${url.pathname} answers ${statusCode}`));
                } else {
                    resolve(headers["set-cookie"]);
                }
            });
        });
        return { ...headers, cookie: cookies.map((cookie) => cookie.replace(/;.*/, "")).join("; ") };
    } finally {
        route.close();
    }
}
