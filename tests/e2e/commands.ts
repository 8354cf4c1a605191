import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { type HelmValues, mergeValues } from "../../components/istio/merge";
import { live } from "../../packages/sandbox/paths";

/* How end-to-end tests use the project: with the README's commands, as a user does. */

export const clone = path.dirname(path.dirname(__dirname));

/** The program of the commands, in a clone. */
export const COMMAND = path.join("packages", "cli", "bookinfo.js");

export const sandboxKubeconfig = live.kubeconfig;

/** Environment of a user who works on the sandbox. */
export const sandboxEnvironment = { KUBECONFIG: live.kubeconfig, PATH: `${live.bin}:${process.env.PATH ?? ""}` };

/** The address of Bookinfo on the sandbox. */
export const productPage = "http://198.51.100.20/productpage";

/** Timeout of a first start, which builds Kubernetes and all other programs, in milliseconds. */
export const coldStart = 60 * 60_000;

/** Environment in which commands print plain text, even if jest or CI asks for colours. */
export const plainText = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };

const execute = promisify(execFile);

/** The config file of a stack, by default where the commands look for it. */
export function stackFile(stack: string, folder = clone): string {
    return path.join(folder, `Pulumi.${stack}.yaml`);
}

/** The config of a committed stack, by qualified keys such as `bookinfo-mesh:istio`. */
export function committedConfig(stack: "dev" | "local"): Record<string, HelmValues> {
    return (parse(fs.readFileSync(stackFile(stack), "utf8")) as { config: Record<string, HelmValues> }).config;
}

/**
 * Writes the config file of a test's stack: the committed config of the sandbox's stack, with changes.
 * @param changes merged into the config; by the keys of the program's config, such as `istio`
 */
export function writeStackFile(stack: string, changes: HelmValues = {}, folder = clone): void {
    const qualified = Object.entries(changes).map(([key, change]) => [`bookinfo-mesh:${key}`, change]);
    const config = mergeValues(committedConfig("local"), Object.fromEntries(qualified) as HelmValues);
    fs.writeFileSync(stackFile(stack, folder), stringify({ config }));
}

const off = { enabled: false };

/** Changes to the section `istio` of the sandbox's stack: no add-ons, for tests in which they only take time. */
export const WITHOUT_ADDONS = { tracing: off, prometheus: off, grafana: off, kiali: off, servicegraph: off } as const;

/** Labels of a namespace of the sandbox with sidecars: others have the Pod Security level "baseline". */
export const PRIVILEGED_NAMESPACE = { "pod-security.kubernetes.io/enforce": "privileged" } as const;

/** Runs `npm run down` on a test's stack, and deletes its config file. */
export async function removeStack(stack: string, ...options: string[]): Promise<void> {
    await npmRun("down", "--stack", stack, ...options);
    fs.rmSync(stackFile(stack), { force: true });
}

/** The exit code of a command and what it printed. */
export interface CommandResult {
    code: number;
    /** Standard output and standard error. */
    output: string;
    stdout: string;
}

/** Runs a command in the clone. Resolves with any exit code. */
export async function runCommand(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
    const options = { cwd: clone, env: { ...plainText, ...env }, maxBuffer: 2 ** 28 };
    try {
        const { stdout, stderr } = await execute(command, args, options);
        return { code: 0, output: stdout + stderr, stdout };
    } catch (error) {
        const { code, stdout = "", stderr = "" } = error as { code?: number; stdout?: string; stderr?: string };
        return { code: typeof code === "number" ? code : 1, output: stdout + stderr, stdout };
    }
}

/** `npm run SCRIPT -- ARGS`: see `npmRunWith`. */
export function npmRun(script: string, ...args: string[]): Promise<CommandResult> {
    return npmRunWith({}, script, ...args);
}

/**
 * What `npm run SCRIPT -- ARGS` runs, with the variables by which a command knows that. npm itself takes longer than many a command, and
 * these tests run hundreds.
 */
export function npmRunWith(env: NodeJS.ProcessEnv, script: string, ...args: string[]): Promise<CommandResult> {
    const fromNpm = { npm_command: "run-script", npm_lifecycle_event: script };
    return runCommand(process.execPath, [COMMAND, script, ...args], { ...fromNpm, ...env });
}

