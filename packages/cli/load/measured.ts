/** What a stack's config asks of a load, measured before it and after it. */
import { PRODUCTPAGE } from "../../../components/names";
import type { Config } from "../../../config/parse";
import { UserError } from "../../shared/errors";
import type { DeployedCluster } from "../mesh/deployedCluster";
import { readyPodsOf } from "../mesh/bookinfoPods";
import { configOf } from "../stack/config";
import type { Stack } from "../stack/stack";
import { type Asked, askedAndSeen, limitAsked, type SeenPages, tokensAsked } from "./asked";
import { countRequests, mirroredBetween, mirrorsIn } from "./mirrored";

/** A load that has ended. */
export interface EndedLoad {
    user?: string;
    /** Whether its requests had a token. */
    hasToken: boolean;
    milliseconds: number;
    seen: SeenPages;
}

export interface Measured {
    asked: Asked[];
    /** What the config asks for and nothing shows, each with the reason. */
    unknown: string[];
}

/**
 * Reads what counters say before a load.
 * @returns what the config asks for beside what was seen, when the load has ended; undefined if the config cannot be read
 */
export async function beginMeasuring({
    stack,
    api,
}: DeployedCluster): Promise<((load: EndedLoad) => Promise<Measured>) | undefined> {
    const bookinfo = settingsOf(stack);
    if (!bookinfo) {
        return undefined;
    }
    const { appNamespace } = stack;
    const { traffic, security } = bookinfo;
    const mirrors = mirrorsIn(traffic).map((mirror) => ({
        mirror,
        count: () => unlessUnknown(() => countRequests(api, mirror.service, appNamespace)),
    }));
    const before = await Promise.all(mirrors.map(({ count }) => count()));
    return async ({ user, hasToken, milliseconds, seen }) => {
        const measured: Measured = { asked: askedAndSeen(traffic, user, seen), unknown: [] };
        const note = (what: string, result: Asked | string) => {
            if (typeof result === "string") {
                measured.unknown.push(`${what}: ${result}`);
            } else {
                measured.asked.push(result);
            }
        };
        for (const [index, { mirror, count }] of mirrors.entries()) {
            const [first = "", last] = [before[index], await count()];
            const result =
                typeof first === "string" || typeof last === "string"
                    ? String([first, last].find((each) => typeof each === "string"))
                    : (mirroredBetween(mirror, first, last) ?? "a proxy has begun to count again");
            note(`mirrored to ${mirror.service} ${mirror.to}`, result);
        }
        const limit = security.rateLimit?.[PRODUCTPAGE];
        if (limit) {
            const pods = await unlessUnknown(() => readyPodsOf(api, PRODUCTPAGE, appNamespace));
            const result = typeof pods === "string" ? pods : limitAsked(limit, pods.length, milliseconds, seen);
            note(`requests within the limit of ${PRODUCTPAGE}`, result);
        }
        if (security.jwt && !hasToken) {
            measured.asked.push(tokensAsked(seen));
        }
        return measured;
    };
}

/** What the config says of Bookinfo; undefined if it cannot be read. */
function settingsOf(stack: Stack): Config["bookinfo"] | undefined {
    try {
        return configOf(stack).bookinfo;
    } catch (error) {
        if (error instanceof UserError || (error as Error).name === "ConfigError") {
            return undefined;
        }
        throw error;
    }
}

/** What a question gives, or why it gives nothing. */
async function unlessUnknown<T>(question: () => Promise<T>): Promise<T | string> {
    try {
        return await question();
    } catch (error) {
        if (error instanceof UserError) {
            return error.message;
        }
        throw error;
    }
}
