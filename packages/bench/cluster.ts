import path from "node:path";
import { mkdirSync, writeFileSync } from "node:fs";
import { run } from "../shared/childProcess";
import { ClusterApi } from "../kubernetes/api";
import { removeLeftovers } from "../leftovers/leftovers";
import { displayName } from "../kubernetes/object";
import { waitForPage } from "../cli/mesh/page";
import { waitUntil } from "../kubernetes/wait";
import { findStack, type Stack } from "../cli/target/stack";
import { UserError } from "../shared/errors";
import { SANDBOX_BINARIES } from "../shared/project";
import { ISTIO_NAMESPACE, PRODUCTPAGE_PATH } from "../../components/names";
import type { Script } from "./script";

/** Where the sandbox's load balancer, which has one address, serves the page. */
export const PAGE = `http://198.51.100.20${PRODUCTPAGE_PATH}`;

/** Time in which a deployment's last pods must be gone, in seconds. */
const GONE_TIMEOUT = 120;

/** The sandbox, which is up. */
export class BenchCluster {
    private constructor(
        readonly stack: Stack,
        private readonly api: ClusterApi,
    ) {}

    static async connect(): Promise<BenchCluster> {
        const stack = findStack({});
        return new BenchCluster(stack, await ClusterApi.connect(stack.cluster));
    }

    /** Seconds until the page answers, after something else has been waited for. */
    async untilPage(stop?: AbortSignal): Promise<number> {
        const began = performance.now();
        await waitForPage(PAGE, stop);
        return (performance.now() - began) / 1000;
    }

    /** Seconds that a script takes. @throws UserError with what it wrote */
    async runScript({ text, files }: Script, folder: string, stop?: AbortSignal): Promise<number> {
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
        const { code, stdout, stderr } = await run("sh", ["-c", text], { cwd: folder, env, stop });
        if (code !== 0) {
            throw new UserError(`the script failed:\n${stdout}${stderr}`);
        }
        return (performance.now() - began) / 1000;
    }

    /** Makes the cluster what it was before a deployment, which has been undone: every round begins with the same. */
    async clear(stop?: AbortSignal): Promise<void> {
        const notice = await removeLeftovers(this.api, "kubectl", stop);
        await waitUntil("the last deployment", { timeout: GONE_TIMEOUT, stop }, async () => {
            const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: ISTIO_NAMESPACE } };
            const pods = await this.api.list("v1", "Pod", {});
            const left = pods.filter(({ metadata }) => metadata.namespace === "default");
            const names = [...((await this.api.read(namespace)) ? [namespace] : []), ...left].map(displayName);
            return names.length > 0 ? `is not gone: ${names.join(", ")}` : notice;
        });
    }
}
