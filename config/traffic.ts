/** The settings of traffic: their final form, and checks of settings together. */
import type { Traffic } from "../components/bookinfo/traffic";
import type { ServiceTraffic } from "../components/bookinfo/trafficSpecs";
import { milliseconds } from "./duration";
import { type ConfigIssue, invalidValue, removeCommand } from "./issues";
import type { Section } from "./schema";

type TrafficSection = Section<"bookinfo">["traffic"];
/** Not every service has all keys. */
type ServiceSection = Partial<TrafficSection["reviews"]>;

/** The services that have something set, and nothing of what is not set. */
export function resolveTraffic(traffic: TrafficSection): Traffic {
    const services = Object.entries<ServiceSection>(traffic);
    const set = services.map(([service, { users, ...others }]): [string, ServiceTraffic] => [
        service,
        { ...others, ...(Object.keys(users ?? {}).length > 0 && { users }) },
    ]);
    return Object.fromEntries(set.filter(([, settings]) => Object.values(settings).some((each) => each !== undefined)));
}

export function checkTraffic(traffic: TrafficSection): ConfigIssue[] {
    return Object.entries<ServiceSection>(traffic).flatMap(([service, settings]) => {
        const path = ["bookinfo", "traffic", service];
        return [
            ...checkVersions(path, settings),
            ...checkUsers(path, settings),
            ...checkTimes(path, settings),
            ...checkMirror(path, settings),
            ...checkBreaker(path, settings),
        ];
    });
}

function checkVersions(path: string[], { version, weights }: ServiceSection): ConfigIssue[] {
    if (weights === undefined) {
        return [];
    }
    const issues: ConfigIssue[] = [];
    const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
    if (sum !== 100) {
        issues.push(invalidValue([...path, "weights"], weights, `the weights add up to ${String(sum)} and not to 100`));
    }
    if (version !== undefined) {
        const problem = `the weights of ${path.at(-1) ?? ""} say which version gets how much`;
        issues.push({
            ...invalidValue([...path, "version"], version, problem, { allowed: "either version or weights" }),
            remedy: removeCommand([...path, "version"]),
        });
    }
    return issues;
}

/** A request takes one route, so each user has one place. */
function checkUsers(path: string[], { users = {}, delay, abort }: ServiceSection): ConfigIssue[] {
    const places: [place: string[], names: readonly string[]][] = [
        [["users"], Object.keys(users)],
        [["delay", "users"], delay?.users ?? []],
        [["abort", "users"], abort?.users ?? []],
    ];
    const seen = new Map<string, string>();
    return places.flatMap(([place, names]) => {
        const twice = names.filter((name) => {
            const before = seen.has(name);
            seen.set(name, seen.get(name) ?? place.join("."));
            return before;
        });
        if (twice.length === 0) {
            return [];
        }
        const [first = ""] = twice;
        const problem = `${first} is in ${seen.get(first) ?? ""} already, and a request takes one route only`;
        const allowed = `each user in one place of ${path.join(".")}`;
        return [invalidValue([...path, ...place], names, problem, { allowed })];
    });
}

/** Parts of a request's time that are longer than all of it, or that nothing uses. */
function checkTimes(path: string[], { timeout, retries }: ServiceSection): ConfigIssue[] {
    const issues: ConfigIssue[] = [];
    const [whole, each] = [timeout, retries?.perTryTimeout].map((text) => text && milliseconds(text));
    if (typeof whole === "number" && typeof each === "number" && whole < each) {
        const problem = `it is shorter than one try, ${retries?.perTryTimeout ?? ""}`;
        const allowed = `at least ${[...path, "retries", "perTryTimeout"].join(".")}`;
        issues.push(invalidValue([...path, "timeout"], timeout, problem, { allowed, example: retries?.perTryTimeout }));
    }
    if (retries?.attempts === 0 && (retries.perTryTimeout !== undefined || retries.on.length > 0)) {
        const problem = "without retries, perTryTimeout and on have no effect";
        issues.push(
            invalidValue([...path, "retries", "attempts"], 0, problem, { allowed: "at least 1", example: "1" }),
        );
    }
    return issues;
}

/** A proxy answers an aborted request itself, before it would copy it. */
function checkMirror(path: string[], { mirror, abort }: ServiceSection): ConfigIssue[] {
    if (!mirror || !abort) {
        return [];
    }
    const problem = "requests that abort answers are not copied";
    const issue = invalidValue([...path, "mirror"], mirror, problem, { allowed: "either mirror or abort" });
    return [{ ...issue, remedy: removeCommand([...path, "mirror"]) }];
}

/** Parts that only have an effect together. */
function checkBreaker(path: string[], { circuitBreaker }: ServiceSection): ConfigIssue[] {
    if (!circuitBreaker) {
        return [];
    }
    const at = [...path, "circuitBreaker"];
    if (Object.keys(circuitBreaker).length === 0) {
        const allowed = "at least one of its keys, such as connections or consecutiveErrors";
        return [{ ...invalidValue(at, circuitBreaker, "it is empty", { allowed }), remedy: removeCommand(at) }];
    }
    const { consecutiveErrors, ejection, maxEjected } = circuitBreaker;
    return consecutiveErrors === undefined
        ? Object.entries({ ejection, maxEjected })
              .filter(([, value]) => value !== undefined)
              .map(([key, value]) => {
                  const problem = "without consecutiveErrors, no pod is ejected";
                  const allowed = `${key} together with consecutiveErrors`;
                  return {
                      ...invalidValue([...at, key], value, problem, { allowed }),
                      remedy: removeCommand([...at, key]),
                  };
              })
        : [];
}
