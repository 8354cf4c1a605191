import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { run, runInForeground, searchPath } from "../../shared/childProcess";
import { UserError, Stopped } from "../../shared/errors";
import type { StackFile } from "../program/projectConfig";
import { PROJECT_FOLDER, PROJECT_NAME, STATE_FOLDER, stackFile } from "../../shared/project";
import type { Stack } from "../stack/stack";
import type { StackState } from "./state";
import { toYaml } from "../../shared/yaml";
import { shellWord } from "../../shared/shell";
import { makePrivateFolder, writeAtomically } from "../../shared/privateFiles";
import { noteStarted } from "../recovery/startedProcesses";
import { isEncrypted, workingStackFile } from "./configFile";
import { type Engine, engineEnvironment } from "./discovery";
import { sudoUser, environmentOf, giveTo } from "../../shared/sudoUser";
import { errorsIn } from "./eventLog";
import { accessIn } from "./access";

/** Folder of a bare project of the same name. The CLI may write into the stack's file there. */
const WORKSPACE = path.join(STATE_FOLDER, "workspace");

/** Passphrase of the stacks' secrets, unless the environment has one. */
const PASSPHRASE_FILE = path.join(STATE_FOLDER, "passphrase");

/** What the CLI says if a stack does not exist. */
const NO_STACK = "no stack named";

/** The exit code of `runInForeground` for a process that a signal ended. */
const KILLED = 128;

/** What the API server says if it cannot reach a webhook. */
const UNREACHED_WEBHOOK = "failed calling webhook";

/** The default backend: a folder of this clone. */
export function localBackend(): string {
    return pathToFileURL(path.join(STATE_FOLDER, "pulumi")).href;
}

/** What the engine's config file follows from. */
type Deployable = Pick<Stack, "file" | "overrides">;

/** A stack of this project in a backend, handled by the Pulumi CLI. */
export class PulumiStack {
    constructor(
        private readonly engine: Engine,
        readonly name: string,
        readonly backend: string,
        /** Today's kubeconfig of its cluster, as YAML; undefined if only its state is handled. */
        private readonly kubeconfig?: string,
        /** Files that the program reads, such as its kubeconfig. */
        private readonly needed: readonly string[] = [],
    ) {}

    /**
     * Writes the config file that the engine works with.
     * @returns the state of the stack; undefined if there is no such stack
     */
    async prepare(stack: Deployable, stop?: AbortSignal): Promise<StackState | undefined> {
        this.configure(stack);
        return this.findState(stop);
    }

    /** Writes the config file that the engine works with. */
    configure({ file, overrides }: Deployable): void {
        this.prepareFolders();
        if (isEncrypted(file) && !hasPassphrase()) {
            throw new UserError(
                `${stackFile(this.name)} holds encrypted values: set PULUMI_CONFIG_PASSPHRASE or ` +
                    "PULUMI_CONFIG_PASSPHRASE_FILE to their passphrase",
            );
        }
        const earlier = existsSync(this.configFile) ? readEarlier(this.configFile) : {};
        const qualified = Object.entries(overrides).map(([key, value]) => [`${PROJECT_NAME}:${key}`, value]);
        const config = Object.fromEntries(qualified) as Record<string, unknown>;
        writeAtomically(this.configFile, toYaml(workingStackFile(file, earlier, config)));
    }

    /** Creates the stack, whose config is prepared. @returns its empty state */
    async create(stop?: AbortSignal): Promise<StackState> {
        const args = ["stack", "init", this.name, "--no-select"];
        await this.ask(args, `the stack "${this.name}" cannot be created in ${this.backend}`, stop);
        return {};
    }

    /**
     * `pulumi up`, on the terminal; a second time if a webhook could not be reached.
     * @throws UserError with the engine's errors, as text, as its cause
     * @param options.refresh first compares the state with the cluster; otherwise the engine trusts its state
     */
    async up(options: { refresh?: boolean }, stop?: AbortSignal): Promise<void> {
        const attempt = () => this.operate("up", "deploy", options.refresh ? ["--refresh"] : [], stop);
        await attempt().catch((error: unknown) => {
            // istiod is ready a moment before kube-proxy routes the API server to it.
            if (error instanceof UserError && String(error.cause).includes(UNREACHED_WEBHOOK)) {
                console.log("A webhook could not be reached. New webhooks take a moment, so this tries again.");
                return attempt();
            }
            throw error;
        });
    }

    /** `pulumi destroy`, on the terminal. */
    async destroy(stop?: AbortSignal): Promise<void> {
        await this.renewKubeconfig(stop);
        await this.operate("destroy", "destroy", [], stop);
    }

