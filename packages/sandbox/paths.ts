import * as os from "node:os";
import * as path from "node:path";

/**
 * What lives while the sandbox is up. A fixed place, because one machine holds one sandbox and because the program's stack `local` names it;
 * under /run, so that a reboot clears it.
 */
const runRoot = "/run/bookinfo-mesh";

/** Its places. */
export const live = {
    root: runRoot,
    /** Which clone owns the sandbox, and the process that holds its namespaces. */
    owner: `${runRoot}/owner.json`,
    /** Held by the command that starts or stops the sandbox; beside what such a command makes and removes. */
    lock: `${runRoot}.lock`,
    kubeconfig: `${runRoot}/kubeconfig`,
    charts: `${runRoot}/charts`,
    bin: `${runRoot}/bin`,
    logs: `${runRoot}/logs`,
    parts: `${runRoot}/parts`,
    pki: `${runRoot}/pki`,
    config: `${runRoot}/config`,
    etcd: `${runRoot}/etcd`,
    kubelet: `${runRoot}/kubelet`,
    containerdState: `${runRoot}/containerd`,
    containerdSocket: `${runRoot}/containerd/containerd.sock`,
    /** What the node sees in place of the machine's directories of the same name. */
    shadows: `${runRoot}/shadows`,
} as const;

/** A relative path there is invalid and to be ignored (XDG Base Directory Specification). */
const xdgCacheHome = [process.env.XDG_CACHE_HOME ?? ""].find((directory) => path.isAbsolute(directory));

/** `$XDG_CACHE_HOME/bookinfo-mesh`, by default `~/.cache/bookinfo-mesh`: everything that is kept between runs. */
const cacheRoot = path.join(xdgCacheHome ?? path.join(os.homedir(), ".cache"), "bookinfo-mesh");

/** Its places. */
export const cache = {
    root: cacheRoot,
    go: path.join(cacheRoot, "go"),
    goModules: path.join(cacheRoot, "go", "mod"),
    goBuild: path.join(cacheRoot, "go", "build"),
    /** Finished artifacts of the toolchain, one directory each, named by what they were built from. */
    artifacts: path.join(cacheRoot, "artifacts"),
    images: path.join(cacheRoot, "images"),
    /** containerd's store: on disk, because /run may be small; emptied by `down`. */
    containerd: path.join(cacheRoot, "containerd"),
    /** The logs of the last start that failed. */
    failureLogs: path.join(cacheRoot, "logs-of-last-failure"),
} as const;

/** This folder, and the clone of the project that it is in. */
export const sandboxDirectory = __dirname;
export const cloneDirectory = path.resolve(__dirname, "../..");
