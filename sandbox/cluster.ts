import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { publishCharts, type ChartSource } from "./charts";
import { run } from "./command";
import { controlPlaneParts } from "./controlPlane/controlPlane";
import { pki, writeIdentities } from "./controlPlane/identities";
import { SandboxFault } from "./fault";
import { type Provided, provideImages } from "./images/images";
import { createNamespaces, destroyNamespaces } from "./namespaces";
import { assertAddressesFree, linkNetwork, unlinkNetwork } from "./network";
import { createCgroups, removeCgroups } from "./node/cgroups";
import { containerdPart, writeContainerdConfig } from "./node/containerd";
import { coreDnsPart, writeCoreDnsConfig } from "./node/coreDns";
import { kubeProxyPart, writeKubeProxyConfig } from "./node/kubeProxy";
import { kubeletPart, writeKubeletConfig } from "./node/kubelet";
import { claim, readOwner, record } from "./ownership";
import { assertAlive, type Part, type PartName, partNames, partState, startPart } from "./parts";
import { cache, live, sandboxDirectory } from "./paths";
import { isAlive, type ProcessId, sleep } from "./processes";
import { nodeName } from "./settings";
import type { Report } from "./toolchain/artifacts";
import { familyDirectory, program } from "./toolchain/toolchain";

const parts: Record<PartName, Part> = {
    ...controlPlaneParts,
    containerd: containerdPart,
    coredns: coreDnsPart,
    kubelet: kubeletPart,
    "kube-proxy": kubeProxyPart,
    "load-balancer": {
        program: process.execPath,
        args: [
            "--import",
            pathToFileURL(require.resolve("tsx")).href,
            path.join(sandboxDirectory, "loadBalancer", "main.ts"),
            pki.kubeconfig("admin"),
        ],
    },
};

/** What the sandbox as a whole is. */
export type ClusterState = "up" | "down" | "broken";

/** The state of the sandbox and of each part; "broken": a part died, or a run was killed and left something. */
export function clusterState(): {
    state: ClusterState;
    parts: Partial<Record<PartName, ReturnType<typeof partState>>>;
} {
    const owner = readOwner();
    if (!owner) {
        return { state: fs.existsSync(live.root) ? "broken" : "down", parts: {} };
    }
    const states = Object.fromEntries(partNames.map((name) => [name, partState(name)]));
    const whole = completeNamespaces() && Object.values(states).every((part) => part.state === "running");
    return { state: whole ? "up" : "broken", parts: states };
}

/** The parts that died while the rest of the sandbox goes on: `up` starts them anew. */
export function deadParts(): PartName[] {
    return partNames.filter((name) => partState(name).state === "dead");
}

/** The process that holds the namespaces of a sandbox that was ready once, so that only dead parts need a start. */
export function completeNamespaces(): ProcessId | undefined {
    const owner = readOwner();
    return owner?.complete && owner.init && isAlive(owner.init) ? owner.init : undefined;
}

/** Takes hold of the machine's one sandbox, and clears what a killed run left of an earlier one. */
export async function begin(): Promise<void> {
    claim();
    if (!completeNamespaces()) {
        await removeEverything();
        await assertAddressesFree();
        claim();
    }
}

/** Makes the namespaces and what the parts read: keys, settings, control groups. */
export async function prepare(): Promise<ProcessId> {
    fs.mkdirSync(cache.containerd, { recursive: true });
    fs.mkdirSync(live.config, { recursive: true });
    const [init] = await Promise.all([createNamespaces(), writeIdentities()]);
    record({ init });
    await linkNetwork(init.pid);
    createCgroups();
    writeContainerdConfig();
    writeKubeletConfig();
    writeKubeProxyConfig();
    writeCoreDnsConfig();
    publishPrograms();
    return init;
}

/** Starts parts. */
export function start(names: readonly PartName[], init: ProcessId): void {
    for (const name of names) {
        startPart(name, parts[name], init.pid);
    }
}

/** The parts that ask the API server from their first moment, and give up when it does not answer. */
export const apiServerClients = [
    "kube-controller-manager",
    "kube-scheduler",
    "coredns",
    "kube-proxy",
    "load-balancer",
] as const satisfies readonly PartName[];

/** Waits until the API server says that it is ready. */
export async function waitForApiServer(): Promise<void> {
    await waitFor("the API server", 60, () => kubectl("get", "--raw", "/readyz"));
}

/** Waits until containerd answers: the kubelet gives up without it. */
export async function waitForContainerd(): Promise<void> {
    await waitFor("containerd", 30, () =>
        run(program("containerd", "ctr"), ["--address", live.containerdSocket, "version"]),
    );
}

/** Hands containerd the images. */
export function loadImages(report: Report): Promise<Provided> {
    return provideImages(report);
}

/** Puts the charts where the program's stack `local` looks for them. */
export function loadCharts(): Promise<ChartSource> {
    return publishCharts();
}

/** Waits until the node is ready for pods. */
export async function waitForNode(): Promise<void> {
    await waitFor("the node", 90, async () => {
        const query = "jsonpath={.status.conditions[?(@.type=='Ready')].status}";
        const ready = await kubectl("get", "node", nodeName, "-o", query);
        const account = await kubectl("get", "serviceaccount", "default", "-o", "name");
        if (ready !== "True" || !account) {
            throw new SandboxFault(`it says Ready=${ready}`);
        }
    });
}

/** Removes the sandbox: every process, mount, interface, control group and file, but not the cache. A second time it does nothing. */
export async function removeEverything(): Promise<void> {
    const init = readOwner()?.init;
    if (init) {
        await destroyNamespaces(init);
    }
    await unlinkNetwork();
    await removeCgroups();
    fs.rmSync(cache.containerd, { recursive: true, force: true });
    fs.rmSync(live.root, { recursive: true, force: true });
}

/** Runs kubectl as the sandbox's administrator, and answers what it printed. */
export function kubectl(...args: string[]): Promise<string> {
    return run(program("kubernetes", "kubectl"), ["--kubeconfig", live.kubeconfig, ...args]);
}

/** Links the programs that a person at the machine uses, under the fixed path that other tools look at. */
function publishPrograms(): void {
    fs.mkdirSync(live.bin, { recursive: true });
    const programs = { helm: "helm", kubectl: "kubernetes", istioctl: "istio" } as const;
    for (const [name, family] of Object.entries(programs)) {
        fs.symlinkSync(path.join(familyDirectory(family), name), path.join(live.bin, name));
    }
}

/** Repeats an attempt until it succeeds. @throws SandboxFault when a part died meanwhile, or after so many seconds. */
async function waitFor(what: string, seconds: number, attempt: () => Promise<unknown>): Promise<void> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        try {
            await attempt();
            return;
        } catch (error) {
            assertAlive();
            if (Date.now() > end) {
                const reason = error instanceof Error ? error.message : String(error);
                throw new SandboxFault(
                    `${what} is not ready after ${seconds} s; see the logs in ${live.logs}: ${reason}`,
                );
            }
        }
        await sleep(100);
    }
}
