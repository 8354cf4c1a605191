import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { run } from "../shared/childProcess";
import { engineEnvironment } from "../cli/engine/discovery";
import { UserError } from "../shared/errors";
import { readOr } from "../shared/processId";
import { PROJECT_FOLDER, PROJECT_NAME } from "../shared/project";
import { toYaml } from "../shared/yaml";
import type { StackState } from "./plainProgram";
import type { Setting } from "./result";

/** The files and folders of a program. Nothing else is copied. */
const SOURCES = [
    ...["Pulumi.yaml", "package.json", "tsconfig.json"],
    ...["index.ts", "config", "components", "packages"],
];

const STACK = "bench";

/** One operation of the engine. */
export interface Operation {
    /** From the start of the CLI to its end, in seconds. */
    seconds: number;
    /** Peak memory of the program's process, in MB; NaN if the operation runs no program. */
    memory: number;
}

/** The settings of a program that is a single JavaScript file: nothing but Pulumi's defaults. */
const PLAIN_RUNTIME = { name: "nodejs", options: { typescript: false } };

interface Options {
    /** A file of `packages/bench/programs` that replaces the program; default: the program itself. */
    program?: string;
    /** The text of a JavaScript program that replaces the program and all its settings. */
    script?: string;
    /** The stack's config, by qualified key. */
    config?: Record<string, unknown>;
    /** JSON files that the program reads, by name. */
    input?: Record<string, object>;
}

/** A copy of this project that the benchmark may change. It has its own stack and state. */
export class EngineProject {
    private constructor(
        private readonly setting: Setting,
        /** A folder of this copy alone. */
        private readonly scratch: string,
    ) {}

    /** Makes a copy and its stack. @param name name of the copy's folder */
    static async create(setting: Setting, name: string, options: Options): Promise<EngineProject> {
        const { program, script, config = {}, input = {} } = options;
        const project = new EngineProject(setting, path.join(setting.scratch, name));
        mkdirSync(project.file(), { recursive: true });
        mkdirSync(path.join(project.scratch, "state"));
        for (const source of script === undefined ? SOURCES : []) {
            cpSync(path.join(PROJECT_FOLDER, source), project.file(source), { recursive: true });
        }
        symlinkSync(path.join(PROJECT_FOLDER, "node_modules"), project.file("node_modules"));
        if (program !== undefined) {
            // In the same runtime with the same settings, but without the config of this program.
            const { runtime } = parse(readFileSync(project.file("Pulumi.yaml"), "utf8")) as { runtime: unknown };
            writeFileSync(project.file("Pulumi.yaml"), toYaml({ name: "bookinfo-mesh-bench", runtime }));
            writeFileSync(project.file("index.ts"), `import "./packages/bench/programs/${program}";\n`);
        }
        if (script !== undefined) {
            // With the name of this project, which is a part of each URN.
            writeFileSync(project.file("Pulumi.yaml"), toYaml({ name: PROJECT_NAME, runtime: PLAIN_RUNTIME }));
            writeFileSync(project.file("package.json"), JSON.stringify({ main: "index.js" }));
            writeFileSync(project.file("index.js"), script, { mode: 0o600 });
        }
        for (const [file, content] of Object.entries(input)) {
            writeFileSync(project.file(file), JSON.stringify(content));
        }
        writeFileSync(project.file(`Pulumi.${STACK}.yaml`), toYaml({ config }), { mode: 0o600 });
        await project.pulumi(["stack", "init", STACK]);
        return project;
    }

    up(): Promise<Operation> {
        return this.operate(["up", "--yes", "--skip-preview"]);
    }

    /** An `up` that writes its state only once, at the end, and not after each resource. */
    upAtOnce(): Promise<Operation> {
        const env = { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" };
        return this.operate(["up", "--yes", "--skip-preview"], env);
    }

    preview(): Promise<Operation> {
        return this.operate(["preview"]);
    }

    /** @throws UserError if a preview would change something */
    async expectUnchanged(): Promise<void> {
        await this.pulumi(["preview", "--stack", STACK, "--expect-no-changes"]);
    }

    destroy(): Promise<Operation> {
        return this.operate(["destroy", "--yes", "--skip-preview"]);
    }

    /** Size of the stack's state in bytes, and the number of resources in it. */
    async state(): Promise<{ bytes: number; resources: number }> {
        const text = await this.pulumi(["stack", "export", "--stack", STACK]);
        const { deployment } = JSON.parse(text) as { deployment: { resources?: unknown[] } };
        return { bytes: JSON.stringify(deployment).length, resources: deployment.resources?.length ?? 0 };
    }

    /** The state, with its secrets in plain text. */
    async export(): Promise<StackState> {
        return JSON.parse(await this.pulumi(["stack", "export", "--stack", STACK, "--show-secrets"])) as StackState;
    }

    /** Replaces the state, as if this project had deployed what is in it. */
    async import(state: StackState): Promise<void> {
        const file = this.file("imported.json");
        writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
        await this.pulumi(["stack", "import", "--stack", STACK, "--file", file]);
        rmSync(file);
    }

    /** Empties the state, and leaves everything that is deployed. */
    async forget(): Promise<void> {
        await this.pulumi(["stack", "rm", STACK, "--force", "--yes", "--preserve-config"]);
        await this.pulumi(["stack", "init", STACK]);
    }

    /** Adds a comment to a source file. */
    edit(file: string, round: number): void {
        appendFileSync(this.file(file), `// Edit ${round + 1}.\n`);
    }

    /** Path of a file in the copy; default: the copy's folder. */
    private file(name = ""): string {
        return path.join(this.scratch, "project", name);
    }

    private async operate(command: string[], env: NodeJS.ProcessEnv = {}): Promise<Operation> {
        const memoryFile = path.join(this.scratch, "memory");
        rmSync(memoryFile, { force: true });
        const hook = path.join(__dirname, "peakMemory.cjs");
        const began = performance.now();
        await this.pulumi([...command, "--stack", STACK], {
            ...env,
            NODE_OPTIONS: `--require ${hook}`,
            BENCH_PEAK_MEMORY: memoryFile,
        });
        const seconds = (performance.now() - began) / 1000;
        const peaks = readOr(memoryFile, "").match(/\d+/g) ?? [];
        return { seconds, memory: peaks.length > 0 ? (Math.max(...peaks.map(Number)) * 1024) / 1e6 : NaN };
    }

    private async pulumi(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
        const { engine, stop } = this.setting;
        const { code, stdout, stderr } = await run(engine.cli, [...args, "--non-interactive"], {
            cwd: this.file(),
            env: {
                ...engineEnvironment(engine.cli),
                PULUMI_BACKEND_URL: pathToFileURL(path.join(this.scratch, "state")).href,
                PULUMI_CONFIG_PASSPHRASE: "benchmark",
                ...env,
            },
            stop,
        });
        if (code !== 0) {
            throw new UserError(`pulumi ${args[0] ?? ""} failed:\n${stdout}${stderr}`);
        }
        return stdout;
    }
}
