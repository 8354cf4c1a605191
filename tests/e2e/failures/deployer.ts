import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { mergeValues, type HelmValues } from "../../../components/istio/merge";
import { clone, kubectl, npmRun, runCommand, sandboxBin, sandboxKubeconfig, stackFileWith } from "../commands";

/** A way to deploy. */
export interface DeploymentStrategy {
    /** The stack, which is this way's own. */
    stack: string;
    /** Options of `npm run up` and `npm run render`. */
    options: readonly string[];
    /** Time that `npm run up` takes by itself, in seconds: npm, Node.js, and running the program. */
    ownTime: number;
    /** Whether it gives up early on pods for which waiting does nothing. */
    givesUp: boolean;
}

export const charts = "/run/bookinfo-mesh/charts";

/** Where the tests put their files. */
export const folder = fs.mkdtempSync(path.join(os.tmpdir(), "bad-days-"));

/** How long helm waits here, in seconds. */
export const TIMEOUT = 40;

const off = { enabled: false };
const istio: HelmValues = {
    timeout: TIMEOUT,
    tracing: off,
    prometheus: off,
    grafana: off,
    kiali: off,
    servicegraph: off,
};

/** Deploys to the sandbox again and again, each time with something else that is wrong. */
export class Deployer {
    /** The kubeconfig that is deployed with; the tests change who it is of. */
    kubeconfig = sandboxKubeconfig;
    private readonly stackFile: string;

    constructor(private readonly way: DeploymentStrategy) {
        this.stackFile = path.join(clone, `Pulumi.${way.stack}.yaml`);
    }

    /** Runs `npm run up` with a change to the config. */
    async up(changes: HelmValues = {}) {
        const config = { cluster: { path: this.kubeconfig }, istio: mergeValues(istio, changes) };
        fs.writeFileSync(this.stackFile, stackFileWith(config));
        const begun = Date.now();
        const ended = await npmRun("up", "--stack", this.way.stack, ...this.way.options);
        return { ...ended, seconds: (Date.now() - begun) / 1000 };
    }

    /**
     * The message of a run that fails, as it has to: in time, with one message and no stack trace.
     * @param limit in seconds, beside what every run takes
     */
    async failing(limit: number, changes?: HelmValues): Promise<string> {
        const { code, output, seconds } = await this.up(changes);
        expect({ code, output }).toMatchObject({ code: 1 });
        expect(seconds).toBeLessThan(limit + this.way.ownTime);
        expect(output.match(/^error: /gm)).toHaveLength(1);
        expect(output).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
        expect(output).not.toContain("a bug in bookinfo-mesh");
        return output.slice(output.indexOf("error: "));
    }

    /** Takes away what was deployed. */
    async down(): Promise<void> {
        await npmRun("down", "--stack", this.way.stack);
        fs.rmSync(this.stackFile, { force: true });
        fs.rmSync(folder, { recursive: true });
    }
}

/** A kubeconfig of the sandbox with another server, certificate authority (PEM) or token. */
export function kubeconfigWith({ server, ca, token }: { server?: string; ca?: string; token?: string }): string {
    const file = path.join(folder, "kubeconfig");
    const config = parse(fs.readFileSync(sandboxKubeconfig, "utf8")) as Kubeconfig;
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

interface Kubeconfig {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
}

/** Runs commands out of a message, as a person does who is an administrator of the sandbox. */
export async function paste(message: string, command: RegExp): Promise<void> {
    const lines = message.split("\n").filter((line) => command.test(line));
    expect(lines).not.toHaveLength(0);
    const env = { KUBECONFIG: sandboxKubeconfig, PATH: `${sandboxBin}:${process.env.PATH ?? ""}` };
    expect(await runCommand("bash", ["-ec", lines.join("\n")], env)).toMatchObject({ code: 0 });
}

/** Creates objects as they are given. */
export async function create(...objects: object[]): Promise<void> {
    const file = path.join(folder, "objects.json");
    fs.writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    await kubectl("create", "--filename", file);
}
