import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { run } from "../shared/childProcess";
import { engineEnvironment } from "../cli/engine/discovery";
import { UserError } from "../shared/errors";
import { PROJECT_FOLDER } from "../shared/project";
import { toYaml } from "../shared/yaml";
import type { Setting } from "./result";

/** The files and folders of a program. Nothing else is copied. */
const SOURCES = [
    ...["Pulumi.yaml", "package.json", "tsconfig.json", "tsconfig.pulumi.json"],
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

/** A copy of this project that the benchmark may change. It has its own stack and state. */
export class EngineProject {
    readonly folder: string;
    private readonly backend: string;
    private readonly memoryFile: string;

    /**
     * @param name name of the copy's folder
     * @param program a file of `packages/bench/programs` that replaces the program; default: the program itself
     */
    constructor(
        private readonly setting: Setting,
        name: string,
        program?: string,
    ) {
        const scratch = path.join(setting.scratch, name);
        this.folder = path.join(scratch, "project");
        this.backend = path.join(scratch, "state");
        this.memoryFile = path.join(scratch, "memory");
        mkdirSync(this.folder, { recursive: true });
        mkdirSync(this.backend);
        for (const source of SOURCES) {
            cpSync(path.join(PROJECT_FOLDER, source), path.join(this.folder, source), { recursive: true });
        }
        symlinkSync(path.join(PROJECT_FOLDER, "node_modules"), path.join(this.folder, "node_modules"));
        if (program !== undefined) {
            this.replaceProgram(program);
        }
    }

    /** Replaces the program by another one, in the same runtime with the same settings, without the program's config. */
    private replaceProgram(program: string): void {
        const file = path.join(this.folder, "Pulumi.yaml");
        const { runtime } = parse(readFileSync(file, "utf8")) as { runtime: unknown };
        writeFileSync(file, toYaml({ name: "bookinfo-mesh-bench", runtime }));
        writeFileSync(path.join(this.folder, "index.ts"), `import "./packages/bench/programs/${program}";\n`);
    }

    /** Creates the stack. @param config by qualified key */
    async prepare(config: Record<string, unknown>): Promise<void> {
        writeFileSync(path.join(this.folder, `Pulumi.${STACK}.yaml`), toYaml({ config }), { mode: 0o600 });
        await this.pulumi(["stack", "init", STACK]);
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

    destroy(): Promise<Operation> {
        return this.operate(["destroy", "--yes", "--skip-preview"]);
    }

    /** Size of the stack's state in bytes, and the number of resources in it. */
    async state(): Promise<{ bytes: number; resources: number }> {
        const text = await this.pulumi(["stack", "export", "--stack", STACK]);
        const { deployment } = JSON.parse(text) as { deployment: { resources?: unknown[] } };
        return { bytes: JSON.stringify(deployment).length, resources: deployment.resources?.length ?? 0 };
    }

    /** Empties the state, and leaves everything that is deployed. */
    async forget(): Promise<void> {
        await this.pulumi(["stack", "rm", STACK, "--force", "--yes", "--preserve-config"]);
        await this.pulumi(["stack", "init", STACK]);
    }

    /** Adds a comment to a source file. */
    edit(file: string, round: number): void {
        const target = path.join(this.folder, file);
        writeFileSync(target, `${readFileSync(target, "utf8")}// Edit ${round + 1}.\n`);
    }

    private async operate(command: string[], env: NodeJS.ProcessEnv = {}): Promise<Operation> {
        rmSync(this.memoryFile, { force: true });
        const hook = path.join(__dirname, "peakMemory.cjs");
        const began = performance.now();
        await this.pulumi([...command, "--stack", STACK], {
            ...env,
            NODE_OPTIONS: `--require ${hook}`,
            BENCH_PEAK_MEMORY: this.memoryFile,
        });
        const seconds = (performance.now() - began) / 1000;
        const peaks = existsSync(this.memoryFile) ? readFileSync(this.memoryFile, "utf8").trim().split("\n") : [];
        return { seconds, memory: peaks.length > 0 ? (Math.max(...peaks.map(Number)) * 1024) / 1e6 : NaN };
    }

    private async pulumi(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
        const { engine, stop } = this.setting;
        const { code, stdout, stderr } = await run(engine.cli, [...args, "--non-interactive"], {
            cwd: this.folder,
            env: {
                ...engineEnvironment(engine.cli),
                PULUMI_BACKEND_URL: pathToFileURL(this.backend).href,
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
