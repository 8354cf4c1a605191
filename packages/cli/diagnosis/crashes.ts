import { ADDONS, type AddonName, BOOKINFO_NAMES, RELEASES, SWITCHES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { keysOf } from "./images";
import { cleanLines, shortened } from "./logLines";
import { containersOf, type ContainerStatus, type Termination } from "./pods";
import type { Problem } from "./problem";

/** How many lines of a log are read to find the cause, and how many of them are shown. */
const READ = 40;
const SHOWN = 5;

/** A container that has ended with an error, and the facts that tell why. */
interface Crash {
    pod: KubernetesObject;
    container: string;
    /** Its image; empty if the pod does not say it. */
    image: string;
    /** How it ended last; empty if it never began. */
    end: Termination;
    /** How often it was started again. */
    restarts: number;
    /** Whether it waits for its next start, so that the run that has ended is the previous one. */
    waits: boolean;
}

/** A known cause of crashes, by the words in the log, or in the reason that the kubelet gives. */
interface Cause {
    words: RegExp;
    /** Limits the cause to containers with such a name. */
    container?: RegExp;
    remedy: (crash: Crash) => string;
    /** Whether only a person can help. */
    final: boolean;
}

const CNI = "set istio.cni.enabled to true, so that no pod sets up iptables itself";

/** In the order in which they are tried: the words of an earlier one may be followed by those of a later one. */
export const CAUSES: readonly Cause[] = [
    {
        words: /exec format error/,
        remedy: ({ image, pod, container }) =>
            `${image || `The image of ${container}`} is for another processor architecture than the node ${nodeOf(pod)}: choose ` +
            `an image for it, or nodes that fit. The image is set by ${keysOf(image, pod.metadata.labels?.app)}.`,
        final: true,
    },
    {
        // Not modprobe's word: a container may never load modules, and the node then lacks them.
        words: /^(?!.*modprobe)(?=.*ip6?tables).*(?:permission denied|operation not permitted|must be root)/im,
        container: /^istio-|^install-cni$/,
        remedy: ({ container }) =>
            `${container} may not change the pod's network: a policy, SELinux, AppArmor or the container runtime takes NET_ADMIN ` +
            `and NET_RAW away from it. Ask for an exception, or ${CNI}.`,
        final: true,
    },
    {
        words: /unable to initialize table|can't initialize ip6?tables table \S+: (?!permission)|(?:do you need to|need to) insmod|table does not exist|missing kernel module|couldn't load (?:match|target)|no chain\/target\/match by that name|failed to initialize nft|could not fetch rule set generation id|extension \w+ revision \d+ not supported|modprobe: (?:fatal|error|can't)|unknown option "--to-ports?"|iptables[^]*protocol not supported/i,
        container: /^istio-|^install-cni$/,
        remedy: ({ pod }) =>
            `The kernel of the node ${nodeOf(pod)} lacks modules that iptables needs, as on RHEL 8, Oracle Linux 8 and their ` +
            "successors. On every node, load them: modprobe -a br_netfilter nf_nat xt_REDIRECT xt_owner iptable_nat " +
            "iptable_mangle iptable_filter; and list them in /etc/modules-load.d/istio.conf, so that they stay after a restart. " +
            `Or ${CNI}.`,
        final: true,
    },
    {
        words: /no space left on device/i,
        remedy: ({ pod, container }) =>
            `A disk is full: that of the node ${nodeOf(pod)}, or a volume of ${container}. Make room on it; the kubelet starts ` +
            "the container again by itself.",
        final: false,
    },
    {
        words: /too many open files|no file descriptors available|inotify[^]*limit|failed to create fsnotify watcher/i,
        remedy: ({ pod }) =>
            `The node ${nodeOf(pod)} has too few file descriptors or inotify instances: raise its limits, such as ` +
            "fs.inotify.max_user_instances=512 and fs.inotify.max_user_watches=524288 in /etc/sysctl.d.",
        final: false,
    },
    {
        words: /address already in use|bind: only one usage|EADDRINUSE/i,
        remedy: ({ pod, container }) =>
            `Another process has a port of ${container} already. ` +
            ((pod.spec as { hostNetwork?: boolean } | undefined)?.hostNetwork
                ? "The pod is on its node's network: see what listens there."
                : "In a pod with a sidecar, the proxy has the ports 15000 to 15090: see which containers the pod has."),
        final: false,
    },
    {
        words: /permission denied|operation not permitted/i,
        container: /^istio-init$|^istio-validation$/,
        remedy: ({ container }) =>
            `${container} lacks a permission that it needs for the pod's network: ask for an exception from the policy that takes ` +
            `NET_ADMIN away, or ${CNI}.`,
        final: true,
    },
];

/**
 * Adds to the problem of a pod what the logs of its crashing containers tell: their last lines, and the remedy for a known
 * cause. What cannot be read adds nothing.
 */
export async function withCrashes(problem: Problem, pod: KubernetesObject, api: ClusterApi): Promise<Problem> {
    const crashes = crashesOf(pod);
    const found = await Promise.all(crashes.map(async (crash) => verdictOn(crash, await logOf(crash, api))));
    const [known] = found.filter(({ remedy }) => remedy !== undefined);
    return {
        ...problem,
        ...(found.some(({ log }) => log.length > 0) && { log: found.flatMap(({ log }) => log) }),
        ...(known && problem.remedy === undefined && { remedy: known.remedy, final: known.final }),
    };
}

/** The containers of a pod that have ended with an error and do not run again, or are not ready since. */
export function crashesOf(pod: KubernetesObject): Crash[] {
    return containersOf(pod).flatMap((status) => {
        const { state: { waiting, terminated } = {}, lastState, restartCount = 0 } = status;
        const isWaiting = /^(?:CrashLoopBackOff|RunContainerError|CreateContainerError)$/.test(waiting?.reason ?? "");
        const end = terminated ?? lastState?.terminated;
        const hasFailed = end !== undefined && end.exitCode !== 0;
        const crashes = isWaiting || (terminated ? hasFailed : !waiting && status.ready === false && hasFailed);
        if (!crashes) {
            return [];
        }
        // A container that cannot be created has no end, but the kubelet says why.
        const said = [end?.message, isWaiting && !/back-off/.test(waiting?.message ?? "") ? waiting?.message : ""];
        const message = said.filter(Boolean).join("\n");
        return [
            {
                ...{ pod, container: status.name, image: imageOf(pod, status) },
                ...{ end: { ...end, message }, restarts: restartCount, waits: !terminated },
            },
        ];
    });
}

/** The lines to show of a crash, and the remedy for its cause. @param log undefined if it cannot be read */
export function verdictOn(
    crash: Crash,
    log: string | undefined,
): Pick<Problem, "remedy" | "final"> & { log: string[] } {
    const { container, end } = crash;
    const lines = cleanLines([log ?? "", log ? "" : (end.message ?? "")].join("\n"));
    const words = [end.message ?? "", ...lines].join("\n");
    const cause = CAUSES.find((each) => each.words.test(words) && (each.container?.test(container) ?? true));
    // The line that tells the cause may be further up.
    const telling = cause && lines.findLast((line) => cause.words.test(line));
    const last = lines.slice(-SHOWN);
    const shown = telling === undefined || last.includes(telling) ? last : [telling, ...last.slice(1)];
    const ended = [end.reason, end.exitCode === undefined ? "" : `exit code ${end.exitCode}`]
        .filter(Boolean)
        .join(", ");
    return {
        log:
            shown.length === 0
                ? []
                : [
                      `${container}${ended === "" ? "" : ` (${ended})`} said last:`,
                      ...shown.map((line) => `| ${shortened(line)}`),
                  ],
        ...(end.reason === "OOMKilled" ? memoryVerdict(crash) : cause && causeVerdict(cause, crash)),
    };
}

function causeVerdict({ remedy, final }: Cause, crash: Crash): Pick<Problem, "remedy" | "final"> {
    return { remedy: remedy(crash), final };
}

/** A container that needs more memory than its limit, or than its node has. */
function memoryVerdict({ pod, container, restarts }: Crash): Pick<Problem, "remedy" | "final"> {
    const { containers = [], initContainers = [] } = (pod.spec ?? {}) as Record<
        "containers" | "initContainers",
        { name: string; resources?: { limits?: { memory?: string } } }[] | undefined
    >;
    const limit = [...containers, ...initContainers].find(({ name }) => name === container)?.resources?.limits?.memory;
    const advice =
        limit === undefined
            ? `The node ${nodeOf(pod)} has no memory left: add a node, or a bigger one.`
            : `Its limit is ${limit}: raise it. It is set by ${limitKeys(container, pod.metadata.labels?.app)}.`;
    return {
        remedy: `${container} needs more memory than it gets. ${advice}`,
        // Once may be an accident.
        final: limit !== undefined && restarts > 1,
    };
}

function limitKeys(container: string, app = ""): string {
    if (container === "istio-proxy") {
        return app === RELEASES.gateway
            ? "istio.gateway.resources.limits.memory"
            : "istio.proxy.resources.limits.memory";
    }
    if (app === "istiod") {
        return "istio.istiod.resources.limits.memory";
    }
    if (app === "kiali") {
        return "istio.values.kiali";
    }
    const own = (BOOKINFO_NAMES as readonly string[]).includes(app) || app in ADDONS;
    const switched = app in ADDONS ? ` (istio.${SWITCHES[app as AddonName]})` : "";
    return own ? `this program${switched}: please report it` : "the pod's owner";
}

/** The log of the run that has ended; undefined if it cannot be read. */
async function logOf({ pod, container, waits }: Crash, api: ClusterApi): Promise<string | undefined> {
    const { name, namespace } = pod.metadata;
    const read = async (previous: boolean) => api.log({ name, namespace }, container, { previous, lines: READ });
    try {
        return await read(waits);
    } catch {
        // The kubelet may have removed that log. A user without the permission gets no other answer, which is fine.
        return waits ? read(false).catch(() => undefined) : undefined;
    }
}

function imageOf({ spec }: KubernetesObject, { name, image = "" }: ContainerStatus): string {
    const { containers = [], initContainers = [] } = (spec ?? {}) as Record<
        "containers" | "initContainers",
        { name: string; image?: string }[] | undefined
    >;
    return [...containers, ...initContainers].find((container) => container.name === name)?.image ?? image;
}

function nodeOf({ spec }: KubernetesObject): string {
    return (spec as { nodeName?: string } | undefined)?.nodeName ?? "of the pod";
}
