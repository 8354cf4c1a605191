/** A cluster on Google Cloud: defaults and checks that depend on several settings. */
import type { GkeClusterArgs } from "../components/gke/gkeCluster";
import type { Location } from "../components/gke/location";
import type { Ranges } from "../components/gke/network";
import { type ConfigIssue, invalidValue } from "./issues";
import { parseLocation } from "./location";
import { maxNodes, planRanges, type RangeName, RangePlanError } from "./ranges";
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

/** Default number of nodes in each zone: a small pool that survives the loss of a node. */
const NODES = { zonal: { min: 2, max: 4 }, regional: { min: 1, max: 2 } };

/** Ids of projects, and those in a domain (https://cloud.google.com/resource-manager/docs/creating-managing-projects). */
const PROJECT = /^(?:[a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$/;

/** The config of a GKE cluster; undefined if something is wrong with it. The project is checked in any case. */
export function gkeConfig(
    section: Gke | undefined,
    google: GoogleConfig,
): { config?: GkeConfig; issues: ConfigIssue[] } {
    const issues = checkProject(google);
    if (section === undefined) {
        return { issues };
    }
    const location = locationOf(section, google);
    if ("problem" in location) {
        return { issues: [...issues, location] };
    }
    const { ranges, network, nodePool, ...rest } = section;
    const pool = { ...nodePool, ...boundsOf(nodePool, location) };
    const set = network ? { controlPlane: ranges.controlPlane } : ranges;
    const planned = plan(set, maxNodes(pool.max, location.regional));
    issues.push(...checkBounds(pool), ...(network ? checkUnusedRanges(ranges) : []), ...planned.issues);
    if (issues.length > 0 || !planned.ranges || google.project === undefined) {
        return { issues };
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
    return { config, issues };
}

function checkProject({ project }: GoogleConfig): ConfigIssue[] {
    if (project !== undefined && PROJECT.test(project)) {
        return [];
    }
    const problem = project === undefined ? "it is required" : "it is not the id of a project";
    return [providerIssue("project", project, problem, "id of a Google Cloud project", "PROJECT")];
}

/** An issue of a key of the Google Cloud provider. */
function providerIssue(
    key: keyof GoogleConfig,
    value: string | undefined,
    problem: string,
    allowed: string,
    example: string,
): ConfigIssue {
    const name = `gcp:${key}`;
    return { path: [name], key: name, value, problem, allowed, remedy: `Run: pulumi config set ${name} ${example}` };
}

/** The cluster's location, else that of the provider's config. The schema has checked the cluster's location already. */
function locationOf({ location }: Gke, { zone, region }: GoogleConfig): Location | ConfigIssue {
    const parsed = parseLocation(location ?? zone ?? region ?? DEFAULT_ZONE);
    if (location === undefined && zone !== undefined) {
        return parsed?.regional === false
            ? parsed
            : providerIssue("zone", zone, "it is not a zone", "zone such as us-central1-a", DEFAULT_ZONE);
    }
    return parsed && (parsed.regional || location !== undefined || region === undefined)
        ? parsed
        : providerIssue("region", region, "it is not a region", "region such as us-central1", "us-central1");
}

/** The pool's bounds. A default bound gives way to a bound that is set. */
function boundsOf({ min, max }: Gke["nodePool"], { regional }: Location): { min: number; max: number } {
    const usual = regional ? NODES.regional : NODES.zonal;
    return { min: min ?? Math.min(usual.min, max ?? usual.min), max: max ?? Math.max(usual.max, min ?? usual.max) };
}

function checkBounds({ min, max }: { min: number; max: number }): ConfigIssue[] {
    const most = { allowed: `at most ${String(max)}, the value of cluster.nodePool.max`, example: String(max) };
    return min <= max ? [] : [invalidValue(["cluster", "nodePool", "min"], min, "it is more than the maximum", most)];
}

/** Ranges for a new network, although the cluster joins an existing one. */
function checkUnusedRanges({ nodes, pods, services }: Partial<Ranges>): ConfigIssue[] {
    const problem = "it is for a new network, and cluster.network names one that exists";
    return Object.entries({ nodes, pods, services })
        .filter(([, range]) => range !== undefined)
        .map(([name, range]) =>
            invalidValue(["cluster", "ranges", name], range, problem, { allowed: "nothing", example: "" }),
        );
}

/** The ranges, or what is wrong with each of them. */
function plan(set: Partial<Ranges>, nodes: number): { ranges?: Ranges; issues: ConfigIssue[] } {
    const issues: ConfigIssue[] = [];
    const names = (Object.keys(set) as RangeName[]).filter((name) => set[name] !== undefined);
    // The next attempt leaves out an invalid range, and so finds the next invalid one.
    for (let rest = set; issues.length <= names.length;) {
        try {
            return { ranges: planRanges(rest, nodes), issues };
        } catch (error) {
            if (!(error instanceof RangePlanError)) {
                throw error;
            }
            const { range, message } = error;
            issues.push(invalidValue(["cluster", "ranges", range], rest[range], message, { example: "" }));
            rest = { ...rest, [range]: undefined };
        }
    }
    return { issues };
}
