import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { type HelmValues, mergeValues } from "../../components/istio/merge";

/** What an end-to-end test does with the product: what a person does, by the commands that the README tells. */

export const clone = path.dirname(path.dirname(__dirname));

/** The sandbox's fixed place; see sandbox/README.md. */
const sandbox = "/run/bookinfo-mesh";
export const sandboxBin = path.join(sandbox, "bin");
export const sandboxKubeconfig = path.join(sandbox, "kubeconfig");

/** A cold first start builds Kubernetes and all the others: how long that may take at most, in milliseconds. */
export const coldStart = 60 * 60_000;

const execute = promisify(execFile);

/**
 * The text of a stack file: the sandbox's as it is committed, with changes laid over its config.
 * @param changes by the keys of the program's config, such as `istio`
 */
export function stackFileWith(changes: HelmValues): string {
    const { config } = parse(fs.readFileSync(path.join(clone, "Pulumi.local.yaml"), "utf8")) as { config: HelmValues };
    const qualified = Object.entries(changes).map(([key, change]) => [`bookinfo-mesh:${key}`, change]);
    return stringify({ config: mergeValues(config, Object.fromEntries(qualified) as HelmValues) });
}

/** How a command ended and what it printed, standard output and standard error together. */
export interface Ended {
    code: number;
    output: string;
    stdout: string;
}

/** Runs a command in the clone to its end, whatever its exit code. */
export async function runCommand(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
    // Plain text, even where the environment asks for colours, as jest and CI do.
    const plain = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
    const options = { cwd: clone, env: { ...plain, ...env }, maxBuffer: 2 ** 28 };
    try {
        const { stdout, stderr } = await execute(command, args, options);
        return { code: 0, output: stdout + stderr, stdout };
    } catch (error) {
        const { code, stdout = "", stderr = "" } = error as { code?: number; stdout?: string; stderr?: string };
        return { code: typeof code === "number" ? code : 1, output: stdout + stderr, stdout };
    }
}

/** `npm run SCRIPT -- ARGS`. */
export function npmRun(script: string, ...args: string[]): Promise<Ended> {
    return runCommand("npm", ["run", "--silent", script, "--", ...args]);
}

/** Runs kubectl on the sandbox and answers what it printed. @throws Error with its output when it fails */
export async function kubectl(...args: string[]): Promise<string> {
    const { code, output, stdout } = await runCommand(path.join(sandboxBin, "kubectl"), args, {
        KUBECONFIG: sandboxKubeconfig,
    });
    if (code !== 0) {
        throw new Error(`kubectl ${args.join(" ")}: ${output}`);
    }
    return stdout;
}

/** Objects that come and go by themselves, or that report on others. */
const passing = ["events", "events.events.k8s.io", "componentstatuses", "leases.coordination.k8s.io"];

/** Every object of the API server, as `apiVersion/kind namespace/name`, sorted. */
export async function listObjects(): Promise<string[]> {
    const resources = (await kubectl("api-resources", "--verbs=list", "--output=name")).split("\n").filter(Boolean);
    const listed = resources.filter((resource) => !passing.includes(resource)).join(",");
    const columns = "custom-columns=API:.apiVersion,KIND:.kind,NS:.metadata.namespace,NAME:.metadata.name";
    const rows = await kubectl("get", listed, "--all-namespaces", "--no-headers", "--output", columns);
    return rows
        .split("\n")
        .filter(Boolean)
        .map((row) => {
            const [api = "", kind = "", namespace = "", name = ""] = row.trim().split(/\s+/);
            return `${api}/${kind} ${namespace}/${name}`;
        })
        .sort();
}

/** Objects that a controller makes of others, and names as it likes. */
const derived = /\/(Pod|ReplicaSet|EndpointSlice|IPAddress|ControllerRevision) /;

/**
 * The objects that are the same in every deployment: without what Pulumi adds to names of its own making, and of a release
 * the first revision alone.
 */
export async function lastingObjects(): Promise<string[]> {
    return (await listObjects())
        .filter((object) => !derived.test(object) && !/sh\.helm\.release\.v1\..+\.v([2-9]|\d\d+)$/.test(object))
        .map((object) => object.replace(/-[0-9a-f]{8}$/, ""))
        .sort();
}

/** The labels of the namespace `default`. */
export async function labelsOfDefault(): Promise<Record<string, string>> {
    const namespace = JSON.parse(await kubectl("get", "namespace", "default", "--output=json")) as {
        metadata: { labels: Record<string, string> };
    };
    return namespace.metadata.labels;
}

/** A pod, as far as these tests look at it. */
export interface Pod {
    metadata: { name: string; labels: Record<string, string> };
    status: { podIP: string } & Record<
        "containerStatuses" | "initContainerStatuses",
        { name: string; ready: boolean }[] | undefined
    >;
}

/** The pods of the namespace `default`. */
export async function bookinfoPods(): Promise<Pod[]> {
    return (JSON.parse(await kubectl("get", "pods", "--output=json")) as { items: Pod[] }).items;
}

/** The id of the process that holds the sandbox's namespaces. */
export function sandboxInit(): number {
    const { init } = JSON.parse(fs.readFileSync(path.join(sandbox, "owner.json"), "utf8")) as { init: { pid: number } };
    return init.pid;
}

/**
 * Asks a URL in plain HTTP from the node's own network: inside the cluster, outside the mesh. Answers the status code, or the error
 * code of the connection, such as ECONNRESET.
 */
export async function askFromNode(url: string): Promise<string> {
    const script = `fetch(${JSON.stringify(url)}, { signal: AbortSignal.timeout(5000) })
        .then((answer) => console.log(answer.status), (error) => console.log(error.cause?.code ?? error.name));`;
    const enter = ["--target", String(sandboxInit()), "--net", "--", process.execPath, "--eval", script];
    return (await runCommand("nsenter", enter)).stdout.trim();
}

/** What a GET answers, without following redirects. */
export async function get(
    url: string,
    init: RequestInit = {},
): Promise<{ status: number; body: string; server: string | null }> {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(10_000), ...init });
    return { status: answer.status, body: await answer.text(), server: answer.headers.get("server") };
}
