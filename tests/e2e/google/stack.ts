import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parse, stringify } from "yaml";
import { workingStackFile } from "../../../packages/cli/engine/configFile";
import { engineEnvironment } from "../../../packages/cli/engine/discovery";
import type { StackFile } from "../../../packages/cli/program/projectConfig";
import { type CommandResult, runCommand } from "../commands";
import { pulumiCli } from "../engine";

/** Credentials of a client of Kubernetes; base64-encoded PEM. */
export interface ClientCertificate {
    certificate: string;
    key: string;
}

export interface StackOptions {
    /** An empty folder for the stack's state, config and credentials. */
    folder: string;
    /** Folder of the program. */
    program: string;
    /** Port of the stand-in for the Google Cloud provider. */
    google: number;
    /** Variables by which the program finds Google's APIs. */
    apis?: NodeJS.ProcessEnv;
    /** The credentials that gcloud's plugin gives to clients of Kubernetes. Default: a token without meaning. */
    client?: ClientCertificate;
    /** The certificate authority of the control plane, base64-encoded PEM. Default: the public ones. */
    authority?: string;
}

/** The stack `dev`, deployed by the Pulumi CLI, with its state in a folder. */
export class Stack {
    private constructor(private readonly options: StackOptions) {}

    static async create(options: StackOptions): Promise<Stack> {
        const stack = new Stack(options);
        for (const folder of [stack.workspace, stack.state, stack.bin]) {
            mkdirSync(folder, { recursive: true });
        }
        writeFileSync(path.join(stack.workspace, "Pulumi.yaml"), "name: bookinfo-mesh\nruntime: nodejs\n");
        writeFileSync(stack.credentials, JSON.stringify({ type: "authorized_user" }));
        writeFileSync(stack.plugin, authPlugin(options.client ?? { certificate: "", key: "" }));
        chmodSync(stack.plugin, 0o755);
        writeFileSync(stack.authority, Buffer.from(options.authority ?? "", "base64"));
        const { code, output } = await stack.pulumi(stack.workspace, ["stack", "init", "dev"]);
        if (code !== 0) {
            throw new Error(output);
        }
        return stack;
    }

    /** Sets the whole config, by qualified keys. */
    configure(config: Record<string, unknown>): void {
        const earlier = existsSync(this.configFile)
            ? (parse(readFileSync(this.configFile, "utf8")) as StackFile)
            : undefined;
        writeFileSync(this.configFile, stringify(workingStackFile({ config }, earlier, {})));
    }

    preview(...args: string[]): Promise<CommandResult> {
        return this.operate(["preview", ...args]);
    }

    up(...args: string[]): Promise<CommandResult> {
        return this.operate(["up", "--yes", "--skip-preview", ...args]);
    }

    refresh(env: NodeJS.ProcessEnv): Promise<CommandResult> {
        return this.operate(["refresh", "--yes"], env);
    }

    destroy(): Promise<CommandResult> {
        return this.operate(["destroy", "--yes"]);
    }

    /** The outputs, with secrets in clear. */
    async outputs(): Promise<Record<string, unknown>> {
        const args = ["stack", "output", "--json", "--show-secrets", "--stack", "dev"];
        return JSON.parse((await this.pulumi(this.workspace, args)).stdout) as Record<string, unknown>;
    }

    /** Environment in which Go and Node.js clients of Kubernetes find gcloud's plugin and trust the control plane. */
    clientEnvironment(): NodeJS.ProcessEnv {
        return {
            PATH: [this.bin, process.env.PATH].join(path.delimiter),
            ...(this.options.authority && { SSL_CERT_FILE: this.authority, NODE_EXTRA_CA_CERTS: this.authority }),
        };
    }

    /** Starts an update, kills it with all of its processes, and takes the lock away that it leaves. */
    async upUntil(moment: Promise<unknown>): Promise<void> {
        const args = ["--cwd", this.options.program, "up", "--yes", "--skip-preview", ...this.onStack()];
        const env = { ...process.env, ...this.environment({}) };
        const child = spawn(pulumiCli, args, { detached: true, stdio: "ignore", env });
        const ended = once(child, "exit");
        await Promise.race([moment, ended]);
        process.kill(-(child.pid ?? 0), "SIGKILL");
        await ended;
        await this.pulumi(this.workspace, ["cancel", "--yes", "dev"]);
    }

    private onStack(): string[] {
        return ["--stack", "dev", "--config-file", this.configFile, "--non-interactive"];
    }

    private operate(args: string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
        return this.pulumi(this.options.program, [...args, ...this.onStack()], env);
    }

    private pulumi(folder: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
        return runCommand(pulumiCli, ["--cwd", folder, ...args], this.environment(env));
    }

    private environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
        return {
            ...engineEnvironment(pulumiCli, { ...process.env, ...this.clientEnvironment() }),
            PULUMI_BACKEND_URL: pathToFileURL(this.state).href,
            PULUMI_CONFIG_PASSPHRASE: "not a secret",
            PULUMI_DEBUG_PROVIDERS: `gcp:${String(this.options.google)}`,
            GOOGLE_APPLICATION_CREDENTIALS: this.credentials,
            ...this.options.apis,
            ...env,
        };
    }

    /** Folder of an empty project of the same name, because `stack init` writes a file beside its Pulumi.yaml. */
    private get workspace(): string {
        return path.join(this.options.folder, "workspace");
    }

    private get configFile(): string {
        return path.join(this.workspace, "Pulumi.dev.yaml");
    }

    private get state(): string {
        return path.join(this.options.folder, "state");
    }

    private get credentials(): string {
        return path.join(this.options.folder, "credentials.json");
    }

    private get authority(): string {
        return path.join(this.options.folder, "authority.pem");
    }

    private get bin(): string {
        return path.join(this.options.folder, "bin");
    }

    private get plugin(): string {
        return path.join(this.bin, "gke-gcloud-auth-plugin");
    }
}

/** A stand-in for gcloud's plugin, which prints a credential. */
function authPlugin({ certificate, key }: ClientCertificate): string {
    const pem = (text: string) => Buffer.from(text, "base64").toString();
    const credential = {
        kind: "ExecCredential",
        apiVersion: "client.authentication.k8s.io/v1beta1",
        status: key === "" ? { token: "anyone" } : { clientCertificateData: pem(certificate), clientKeyData: pem(key) },
    };
    return `#!/bin/sh\ncat << 'END'\n${JSON.stringify(credential)}\nEND\n`;
}
