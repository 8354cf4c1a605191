import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ISTIO_NAMESPACE, PRODUCTPAGE_PATH } from "../../components/names";
import { waitForPage } from "../cli/mesh/page";
import { findStack, type Stack } from "../cli/stack/stack";
import { ClusterApi } from "../kubernetes/api";
import { displayName, type KubernetesObject } from "../kubernetes/object";
import { waitUntil } from "../kubernetes/wait";
import { removeLeftovers } from "../leftovers/leftovers";
import { run } from "../shared/childProcess";
import { commandLine } from "../shared/invocation";
import { UserError } from "../shared/errors";
import { SANDBOX_BINARIES } from "../shared/project";
import type { Script } from "./script";

/** The page at the sandbox's load balancer, which has only this address. */
export const PAGE = `http://198.51.100.20${PRODUCTPAGE_PATH}`;

/** Longest time for the pods of an undone deployment to be gone, in seconds. */
const GONE_TIMEOUT = 120;

/** The sandbox cluster, which must be up. */
export class BenchCluster {
    private constructor(
        readonly stack: Stack,
        private readonly api: ClusterApi,
        private readonly stop?: AbortSignal,
    ) {}

    /** @throws UserError if something is deployed to the cluster */
    static async connect(stop?: AbortSignal): Promise<BenchCluster> {
        const stack = findStack({});
        const cluster = new BenchCluster(stack, await ClusterApi.connect(stack.cluster), stop);
        const deployed = (await cluster.deployedObjects()).filter(
            ({ metadata }) => metadata.deletionTimestamp === undefined,
        );
        if (deployed.length > 0) {
            throw new UserError(
                `the benchmark needs an empty sandbox, and it has ${deployed.map(displayName).join(", ")}\n` +
                    `Remove this deployment with \`${commandLine("down")}\`. ` +
                    `If a stopped benchmark left it, remove the sandbox with \`${commandLine("sandbox", ["down"])}\`.`,
            );
        }
        return cluster;
    }

    /** Waits for the page. @returns the seconds that this takes */
    async untilPage(): Promise<number> {
        const began = performance.now();
        await waitForPage({ url: PAGE, stop: this.stop });
        return (performance.now() - began) / 1000;
    }

    /** Runs a script. @returns the seconds that this takes @throws UserError with the script's output if it fails */
    async runScript({ text, files }: Script, folder: string): Promise<number> {
        mkdirSync(folder, { recursive: true });
        for (const [name, content] of Object.entries(files)) {
            writeFileSync(path.join(folder, name), content);
        }
        const env = {
            ...process.env,
            KUBECONFIG: this.stack.cluster.kubeconfig,
            PATH: `${SANDBOX_BINARIES}${path.delimiter}${process.env.PATH ?? ""}`,
        };
        const began = performance.now();
        const { code, stdout, stderr } = await run("sh", ["-c", text], { cwd: folder, env, stop: this.stop });
        if (code !== 0) {
            throw new UserError(`the script failed:\n${stdout}${stderr}`);
        }
        return (performance.now() - began) / 1000;
    }

    /** Removes what an undone deployment has left, so that each round begins with the same cluster. */
    async clear(): Promise<void> {
        const notice = await removeLeftovers(this.api, "kubectl", this.stop);
        await waitUntil("the last deployment", { timeout: GONE_TIMEOUT, stop: this.stop }, async () => {
            const left = await this.deployedObjects();
            return left.length > 0 ? `is not gone: ${left.map(displayName).join(", ")}` : notice;
        });
    }

    /** The mesh's namespace and Bookinfo's pods, if they exist. */
    private async deployedObjects(): Promise<KubernetesObject[]> {
        const reference = { apiVersion: "v1", kind: "Namespace", metadata: { name: ISTIO_NAMESPACE } };
        const [namespace, pods] = await Promise.all([this.api.read(reference), this.api.list("v1", "Pod")]);
        return [...(namespace ? [namespace] : []), ...pods.filter(({ metadata }) => metadata.namespace === "default")];
    }
}
