import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stringify } from "yaml";
import { mergeValues, type HelmValues } from "../../../components/istio/merge";
import {
    kubectl,
    npmRun,
    readSandboxKubeconfig,
    removeStack,
    runCommand,
    sandboxEnvironment,
    sandboxKubeconfig,
    WITHOUT_ADDONS,
    writeStackFile,
} from "../commands";

/** A deployment strategy that is tested. */
export interface TestedStrategy {
    /** Name of its stack, which no other test uses. */
    stack: string;
    /** Options of `npm run up`. */
    options: readonly string[];
    /** Time that every `npm run up` takes, in seconds: to start npm and Node.js, and to run the program. */
    overhead: number;
    /** Whether it fails early if waiting cannot make the pods ready. */
    failsEarly: boolean;
}

/** Folder of the tests' files. */
export const folder = fs.mkdtempSync(path.join(os.tmpdir(), "failures-"));

/** How long helm waits in these tests, in seconds. */
export const TIMEOUT = 40;

const istio: HelmValues = { timeout: TIMEOUT, ...WITHOUT_ADDONS };

/** Deploys to the sandbox repeatedly, each time with another fault. */
export class Deployer {
    /** Path of the kubeconfig to deploy with. Tests set another one to change the server or the credentials. */
    kubeconfig: string = sandboxKubeconfig;

    constructor(private readonly strategy: TestedStrategy) {}

    /** What the last `npm run up` printed. */
    output = "";

    /** Runs `npm run up` with changes to the config of Istio. */
    async up(changes: HelmValues = {}) {
        const { stack, options } = this.strategy;
        writeStackFile(stack, { cluster: { path: this.kubeconfig }, istio: mergeValues(istio, changes) });
        const begun = Date.now();
        const result = await npmRun("up", "--stack", stack, ...options);
        this.output = result.output;
        return { ...result, seconds: (Date.now() - begun) / 1000 };
    }

    /** Runs `npm run verify`. */
    verify() {
        return npmRun("verify", "--stack", this.strategy.stack, "--json");
    }

    /**
     * Runs `npm run up`, which must fail: in time, with one message and no stack trace.
     * @param limit in seconds, without the overhead of every run
     * @returns the message
     */
    async expectFailure(limit: number, changes?: HelmValues): Promise<string> {
        const { code, output, seconds } = await this.up(changes);
        expect({ code, output }).toMatchObject({ code: 1 });
        expect(seconds).toBeLessThan(limit + this.strategy.overhead);
        // The CLI's own word if its engine was stopped.
        expect(output.replace(/^error: update cancell?ed$/m, "").match(/^error: /gm)).toHaveLength(1);
        expect(output).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
        expect(output).not.toContain("a bug in bookinfo-mesh");
        return output.slice(output.indexOf("error: "));
    }

    /** Removes the stack and the tests' files. */
    async remove(): Promise<void> {
        await removeStack(this.strategy.stack);
        fs.rmSync(folder, { recursive: true });
    }
}

/** Writes the sandbox's kubeconfig with another server, certificate authority (PEM) or token. @returns its path */
export function kubeconfigWith({ server, ca, token }: { server?: string; ca?: string; token?: string }): string {
    const file = path.join(folder, "kubeconfig");
    const config = readSandboxKubeconfig();
    for (const { cluster } of config.clusters) {
        Object.assign(cluster, server && { server }, ca && { "certificate-authority-data": btoa(ca) });
    }
    if (token !== undefined) {
        for (const user of config.users) {
            user.user = { token };
        }
    }
    fs.writeFileSync(file, stringify(config));
    return file;
}

/** Runs the commands in a message that match, as an administrator of the sandbox. */
export async function runCommandsOf(message: string, command: RegExp): Promise<void> {
    const lines = message.split("\n").filter((line) => command.test(line));
    expect(lines).not.toHaveLength(0);
    expect(await runCommand("bash", ["-ec", lines.join("\n")], sandboxEnvironment)).toMatchObject({ code: 0 });
}

/** Creates objects with kubectl. */
export async function create(...objects: object[]): Promise<void> {
    const file = path.join(folder, "objects.json");
    fs.writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    await kubectl("create", "--filename", file);
}
