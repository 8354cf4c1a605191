import * as os from "node:os";
import * as path from "node:path";

/** A fixed place, because a machine has one sandbox and the stack `local` names the place. A reboot clears /run. */
const runRoot = "/run/bookinfo-mesh";

/** Files that exist while the sandbox is up. */
export const live = {
    root: runRoot,
    /** Which clone owns the sandbox, and the process that holds its namespaces. */
    owner: `${runRoot}/owner.json`,
    /** Held by the command that starts or stops the sandbox. Outside of the root, because such a command makes and removes it. */
    lock: `${runRoot}.lock`,
    kubeconfig: `${runRoot}/kubeconfig`,
    charts: `${runRoot}/charts`,
    bin: `${runRoot}/bin`,
    logs: `${runRoot}/logs`,
    services: `${runRoot}/parts`,
    pki: `${runRoot}/pki`,
    config: `${runRoot}/config`,
    /** Settings of the pods' network, and CNI plugins that pods add to the node's own. */
    cniConfig: `${runRoot}/config/cni`,
    cniPlugins: `${runRoot}/cni`,
    etcd: `${runRoot}/etcd`,
    kubelet: `${runRoot}/kubelet`,
    containerdState: `${runRoot}/containerd`,
    containerdSocket: `${runRoot}/containerd/containerd.sock`,
    /** What the node sees in place of the machine's directories of the same name. */
    shadows: `${runRoot}/shadows`,
} as const;

/** A relative path is invalid and must be ignored (XDG Base Directory Specification). */
const xdgCacheHome = [process.env.XDG_CACHE_HOME ?? ""].find((directory) => path.isAbsolute(directory));

/** Default: `~/.cache/bookinfo-mesh`. */
const cacheRoot = path.join(xdgCacheHome ?? path.join(os.homedir(), ".cache"), "bookinfo-mesh");

/** Files that stay between runs. */
export const cache = {
    root: cacheRoot,
    go: path.join(cacheRoot, "go"),
    goModules: path.join(cacheRoot, "go", "mod"),
    goBuild: path.join(cacheRoot, "go", "build"),
    /** Finished artifacts of the toolchain, one directory each. A hash of the sources is in each name. */
    artifacts: path.join(cacheRoot, "artifacts"),
    images: path.join(cacheRoot, "images"),
    /** containerd's store. On disk, because /run may be small. `down` empties it. */
    containerd: path.join(cacheRoot, "containerd"),
    /** The logs of the last start that failed. */
    failureLogs: path.join(cacheRoot, "logs-of-last-failure"),
} as const;

/** This folder, and the root of the clone. */
export const sandboxDirectory = __dirname;
export const cloneDirectory = path.resolve(__dirname, "../..");
