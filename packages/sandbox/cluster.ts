import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "./run";
import { controlPlaneParts } from "./controlPlane/controlPlane";
import { pki, writeIdentities } from "./controlPlane/identities";
import { roleManifests } from "./controlPlane/roles";
import { messageOf, UserError } from "../shared/errors";
import { createNamespaces, destroyNamespaces } from "./namespaces";
import { assertAddressesFree, linkNetwork, unlinkNetwork } from "./network";
import { createCgroups, removeCgroups } from "./node/cgroups";
import { containerdPart, writeContainerdConfig } from "./node/containerd";
import { coreDnsPart, writeCoreDnsConfig } from "./node/coreDns";
import { kubeProxyPart, writeKubeProxyConfig } from "./node/kubeProxy";
import { kubeletPart, writeKubeletConfig } from "./node/kubelet";
import { readOwner, runningCommand } from "./ownership";
import { assertAlive, type Part, type PartName, partNames, partState, startPart } from "./services";
import { cache, live, sandboxDirectory } from "./paths";
import { isAlive, type ProcessId, sleep } from "./processId";
import { network, nodeName } from "./settings";
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
            pki.kubeconfig("load-balancer"),
        ],
    },
};

const rolesFile = path.join(live.config, "roles.yaml");

/** What the sandbox as a whole is. "broken": a part died, or a run was killed and left something. */
export type ClusterState = "up" | "down" | "starting or stopping" | "broken";

/** The state of the sandbox and of each part. */
export function clusterState(): {
    state: ClusterState;
    parts: Partial<Record<PartName, ReturnType<typeof partState>>>;
} {
    if (runningCommand()) {
        return { state: "starting or stopping", parts: {} };
    }
    if (!readOwner()) {
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

/** Clears what a killed run left of an earlier sandbox, and checks that its addresses are free for a new one. */
export async function clear(): Promise<void> {
    await removeEverything();
    await assertAddressesFree();
}

/** Makes the namespaces and what the parts read: keys, settings, control groups. */
export async function prepare(): Promise<ProcessId> {
    fs.mkdirSync(cache.containerd, { recursive: true });
    fs.mkdirSync(live.config, { recursive: true });
    const [init] = await Promise.all([createNamespaces(), writeIdentities()]);
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

/** Gives the sandbox's own identities what they may do. */
export async function grantRoles(): Promise<void> {
    fs.writeFileSync(rolesFile, roleManifests());
    await kubectl("create", "--filename", rolesFile);
}

/** Waits until the API server says that it is ready. */
export async function waitForApiServer(): Promise<void> {
    await waitFor("the API server", 60, ["etcd", "kube-apiserver"], () => kubectl("get", "--raw", "/readyz"));
}

/** Waits until containerd answers: the kubelet gives up without it. */
export async function waitForContainerd(): Promise<void> {
    await waitFor("containerd", 30, ["containerd"], () =>
        run(program("containerd", "ctr"), ["--address", live.containerdSocket, "version"]),
    );
}

/**
 * Waits until the node is ready for pods.
 *
 * @throws UserError when any part died meanwhile, although the node may do without it for a while
 */
export async function waitForNode(): Promise<void> {
    await waitFor("the node", 90, partNames, async () => {
        // The node's condition stays Ready for a while when the kubelet is gone, so the kubelet is asked itself, too.
        await kubectl("get", "--raw", `/api/v1/nodes/${nodeName}/proxy/healthz`);
        const query = "jsonpath={.status.conditions[?(@.type=='Ready')].status}";
        const ready = await kubectl("get", "node", nodeName, "-o", query);
        await kubectl("get", "serviceaccount", "default");
        if (ready !== "True") {
            throw new UserError(`it says Ready=${ready}`);
        }
    });
    assertAlive();
}

/** Removes the sandbox: every process, mount, interface, control group and file, but not the cache. A second time it does nothing. */
export async function removeEverything(): Promise<void> {
    const owner = readOwner();
    if (owner) {
        await destroyNamespaces(owner);
    }
    await unlinkNetwork();
    await removeCgroups();
    fs.rmSync(owner?.containerdStore ?? cache.containerd, { recursive: true, force: true });
    fs.rmSync(live.root, { recursive: true, force: true });
}

/** Keeps the logs of a start that failed, before {@link removeEverything}. */
export function keepLogs(): void {
    fs.rmSync(cache.failureLogs, { recursive: true, force: true });
    if (fs.existsSync(live.logs)) {
        fs.cpSync(live.logs, cache.failureLogs, { recursive: true });
    }
}

/** Environment in which kubectl reaches the sandbox directly, and keeps what it remembers of it with the sandbox. */
export const kubectlEnvironment = {
    NO_PROXY: network.nodeAddress,
    no_proxy: network.nodeAddress,
    KUBECACHEDIR: `${live.root}/kubectl`,
    KUBECONFIG: live.kubeconfig,
};

/** Runs kubectl as the sandbox's administrator, and answers what it printed. */
export function kubectl(...args: string[]): Promise<string> {
    return run(program("kubernetes", "kubectl"), ["--request-timeout=5s", ...args], { env: kubectlEnvironment });
}

/** Links the programs that a person at the machine uses, under the fixed path that other tools look at. */
function publishPrograms(): void {
    fs.mkdirSync(live.bin, { recursive: true });
    const programs = { helm: "helm", kubectl: "kubernetes", istioctl: "istio" } as const;
    for (const [name, family] of Object.entries(programs)) {
        fs.symlinkSync(path.join(familyDirectory(family), name), path.join(live.bin, name));
    }
}

/** Repeats an attempt until it succeeds. @throws UserError when a part that it needs died, or after so many seconds. */
async function waitFor(
    what: string,
    seconds: number,
    needed: readonly PartName[],
    attempt: () => Promise<unknown>,
): Promise<void> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        try {
            await attempt();
            return;
        } catch (error) {
            assertAlive(needed);
            if (Date.now() > end) {
                throw new UserError(`${what} is not ready after ${seconds} s: ${messageOf(error)}`);
            }
        }
        await sleep(100);
    }
}
