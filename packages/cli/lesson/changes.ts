import { isDeepStrictEqual } from "node:util";
import { PROPAGATION_SECONDS } from "../../../components/names";
import { isStep } from "../render/steps";
import type { Declaration, DeclaredResource } from "../program/declaration";

/**
 * What a deployment changes, as a preview says it: a line for each object that it creates (+), updates (~) or deletes (-), in
 * the order of their names. Only what the program declares is compared, not the cluster.
 */
export function changesBetween(before: Declaration, after: Declaration): string[] {
    const old = objectsOf(before);
    const now = objectsOf(after);
    return [...new Set([...old.keys(), ...now.keys()])]
        .flatMap((urn) => {
            const [was, is] = [old.get(urn), now.get(urn)];
            const sign = was === undefined ? "+" : is === undefined ? "-" : isUnchanged(was, is) ? "" : "~";
            const resource = is ?? was;
            return resource === undefined || sign === "" ? [] : [`${sign} ${titleOf(resource)}`];
        })
        .sort((one, other) => one.slice(2).localeCompare(other.slice(2)));
}

function objectsOf({ resources }: Declaration): Map<string, DeclaredResource> {
    return new Map(resources.filter(isStep).map((resource) => [resource.urn, resource]));
}

/** Inputs that keep their first value, such as a generated password, are no change. */
function isUnchanged(was: DeclaredResource, is: DeclaredResource): boolean {
    const kept = new Set(is.ignoreChanges.map((path) => path.split(/[.[]/, 1)[0] ?? path));
    const compared = ({ inputs }: DeclaredResource) =>
        Object.fromEntries(Object.entries(inputs).filter(([key]) => !kept.has(key)));
    return isDeepStrictEqual(compared(was), compared(is));
}

/** `VirtualService default/reviews`; the resource's own name, if it is no object of Kubernetes. */
function titleOf({ type, name, inputs }: DeclaredResource): string {
    const kind = type.split(":").at(-1) ?? type;
    const { namespace, name: own = name } = (inputs.metadata ?? inputs) as { namespace?: unknown; name?: unknown };
    return `${kind} ${typeof namespace === "string" ? `${namespace}/` : ""}${String(own)}`;
}

/** Kinds that change the filters for incoming requests. Connections of before keep the filters of before until proxies close them. */
const FILTERS = /^. (?:AuthorizationPolicy|RequestAuthentication|EnvoyFilter) /;

/** The last wait of a deployment: after it, only subsets go that no request needs any more. */
const WAITED = /^- Propagation /;

/**
 * Seconds from the end of a deployment until every request follows what it has changed.
 * @param changes from `changesBetween`
 * @param drainSeconds how long connections of before keep their filters
 */
export function secondsToSettle(changes: readonly string[], drainSeconds: number): number {
    if (changes.some((change) => FILTERS.test(change))) {
        return PROPAGATION_SECONDS + drainSeconds;
    }
    return changes.some((change) => WAITED.test(change)) ? 0 : PROPAGATION_SECONDS;
}