    /** The engine's state of the stack; undefined if there is no such stack. Secrets in it are encrypted. */
    async findState(stop?: AbortSignal): Promise<StackState | undefined> {
        this.prepareFolders();
        const args = ["stack", "export", "--stack", this.name];
        const state = await this.ask(args, `the state of stack "${this.name}" cannot be read`, stop, "null");
        return (JSON.parse(state) as StackState | null) ?? undefined;
    }

    /** `pulumi refresh`: updates the state from the cluster, and drops pending creations from it. */
    async refresh(stop?: AbortSignal): Promise<void> {
        await this.renewKubeconfig(stop);
        const { code, stdout, stderr } = await this.quietly("refresh", ["--clear-pending-creates"], stop);
        if (code !== 0) {
            throw new UserError(`Pulumi could not refresh stack "${this.name}":\n${stdout}${stderr}`);
        }
    }

    /**
     * Puts today's kubeconfig into the state if it has changed. `refresh` and `destroy` run no program, so they use the one in
     * the state. If this fails, the next operation says why.
     */
    private async renewKubeconfig(stop?: AbortSignal): Promise<void> {
        const { kubeconfig } = this;
        if (kubeconfig === undefined) {
            return;
        }
        const { code, stdout } = await this.pulumi(["stack", "export", "--show-secrets", "--stack", this.name], stop);
        const access = code === 0 ? accessIn(JSON.parse(stdout) as StackState) : undefined;
        if (access && access.kubeconfig !== kubeconfig) {
            console.log("The kubeconfig has changed since the last up: updating it in the state.");
            const targets = access.urns.flatMap((urn) => ["--target", urn]);
            await this.quietly("up", targets, stop);
        }
    }

    /** An operation of the engine without its output on the terminal. */
    private quietly(command: "refresh" | "up", options: string[], stop?: AbortSignal) {
        const common = ["--stack", this.name, "--config-file", this.configFile, "--yes", "--skip-preview"];
        const args = [command, ...common, ...options, "--non-interactive"];
        return whileNoted((onStart) => run(this.engine.cli, args, { ...this.asUser(PROJECT_FOLDER), stop, onStart }));
    }

    /** Removes all locks from a stack, also those of others. */
    async cancel(stop?: AbortSignal): Promise<void> {
        await this.ask(["cancel", this.name, "--yes"], `the locks of stack "${this.name}" cannot be removed`, stop);
    }

    /** The stack's outputs; a secret one reads `[secret]`. */
    async outputs(stop?: AbortSignal): Promise<Record<string, unknown>> {
        const args = ["stack", "output", "--json", "--stack", this.name];
        const outputs = await this.ask(args, `the outputs of stack "${this.name}" cannot be read`, stop);
        return JSON.parse(outputs) as Record<string, unknown>;
    }

    /**
     * Removes the stack with its state.
     * @param force even if it holds resources: for those of a cluster that is gone
     */
    async remove(options: { force: boolean }, stop?: AbortSignal): Promise<void> {
        this.prepareFolders();
        const args = ["stack", "rm", this.name, "--yes", "--preserve-config", ...(options.force ? ["--force"] : [])];
        await this.ask(args, `the stack "${this.name}" cannot be removed from ${this.backend}`, stop, "");
        rmSync(this.configFile, { force: true });
    }

    /** Shell commands to use the Pulumi CLI on this stack by hand. */
    shellCommands(): string[] {
        const configFile = path.relative(PROJECT_FOLDER, this.configFile);
        return [
            `export ${this.backendVariable()}`,
            ...(hasPassphrase() ? [] : [`export PULUMI_CONFIG_PASSPHRASE_FILE=${shellWord(PASSPHRASE_FILE)}`]),
            `${this.command()} preview --stack ${this.name} --config-file ${shellWord(configFile)}`,
        ];
    }

    /** The shell command that removes all its locks. */
    cancelCommand(): string {
        return `${this.backendVariable()} ${this.command()} cancel ${this.name}`;
    }

    /** The shell command that forgets what it has deployed. */
    forgetCommand(): string {
        return `${this.backendVariable()} ${this.command()} stack rm ${this.name} --force`;
    }

    /** The CLI in a shell command: its path if it is not on `PATH`, such as one that npm's package has downloaded. */
    private command(): string {
        const { cli } = this.engine;
        return searchPath().includes(path.dirname(cli)) ? "pulumi" : shellWord(cli);
    }

    /** The backend as a shell variable. Bucket addresses have characters that must be quoted. */
    private backendVariable(): string {
        return `PULUMI_BACKEND_URL=${shellWord(this.backend)}`;
    }

