import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { version as kubernetesVersion } from "@pulumi/kubernetes/package.json";
import { version as pinnedCli } from "pulumi/package.json";
import { parse, stringify } from "yaml";
import { searchPath } from "../../../packages/shared/childProcess";
import { type StackFile, workingStackFile } from "../../../packages/cli/engine/configFile";
import { engineEnvironment, findCli, hasProvider } from "../../../packages/cli/engine/discovery";
import { type Ended, runCommand } from "../commands";

const home = process.env.PULUMI_HOME ?? path.join(homedir(), ".pulumi");

/** The Pulumi CLI, if there is one, and the Kubernetes provider with it. */
export function findPulumi(): string | undefined {
    const cli = findCli(searchPath(), home, pinnedCli);
    return cli !== undefined && hasProvider(searchPath(), home, kubernetesVersion) ? cli : undefined;
}

/** How a client of Kubernetes proves who it is; base64-encoded PEM. */
export interface ClientCertificate {
    certificate: string;
    key: string;
}

export interface StackOptions {
    /** Path of the Pulumi CLI. */
    cli: string;
    /** An empty folder for the stack's state, config and credentials. */
    folder: string;
    /** Folder of the program. */
    program: string;
    /** Port of the stand-in for the Google Cloud provider. */
    google: number;
    /** What gcloud's plugin hands to clients of Kubernetes; nobody in particular by default. */
    client?: ClientCertificate;
    /** The authority that the control plane's certificate is from, instead of the public ones; base64-encoded PEM. */
    authority?: string;
}

/** The stack `dev` of this project, deployed by the Pulumi CLI, with its state in a folder. */
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

    preview(...args: string[]): Promise<Ended> {
        return this.operate("preview", ...args);
    }

    up(...args: string[]): Promise<Ended> {
        return this.operate("up", "--yes", "--skip-preview", ...args);
    }

    destroy(): Promise<Ended> {
        return this.operate("destroy", "--yes");
    }

    /** The outputs, secrets in clear. */
    async outputs(): Promise<Record<string, unknown>> {
        const args = ["stack", "output", "--json", "--show-secrets", "--stack", "dev"];
        return JSON.parse((await this.pulumi(this.workspace, args)).stdout) as Record<string, unknown>;
    }

    /** What clients of Kubernetes, in Go and in Node.js, find gcloud's plugin and trust the control plane by. */
    clientEnvironment(): NodeJS.ProcessEnv {
        return {
            PATH: [this.bin, process.env.PATH].join(path.delimiter),
            ...(this.options.authority && { SSL_CERT_FILE: this.authority, NODE_EXTRA_CA_CERTS: this.authority }),
        };
    }

    private operate(...args: string[]): Promise<Ended> {
        const stack = ["--stack", "dev", "--config-file", this.configFile, "--non-interactive"];
        return this.pulumi(this.options.program, [...args, ...stack]);
    }

    private pulumi(folder: string, args: string[]): Promise<Ended> {
        const { cli, google } = this.options;
        return runCommand(cli, ["--cwd", folder, ...args], {
            ...engineEnvironment(cli, { ...process.env, ...this.clientEnvironment() }),
            PULUMI_BACKEND_URL: pathToFileURL(this.state).href,
            PULUMI_CONFIG_PASSPHRASE: "not a secret",
            PULUMI_DEBUG_PROVIDERS: `gcp:${String(google)}`,
            GOOGLE_APPLICATION_CREDENTIALS: this.credentials,
        });
    }

    /** Folder of a bare project of the same name: `stack init` writes beside its Pulumi.yaml. */
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

/** gcloud's plugin, as far as clients of Kubernetes know it: it hands out a credential, in the one version that it knows. */
function authPlugin({ certificate, key }: ClientCertificate): string {
    const pem = (text: string) => Buffer.from(text, "base64").toString();
    const credential = {
        kind: "ExecCredential",
        apiVersion: "client.authentication.k8s.io/v1beta1",
        status: key === "" ? { token: "anyone" } : { clientCertificateData: pem(certificate), clientKeyData: pem(key) },
    };
    return `#!/bin/sh\ncat << 'END'\n${JSON.stringify(credential)}\nEND\n`;
}
