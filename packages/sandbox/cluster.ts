import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { outputOf } from "../shared/childProcess";
import { messageOf, UserError } from "../shared/errors";
import { poll } from "../shared/poll";
import { isAlive } from "../shared/processId";
import { controlPlane } from "./controlPlane/controlPlane";
import { pki, writeIdentities } from "./controlPlane/identities";
import { defaultNamespace } from "./controlPlane/podSecurity";
import { roleManifests } from "./controlPlane/roles";
import { createNamespaces, destroyNamespaces } from "./namespaces";
import { linkNetwork, unlinkNetwork } from "./network";
import { createCgroups, removeCgroups } from "./node/cgroups";
import { containerd } from "./node/containerd";
import { coreDns } from "./node/coreDns";
import { kubeProxy } from "./node/kubeProxy";
import { kubelet } from "./node/kubelet";
import { kubeRouter } from "./node/kubeRouter";
import { readOwner, runningCommand } from "./ownership";
import { cache, live, sandboxDirectory } from "./paths";
import { isOptional, type ServiceName, serviceNames, startOrder } from "./serviceNames";
import { assertAlive, type Service, type ServiceState, serviceState, startService } from "./services";
import { network, nodeName } from "./settings";
import { familyDirectory, program } from "./toolchain/toolchain";

const services: Record<ServiceName, Service> = {
    ...controlPlane,
    containerd,
    coredns: coreDns,
    kubelet,
    "kube-proxy": kubeProxy,
    "kube-router": kubeRouter,
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

interface ClusterState {
    /** "broken": a service died, or a run was killed and left something behind. */
    state: "up" | "down" | "starting or stopping" | "broken";
    services: Partial<Record<ServiceName, ServiceState>>;
}

/** The state of the sandbox and of each service. */
export function clusterState(): ClusterState {
    const command = runningCommand();
    if (command && !command.addsAddons) {
        return { state: "starting or stopping", services: {} };
    }
    if (!readOwner()) {
        return { state: fs.existsSync(live.root) ? "broken" : "down", services: {} };
    }
    const states = Object.fromEntries(
        serviceNames
            .map((name) => [name, serviceState(name)] as const)
            .filter(([name, { state }]) => !(isOptional(name) && state === "absent")),
    );
    const isUp = wasReady() && Object.values(states).every(({ state }) => state === "running");
    return { state: isUp ? "up" : "broken", services: states };
}

/** The services that died while the rest of the sandbox still runs. `up` starts them again. */
export function deadServices(): ServiceName[] {
    return serviceNames.filter((name) => serviceState(name).state === "dead");
}

/** Whether the sandbox was ready once and its namespaces still exist. Then only dead services need a start. */
export function wasReady(): boolean {
    const owner = readOwner();
    return owner?.complete === true && owner.init !== undefined && isAlive(owner.init);
}

/** Makes the namespaces, and what the services need: keys, settings, control groups. */
export async function prepare(): Promise<void> {
    fs.mkdirSync(cache.containerd, { recursive: true });
    fs.mkdirSync(live.config, { recursive: true });
    const [init] = await Promise.all([createNamespaces(), writeIdentities()]);
    await linkNetwork(init);
    createCgroups();
    for (const [file, text] of Object.values(services).flatMap(({ files = {} }) => Object.entries(files))) {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text);
    }
    publishPrograms();
}

export function start(names: readonly ServiceName[]): void {
    const init = readOwner()?.init;
    if (init === undefined) {
        throw new UserError("the sandbox has been removed");
    }
    for (const name of names) {
        startService(name, services[name], init.pid);
    }
}

/** Starts what is built with the add-ons, unless it runs. */
export function startWithAddons(): void {
    start(startOrder.withAddons.filter((name) => serviceState(name).state !== "running"));
}

/** Gives the sandbox's own identities their permissions. */
export async function grantRoles(): Promise<void> {
    const rolesFile = path.join(live.config, "roles.yaml");
    fs.writeFileSync(rolesFile, roleManifests());
    await kubectl("create", "--filename", rolesFile);
}

/** Lets Bookinfo's pods into the namespace `default`. */
export async function labelDefaultNamespace(): Promise<void> {
    const file = path.join(live.config, "default.yaml");
    fs.writeFileSync(file, defaultNamespace);
    // Not `create`: the API server creates this namespace at about the same time.
    await kubectl("apply", "--server-side", "--filename", file);
}

export async function waitForApiServer(): Promise<void> {
    await waitFor("the API server", 60, ["etcd", "kube-apiserver"], () => kubectl("get", "--raw", "/readyz"));
}

export async function waitForContainerd(): Promise<void> {
    await waitFor("containerd", 30, ["containerd"], () =>
        outputOf(program("containerd", "ctr"), ["--address", live.containerdSocket, "version"]),
    );
}

/**
 * Waits until the node is ready for pods.
 * @throws UserError if a service has died in the meantime, even one that the node does not need at once
 */
export async function waitForNode(): Promise<void> {
    await waitFor("the node", 90, serviceNames, async () => {
        // The node's condition stays Ready for a while after the kubelet's end, so this asks the kubelet itself too.
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

/** Removes every process, mount, interface, control group and file of the sandbox, but not the cache. */
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

/** Environment in which kubectl reaches the sandbox without a proxy, and keeps its cache among the sandbox's files. */
export const kubectlEnvironment = {
    ...process.env,
    NO_PROXY: network.nodeAddress,
    no_proxy: network.nodeAddress,
    KUBECACHEDIR: `${live.root}/kubectl`,
    KUBECONFIG: live.kubeconfig,
};

/** The output of kubectl, which runs as the sandbox's administrator. */
function kubectl(...args: string[]): Promise<string> {
    return outputOf(program("kubernetes", "kubectl"), ["--request-timeout=5s", ...args], { env: kubectlEnvironment });
}

/** Links the programs for people and other tools at a fixed path. */
function publishPrograms(): void {
    fs.mkdirSync(live.bin, { recursive: true });
    const programs = { helm: "helm", kubectl: "kubernetes", istioctl: "istioctl" } as const;
    for (const [name, family] of Object.entries(programs)) {
        // The link to istioctl works once istioctl is built.
        fs.symlinkSync(path.join(familyDirectory(family), name), path.join(live.bin, name));
    }
}

/**
 * Repeats an attempt until it succeeds.
 * @throws UserError if a service that it needs has died, or the time is up
 */
async function waitFor(
    subject: string,
    seconds: number,
    needed: readonly ServiceName[],
    attempt: () => Promise<unknown>,
): Promise<void> {
    let problem: unknown;
    const succeeds = () =>
        attempt().then(
            () => true,
            (error: unknown) => {
                assertAlive(needed);
                problem = error;
                return false;
            },
        );
    if (!(await poll(succeeds, { interval: 100, timeout: seconds * 1000 }))) {
        throw new UserError(`${subject} is not ready after ${seconds} s: ${messageOf(problem)}`);
    }
}
