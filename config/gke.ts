/** A cluster on Google Cloud: defaults and checks that depend on several settings. */
import type { GkeClusterArgs } from "../components/gke/gkeCluster";
import { knownSeries, seriesOf } from "../components/gke/machineSeries";
import type { Location } from "../components/gke/location";
import type { Ranges } from "../components/gke/network";
import { type ConfigIssue, invalidValue } from "./issues";
import { isNumeric } from "../components/gke/project";
import { PROJECT_ID } from "./clusterSchema";
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

/** GKE spreads a regional cluster over three zones. */
const ZONES_OF_REGION = 3;

/** The config of a GKE cluster; undefined if something is wrong with it. The project is checked in any case. */
export function gkeConfig(
    section: Gke | undefined,
    google: GoogleConfig,
): { config?: GkeConfig; issues: ConfigIssue[] } {
    const issues = checkProject(google, section);
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
    const zones = section.zones?.length ?? (location.regional ? ZONES_OF_REGION : 1);
    const planned = plan(set, maxNodes(pool.max, zones));
    issues.push(
        ...checkBounds(pool),
        ...(network ? checkRangesOfOthers(ranges) : []),
        ...planned.issues,
        ...checkZones(section.zones, location),
        ...checkKeys(section, location),
        ...checkDisk(nodePool),
        ...checkRegistries(section),
    );
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

/** What a user should know of a cluster before it is made, although it may be right. */
export function clusterWarnings(cluster: { kind: "kubeconfig" } | GkeConfig): string[] {
    if (cluster.kind === "kubeconfig") {
        return [];
    }
    const { releaseChannel, nodePool } = cluster;
    const { machineType, diskType } = nodePool;
    const series = seriesOf(machineType);
    const about = (key: string, value: string) => `cluster.${key} = ${JSON.stringify(value)}`;
    return [
        ...(releaseChannel === "RAPID"
            ? [
                  `${about("releaseChannel", releaseChannel)}: a new cluster gets a version of Kubernetes that Istio may not support yet; ` +
                      "REGULAR and STABLE are older",
              ]
            : []),
        ...(knownSeries(machineType)
            ? []
            : [
                  `${about("nodePool.machineType", machineType)}: the series ${series} is not known here; ` +
                      (diskType === undefined
                          ? "Google chooses its disk, which cluster.nodePool.diskType can set. "
                          : "") +
                      "If its CPUs are Arm's, GKE taints the nodes and no pod starts",
              ]),
    ];
}

function checkProject({ project }: GoogleConfig, section: Gke | undefined): ConfigIssue[] {
    if (project !== undefined && PROJECT_ID.test(project)) {
        return [];
    }
    const allowed = "id of a Google Cloud project";
    if (project !== undefined && isNumeric(project)) {
        const problem =
            "it is a number. The id can be learned only from a new account, and cluster.nodePool.serviceAccount names one";
        const example = `"$(gcloud projects describe ${project} --format 'value(projectId)')"`;
        return section?.nodePool.serviceAccount ? [providerIssue("project", project, problem, allowed, example)] : [];
    }
    const problem = project === undefined ? "it is required" : "it is not the id of a project";
    return [providerIssue("project", project, problem, allowed, "PROJECT")];
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

/** Ranges for a new network, although the cluster joins an existing one. There, only its owner knows which ranges are free. */
function checkRangesOfOthers({ nodes, pods, services, controlPlane }: Partial<Ranges>): ConfigIssue[] {
    const problem = "it is for a new network, and cluster.network names one that exists";
    const missing = controlPlane === undefined ? [missingControlPlane()] : [];
    const unused = Object.entries({ nodes, pods, services })
        .filter(([, range]) => range !== undefined)
        .map(([name, range]) =>
            invalidValue(["cluster", "ranges", name], range, problem, { allowed: "nothing", example: "" }),
        );
    return [...missing, ...unused];
}

function missingControlPlane(): ConfigIssue {
    const problem =
        "it is required with cluster.network: another cluster there may have the range that would be planned";
    return invalidValue(["cluster", "ranges", "controlPlane"], undefined, problem, { example: "172.16.0.0/28" });
}

/** Zones of another region, and a zonal cluster without its own zone, where Google always has its first nodes. */
function checkZones(zones: readonly string[] | undefined, { name, region, regional }: Location): ConfigIssue[] {
    const elsewhere = (zones ?? []).flatMap((zone, index) =>
        parseLocation(zone)?.region === region
            ? []
            : [
                  invalidValue(
                      ["cluster", "zones", String(index)],
                      zone,
                      `it is not in ${region}, the cluster's region`,
                      {
                          allowed: `zones of ${region}`,
                          example: `${region}-a`,
                      },
                  ),
              ],
    );
    const withoutOwn = !regional && zones !== undefined && !zones.includes(name);
    const own = `it lacks ${name}, where the cluster is`;
    return withoutOwn && elsewhere.length === 0
        ? [
              invalidValue(["cluster", "zones"], zones, own, {
                  allowed: `${name}, and other zones of ${region}`,
                  example: "",
              }),
          ]
        : elsewhere;
}

/** Places of keys that are not one region. Disks can use keys of these; a cluster's database cannot. */
const WIDE = /^(?:global|[a-z]+)$/;

/**
 * Keys in another region (https://cloud.google.com/kubernetes-engine/docs/how-to/using-cmek and
 * https://cloud.google.com/kubernetes-engine/docs/how-to/encrypting-secrets).
 */
function checkKeys({ kmsKey, secretsKey }: Gke, { region }: Location): ConfigIssue[] {
    return Object.entries({ kmsKey, secretsKey }).flatMap(([name, key]) => {
        const place = /\/locations\/([^/]+)\//.exec(key ?? "")?.[1];
        if (place === undefined || place === region || (name === "kmsKey" && WIDE.test(place))) {
            return [];
        }
        const problem = `it is in ${place}, and the cluster is in ${region}`;
        const allowed = `a key in ${region}`;
        return [invalidValue(["cluster", name], key, problem, { allowed, example: key?.replace(place, region) })];
    });
}

/** A disk that the machines cannot boot from. Of a series that is not known here, only Google knows. */
function checkDisk({ machineType, diskType }: Gke["nodePool"]): ConfigIssue[] {
    const disks = knownSeries(machineType)?.disks;
    if (diskType === undefined || disks === undefined || disks.includes(diskType)) {
        return [];
    }
    const problem = `machines of the series ${seriesOf(machineType)} cannot boot from it`;
    const better = { allowed: disks.join(", "), example: disks[0] };
    return [invalidValue(["cluster", "nodePool", "diskType"], diskType, problem, better)];
}

function checkRegistries({ nodePool: { serviceAccount }, registryProjects }: Gke): ConfigIssue[] {
    if (serviceAccount === undefined || registryProjects.length === 0) {
        return [];
    }
    const problem = "it is for the account that the program makes, and cluster.nodePool.serviceAccount names another";
    const better = {
        allowed: "nothing; give that account the role roles/artifactregistry.reader yourself",
        example: "",
    };
    return [invalidValue(["cluster", "registryProjects"], registryProjects, problem, better)];
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