/** Runs a program that the sandbox publishes, on the sandbox. */
export function runOnSandbox(program: "helm" | "istioctl" | "kubectl", ...args: string[]): Promise<CommandResult> {
    return runCommand(path.join(live.bin, program), args, { KUBECONFIG: live.kubeconfig });
}

/** Runs kubectl on the sandbox and returns its standard output. @throws Error with its output if it fails */
export async function kubectl(...args: string[]): Promise<string> {
    const { code, output, stdout } = await runOnSandbox("kubectl", ...args);
    if (code !== 0) {
        throw new Error(`kubectl ${args.join(" ")}: ${output}`);
    }
    return stdout;
}

/**
 * Calls a function again and again until its answer is good.
 * @param timeout in milliseconds. Default: none, so that the timeout of the test ends it
 * @param interval between two calls, in milliseconds
 * @returns the last answer: a good one, or the one at the timeout
 */
export async function poll<T>(
    ask: () => T | Promise<T>,
    isGood: (answer: T) => boolean,
    { timeout = Infinity, interval = 200 } = {},
): Promise<T> {
    const end = Date.now() + timeout;
    for (;;) {
        const answer = await ask();
        if (isGood(answer) || Date.now() >= end) {
            return answer;
        }
        await sleep(interval);
    }
}

/** Objects that appear and expire by themselves, or that report on others. */
const TRANSIENT = ["events", "events.events.k8s.io", "componentstatuses", "leases.coordination.k8s.io"];

/** All objects of the API server, as `apiVersion/kind namespace/name`, sorted. */
export async function listObjects(): Promise<string[]> {
    const resources = (await kubectl("api-resources", "--verbs=list", "--output=name")).split("\n").filter(Boolean);
    const listed = resources.filter((resource) => !TRANSIENT.includes(resource)).join(",");
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

/** Objects that a controller creates for others, with generated names. */
const GENERATED = /\/(Pod|ReplicaSet|EndpointSlice|IPAddress|ControllerRevision) /;

/**
 * The objects that every deployment has with the same name: without the random suffix of Pulumi's automatic names, and with one
 * revision of each Helm release. Helm keeps the last ten.
 */
export async function stableObjects(): Promise<string[]> {
    const names = (await listObjects())
        .filter((object) => !GENERATED.test(object))
        .map((object) => object.replace(/-[0-9a-f]{8}$/, "").replace(/(sh\.helm\.release\.v1\..+)\.v\d+$/, "$1"));
    return [...new Set(names)].sort();
}

/** The labels of the namespace `default`. */
export async function labelsOfDefault(): Promise<Record<string, string>> {
    const namespace = JSON.parse(await kubectl("get", "namespace", "default", "--output=json")) as {
        metadata: { labels: Record<string, string> };
    };
    return namespace.metadata.labels;
}

/** The part of a pod that these tests read. */
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

/** The part of a kubeconfig that these tests read or change. */
export interface Kubeconfig {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
}

export function readSandboxKubeconfig(): Kubeconfig {
    return parse(fs.readFileSync(sandboxKubeconfig, "utf8")) as Kubeconfig;
}

/** The id of the process that holds the sandbox's namespaces. */
export function sandboxInit(): number {
    const { init } = JSON.parse(fs.readFileSync(live.owner, "utf8")) as { init: { pid: number } };
    return init.pid;
}

/**
 * GETs a URL in plain HTTP from the node's network: inside the cluster, outside the mesh.
 * @returns the status code, or the error code of the connection, such as ECONNRESET
 */
export async function getFromNode(url: string): Promise<string> {
    const script = `fetch(${JSON.stringify(url)}, { signal: AbortSignal.timeout(5000) })
        .then((answer) => console.log(answer.status), (error) => console.log(error.cause?.code ?? error.name));`;
    const enter = ["--target", String(sandboxInit()), "--net", "--", process.execPath, "--eval", script];
    return (await runCommand("nsenter", enter)).stdout.trim();
}

/** The answer to a GET; redirects are not followed. */
export async function get(
    url: string,
    init: RequestInit = {},
): Promise<{ status: number; body: string; server: string | null }> {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(10_000), ...init });
    return { status: answer.status, body: await answer.text(), server: answer.headers.get("server") };
}

/** The address of the product page in the output of `npm run up`. */
export function pageIn(output: string): string {
    return /http:\/\/[\d.]+\/productpage/.exec(output)?.[0] ?? "no address in the output";
}
