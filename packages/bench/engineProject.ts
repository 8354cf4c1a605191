import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { run } from "../shared/childProcess";
import { type Engine, engineEnvironment } from "../cli/engine/discovery";
import { UserError } from "../shared/errors";
import { PROJECT_FOLDER } from "../shared/project";
import { toYaml } from "../shared/yaml";

/** What a program consists of, and nothing else of the clone. */
const SOURCES = [
    ...["Pulumi.yaml", "package.json", "tsconfig.json", "tsconfig.pulumi.json"],
    ...["index.ts", "config", "components", "packages"],
];

const STACK = "bench";

/** One operation of the engine. */
export interface Operation {
    /** From the start of the CLI to its end, in seconds. */
    seconds: number;
    /** Most memory that the program's process held, in MB; NaN where the operation runs no program. */
    memory: number;
}

/** A copy of this project, which the benchmark may change, with a stack and a state of its own. */
export class EngineProject {
    readonly folder: string;
    private readonly backend: string;
    private readonly memoryFile: string;

    /**
     * @param scratch a folder for this project alone
     * @param program a file of `packages/bench/programs` that takes the place of the program; undefined measures the program itself
     */
    constructor(
        private readonly engine: Engine,
        scratch: string,
        program?: string,
    ) {
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

    /** Another program in place of this one: in the same runtime, with the same settings, without its config. */
    private replaceProgram(program: string): void {
        const file = path.join(this.folder, "Pulumi.yaml");
        const { runtime } = parse(readFileSync(file, "utf8")) as { runtime: unknown };
        writeFileSync(file, toYaml({ name: "bookinfo-mesh-bench", runtime }));
        writeFileSync(path.join(this.folder, "index.ts"), `import "./packages/bench/programs/${program}";\n`);
    }

    /** Creates the stack. @param config by qualified key */
    async prepare(config: Record<string, unknown>, stop?: AbortSignal): Promise<void> {
        writeFileSync(path.join(this.folder, `Pulumi.${STACK}.yaml`), toYaml({ config }), { mode: 0o600 });
        await this.pulumi(["stack", "init", STACK], {}, stop);
    }

    async up(stop?: AbortSignal): Promise<Operation> {
        return this.operate(["up", "--yes", "--skip-preview"], {}, stop);
    }

    /** `up` that writes its state once, at the end, and not after each resource. */
    async upAtOnce(stop?: AbortSignal): Promise<Operation> {
        const env = { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" };
        return this.operate(["up", "--yes", "--skip-preview"], env, stop);
    }

    async preview(stop?: AbortSignal): Promise<Operation> {
        return this.operate(["preview"], {}, stop);
    }

    async destroy(stop?: AbortSignal): Promise<Operation> {
        return this.operate(["destroy", "--yes", "--skip-preview"], {}, stop);
    }

    /** Size of the stack's state in bytes, and the number of resources in it. */
    async state(stop?: AbortSignal): Promise<{ bytes: number; resources: number }> {
        const text = await this.pulumi(["stack", "export", "--stack", STACK], {}, stop);
        const { deployment } = JSON.parse(text) as { deployment: { resources?: unknown[] } };
        return { bytes: JSON.stringify(deployment).length, resources: deployment.resources?.length ?? 0 };
    }

    /** Empties the state, and touches nothing of what was deployed. */
    async forget(stop?: AbortSignal): Promise<void> {
        await this.pulumi(["stack", "rm", STACK, "--force", "--yes", "--preserve-config"], {}, stop);
        await this.pulumi(["stack", "init", STACK], {}, stop);
    }

    /** Changes a source file's content, and nothing of what it says. */
    edit(file: string, round: number): void {
        const target = path.join(this.folder, file);
        writeFileSync(target, `${readFileSync(target, "utf8")}// Edited for the ${round + 1}. time.\n`);
    }

    private async operate(command: string[], env: NodeJS.ProcessEnv, stop?: AbortSignal): Promise<Operation> {
        rmSync(this.memoryFile, { force: true });
        const hook = path.join(__dirname, "peakMemory.cjs");
        const began = performance.now();
        await this.pulumi(
            [...command, "--stack", STACK],
            { ...env, NODE_OPTIONS: `--require ${hook}`, BENCH_PEAK_MEMORY: this.memoryFile },
            stop,
        );
        const seconds = (performance.now() - began) / 1000;
        const peaks = existsSync(this.memoryFile) ? readFileSync(this.memoryFile, "utf8").trim().split("\n") : [];
        return { seconds, memory: peaks.length > 0 ? (Math.max(...peaks.map(Number)) * 1024) / 1e6 : NaN };
    }

    private async pulumi(args: string[], env: NodeJS.ProcessEnv, stop?: AbortSignal): Promise<string> {
        const { code, stdout, stderr } = await run(this.engine.cli, [...args, "--non-interactive"], {
            cwd: this.folder,
            env: {
                ...engineEnvironment(this.engine.cli),
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