    private async operate(
        command: "up" | "destroy",
        purpose: string,
        options: string[],
        stop?: AbortSignal,
    ): Promise<void> {
        const common = ["--stack", this.name, "--config-file", this.configFile, "--yes", "--skip-preview"];
        const eventLog = path.join(WORKSPACE, `${this.name}.events`);
        const args = [command, ...common, ...options, "--event-log", eventLog];
        try {
            const { code, stderr } = await whileNoted((onStart) =>
                runInForeground(this.engine.cli, args, {
                    // Only with the variable does the CLI know the option --event-log, which its SDKs use.
                    ...this.asUser(PROJECT_FOLDER, { PULUMI_DEBUG_COMMANDS: "true" }),
                    stop,
                    onStart,
                }),
            );
            if (stop?.aborted) {
                throw new Stopped();
            }
            if (code === KILLED) {
                throw new UserError(
                    "Pulumi's engine was killed; run the command again: it first repairs what the engine left half-done",
                );
            }
            if (code !== 0) {
                // An engine that fails before it begins writes no event log.
                const errors = [...errorsIn(eventLog), errorOf(stderr)];
                const cause = errors.filter((error) => error !== "").join("\n");
                throw new UserError(`Pulumi could not ${purpose} stack "${this.name}" (see above)`, { cause });
            }
        } finally {
            rmSync(eventLog, { force: true });
        }
    }

    /**
     * @param without returned if there is no such stack; by default that is an error too
     * @returns the CLI's standard output
     * @throws UserError that begins with `failure`
     */
    private async ask(args: string[], failure: string, stop?: AbortSignal, without?: string): Promise<string> {
        const { code, stdout, stderr } = await this.pulumi(args, stop);
        if (code === 0) {
            return stdout;
        }
        if (without !== undefined && stderr.includes(NO_STACK)) {
            return without;
        }
        throw new UserError(`${failure}: ${errorOf(stderr)}`);
    }

    /** Runs the CLI in the workspace, so that it writes the stack's file there and not in the clone. */
    private pulumi(args: string[], stop?: AbortSignal) {
        return run(this.engine.cli, [...args, "--non-interactive"], { ...this.asUser(WORKSPACE), stop });
    }

    /** The config file that the engine works with. */
    get configFile(): string {
        return path.join(WORKSPACE, `Pulumi.${this.name}.yaml`);
    }

    /** How the CLI runs in a folder: as the user who has called sudo, who then also gets the state. */
    private asUser(cwd: string, more: NodeJS.ProcessEnv = {}) {
        const user = sudoUser([PROJECT_FOLDER, ...this.needed]);
        if (user) {
            giveTo(user, STATE_FOLDER);
        }
        return { cwd, user, env: environmentOf(user, { ...this.environment(), ...more }) };
    }

    private environment(): NodeJS.ProcessEnv {
        return {
            ...engineEnvironment(this.engine.cli),
            PULUMI_BACKEND_URL: this.backend,
            ...(hasPassphrase() ? {} : { PULUMI_CONFIG_PASSPHRASE_FILE: PASSPHRASE_FILE }),
        };
    }

    private prepareFolders(): void {
        makePrivateFolder(STATE_FOLDER);
        makePrivateFolder(WORKSPACE);
        writeAtomically(path.join(WORKSPACE, "Pulumi.yaml"), toYaml({ name: PROJECT_NAME, runtime: "nodejs" }));
        if (this.backend === localBackend()) {
            makePrivateFolder(path.join(STATE_FOLDER, "pulumi"));
        }
        if (!hasPassphrase() && !existsSync(PASSPHRASE_FILE)) {
            writeAtomically(PASSPHRASE_FILE, randomBytes(32).toString("base64url"));
        }
    }
}

/** The config file of an earlier run; empty if the CLI was killed while it wrote it: the state has the encryption settings too. */
function readEarlier(file: string): StackFile {
    try {
        return (parse(readFileSync(file, "utf8")) ?? {}) as StackFile;
    } catch {
        return {};
    }
}

/**
 * Runs an engine that may lock the stack, and notes it meanwhile. The note stays if it was killed: it proves later that its lock
 * is dead.
 */
async function whileNoted<T extends { code: number }>(
    work: (onStart: (pid: number) => void) => Promise<T>,
): Promise<T> {
    let forget: (() => void) | undefined;
    const finished = await work((pid) => {
        forget = noteStarted(pid);
    });
    if (finished.code !== KILLED) {
        forget?.();
    }
    return finished;
}

function hasPassphrase(env: NodeJS.ProcessEnv = process.env): boolean {
    return env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE !== undefined;
}

/** What the CLI wrote, without its "error:". */
function errorOf(stderr: string): string {
    return stderr.trim().replace(/^error: /, "");
}
