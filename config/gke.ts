/** A cluster on Google Cloud: defaults that depend on other settings, and the faults that no single value shows. */
import type { GkeClusterArgs } from "../components/gke/gkeCluster";
import type { Location } from "../components/gke/location";
import { parseLocation } from "./location";
import type { Ranges } from "../components/gke/network";
import { mostNodes, planRanges, type RangeName, RangePlanError } from "./ranges";
import { badValue, type Fault } from "./faults";
import type { Section } from "./schema";

export type GkeConfig = { kind: "gke" } & GkeClusterArgs;

/** The stack's config of the Google Cloud provider, under `gcp:`. */
export interface GoogleConfig {
    project?: string;
    zone?: string;
    region?: string;
}

type Gke = Extract<Section<"cluster">, { kind: "gke" }>;

const DEFAULT_ZONE = "us-central1-a";

/** Nodes in each zone, where the config does not say: a small pool that outlives the loss of a node. */
const NODES = { zonal: { min: 2, max: 4 }, regional: { min: 1, max: 2 } };

/** Ids of projects, and those in a domain (https://cloud.google.com/resource-manager/docs/creating-managing-projects). */
const PROJECT = /^(?:[a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$/;

/** The config of a GKE cluster. There is none while something is wrong with it; the project is checked in any case. */
export function gkeConfig(section: Gke | undefined, google: GoogleConfig): { config?: GkeConfig; faults: Fault[] } {
    const faults = projectFaults(google);
    if (section === undefined) {
        return { faults };
    }
    const location = locationOf(section, google);
    if ("fault" in location) {
        return { faults: [...faults, location.fault] };
    }
    const { ranges, network, nodePool, ...rest } = section;
    const pool = { ...nodePool, ...boundsOf(nodePool, location) };
    const planned = plan(
        network ? { controlPlane: ranges.controlPlane } : ranges,
        mostNodes(pool.max, location.regional),
    );
    faults.push(...boundsFaults(pool), ...(network ? needlessRanges(ranges) : []), ...planned.faults);
    if (faults.length > 0 || !planned.ranges || google.project === undefined) {
        return { faults };
    }
    const { controlPlane, ...ofNetwork } = planned.ranges;
    const config = {
        ...rest,
        project: google.project,
        location,
        network: network ?? ofNetwork,
        controlPlaneRange: controlPlane,
        nodePool: pool,
    };
    return { config, faults };
}

function projectFaults({ project }: GoogleConfig): Fault[] {
    if (project !== undefined && PROJECT.test(project)) {
        return [];
    }
    const problem = project === undefined ? "it is required" : "it is not the id of a project";
    return [providerFault("project", project, problem, "id of a Google Cloud project", "PROJECT")];
}

/** A fault of a key that is the provider's. */
function providerFault(
    key: keyof GoogleConfig,
    value: string | undefined,
    problem: string,
    allowed: string,
    example: string,
): Fault {
    const name = `gcp:${key}`;
    return { path: [name], key: name, value, problem, allowed, remedy: `Run: pulumi config set ${name} ${example}` };
}

/** The location, its own or that of the provider's config. Its own is checked by the schema already. */
function locationOf({ location }: Gke, { zone, region }: GoogleConfig): Location | { fault: Fault } {
    const parsed = parseLocation(location ?? zone ?? region ?? DEFAULT_ZONE);
    const [ofZone, ofRegion] = [zone !== undefined, zone === undefined && region !== undefined];
    if (location === undefined && ofZone && parsed?.regional !== false) {
        return { fault: providerFault("zone", zone, "it is not a zone", "zone such as us-central1-a", DEFAULT_ZONE) };
    }
    if (parsed === undefined || (location === undefined && ofRegion && !parsed.regional)) {
        return {
            fault: providerFault("region", region, "it is not a region", "region such as us-central1", "us-central1"),
        };
    }
    return parsed;
}

type Pool = Gke["nodePool"];

/** The bounds; one that is not set makes way for the other. */
function boundsOf({ min, max }: Pool, { regional }: Location): { min: number; max: number } {
    const usual = regional ? NODES.regional : NODES.zonal;
    return { min: min ?? Math.min(usual.min, max ?? usual.min), max: max ?? Math.max(usual.max, min ?? usual.max) };
}

function boundsFaults({ min, max }: { min: number; max: number }): Fault[] {
    const most = { allowed: `at most ${String(max)}, the value of cluster.nodePool.max`, example: String(max) };
    return min <= max ? [] : [badValue(["cluster", "nodePool", "min"], min, "it is more than the maximum", most)];
}

/** Ranges for a new network, where there is none to be made. */
function needlessRanges({ nodes, pods, services }: Partial<Ranges>): Fault[] {
    const because = "it is for a new network, and cluster.network names one that exists";
    return Object.entries({ nodes, pods, services })
        .filter(([, range]) => range !== undefined)
        .map(([name, range]) =>
            badValue(["cluster", "ranges", name], range, because, { allowed: "nothing", example: "" }),
        );
}

/** The ranges, or what is wrong with each of them. */
function plan(set: Partial<Ranges>, nodes: number): { ranges?: Ranges; faults: Fault[] } {
    const faults: Fault[] = [];
    const names = (Object.keys(set) as RangeName[]).filter((name) => set[name] !== undefined);
    // A range that is at fault is left out of the next attempt, which finds what else is.
    for (let rest = set; faults.length <= names.length;) {
        try {
            return { ranges: planRanges(rest, nodes), faults };
        } catch (error) {
            if (!(error instanceof RangePlanError)) {
                throw error;
            }
            const { range, message } = error;
            faults.push(badValue(["cluster", "ranges", range], rest[range], message, { example: "" }));
            rest = { ...rest, [range]: undefined };
        }
    }
    return { faults };
}
