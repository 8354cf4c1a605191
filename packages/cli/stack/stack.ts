import path from "node:path";
import { SWITCHES } from "../../../components/names";
import { absolute, localFiles } from "../../../config/files";
import { type Ingress, ingressOf } from "../../../config/ingress";
import type { ClusterAddress } from "../../kubernetes/address";
import { findContexts, kubeconfigFiles, listContexts, locateContext } from "../../kubernetes/kubeconfig";
import { UserError } from "../../shared/errors";
import type { Kubeconfig } from "../../shared/kubeconfig";
import { PROJECT_FOLDER, PROJECT_NAME, SANDBOX_STACK, stackFile } from "../../shared/project";
import type { Declaration } from "../program/declaration";
import { evaluateProgram } from "../program/evaluate";
import { clusterSection, completeConfig, readStackFile, sectionOf, type StackFile } from "../program/projectConfig";
import { isEncrypted, isSecret, type StackConfig } from "../program/stackConfig";
import { type DeploymentRecord, readRecord } from "./record";

/** Options by which a user names a stack and its cluster. */
export interface StackOptions {
    context?: string;
    kubeconfig?: string;
    stack?: string;
}

/** The section `istio` of a stack's file, as far as it concerns add-ons. */
type Istio = Partial<Record<string, { enabled?: unknown; url?: unknown }>>;

const ADDON_SECTIONS = Object.values(SWITCHES);

/** What is known of a stack when a command starts. */
export type StackFacts = Pick<Stack, "name" | "file" | "cluster" | "clusterNamed" | "record" | "kubeconfig"> &
    Partial<Pick<Stack, "existingNamespaces">>;

/**
 * What a command works on: a stack of this project and its cluster. Files are read once, when the command starts, and the
 * program runs at most once.
 */
export class Stack {
    readonly name: string;
    /** Content of its file, `Pulumi.<name>.yaml`; undefined if there is no such file. */
    readonly file: StackFile | undefined;
    readonly cluster: ClusterAddress;
    /** The kubeconfig, if finding the cluster has read it. It has credentials. */
    readonly kubeconfig?: Kubeconfig;
    /** Whether the command line or the record names the cluster, which then wins over the one in the stack's file. */
    readonly clusterNamed: boolean;
    /** What an earlier command deployed; undefined if nothing is deployed. */
    readonly record: DeploymentRecord | undefined;
    /** Whether the cluster is the sandbox, which these commands start and remove. */
    readonly sandbox: boolean;
    /** Bookinfo's namespace, if the stack's file says it in clear text; else the program's default. */
    readonly appNamespace: string;
    /**
     * Namespaces that were there before the stack, so the program only patches them: those that a command has found; until
     * then those of the record and of the stack's file.
     */
    readonly existingNamespaces: readonly string[];
    private declared: Promise<Declaration> | undefined;

    constructor(facts: StackFacts) {
        this.name = facts.name;
        this.file = facts.file;
        this.cluster = facts.cluster;
        this.kubeconfig = facts.kubeconfig;
        this.clusterNamed = facts.clusterNamed;
        this.record = facts.record;
        this.sandbox = facts.name === SANDBOX_STACK;
        const { namespace } = (sectionOf(facts.file, "app") ?? {}) as { namespace?: unknown };
        this.appNamespace = typeof namespace === "string" ? namespace : "default";
        const known = [...this.listedNamespaces, ...Object.keys(facts.record?.existing ?? {})];
        this.existingNamespaces = facts.existingNamespaces ?? [...new Set(known)];
    }

    /** The config as the program gets it. @throws UserError if it is incomplete, or only the engine can read it */
    get config(): StackConfig {
        return completeConfig(this.name, this.file, this.overrides);
    }

    /** Config values that replace those of the stack's file: the cluster, if it is not the file's or has more to say. */
    get overrides(): Record<string, unknown> {
        const { existingNamespaces: existing, listedNamespaces: listed } = this;
        const isListed = existing.length === listed.length && existing.every((name) => listed.includes(name));
        if (!this.clusterNamed && isListed) {
            return {};
        }
        const section = this.clusterNamed ? clusterSection(this.cluster) : this.clusterInFile;
        return {
            cluster: { ...section, ...(existing.length + listed.length > 0 && { existingNamespaces: existing }) },
        };
    }

    /** The namespaces that the stack's file lists as existing. */
    get listedNamespaces(): readonly string[] {
        const { existingNamespaces: names } = this.clusterInFile;
        return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
    }

    /** The same stack, which uses namespaces that were there before. */
    withExistingNamespaces(existingNamespaces: readonly string[]): Stack {
        return this.with({ existingNamespaces });
    }

    /** What the program declares for this stack. @throws UserError if the config or the program is faulty */
    declaration(stop: AbortSignal): Promise<Declaration> {
        this.declared ??= evaluateProgram(
            { folder: PROJECT_FOLDER, project: PROJECT_NAME, stack: this.name, config: this.config },
            stop,
        );
        return this.declared;
    }

    /** The same stack with what has been deployed since. */
    withRecord(record: DeploymentRecord | undefined): Stack {
        const stack = this.with({ record });
        stack.declared = this.declared;
        return stack;
    }

    /** How clients reach the ingress gateway, if the stack's file says it in clear text; undefined if it is encrypted. */
    get ingress(): Ingress | undefined {
        const { gateway, values } = this.istio as { gateway?: unknown; values?: { gateway?: unknown } };
        const isHidden = [this.istio, values].some(isSecret) || [gateway, values?.gateway].some(isEncrypted);
        return isHidden ? undefined : ingressOf(gateway, values?.gateway);
    }

    /** Whether its file says something about requests to the services, as far as it can be read. */
    get shapesRequests(): boolean {
        return Object.keys(sectionOf(this.file, "bookinfo") ?? {}).some((key) =>
            ["traffic", "login", "rateLimit"].includes(key),
        );
    }

    /** Whether its file leaves any add-on enabled. */
    get hasAddons(): boolean {
        return ADDON_SECTIONS.some((section) => this.istio[section]?.enabled !== false);
    }

    /** Whether its file leaves an add-on enabled. @param section of the config, such as `tracing` for Jaeger */
    deploysAddon(section: string): boolean {
        const { prometheus, ...others } = this.istio;
        const isOn = (name: string) => others[name]?.enabled !== false;
        return section === SWITCHES.prometheus
            ? prometheus?.url === undefined && ["grafana", "kiali", "servicegraph"].some(isOn)
            : isOn(section);
    }

    /** The same stack with every add-on disabled. */
    withoutAddons(): Stack {
        const { file } = this;
        const disabled = ADDON_SECTIONS.map((section) => [section, { ...this.istio[section], enabled: false }]);
        const istio = { ...this.istio, ...(Object.fromEntries(disabled) as Istio) };
        return this.with({ file: { ...file, config: { ...file?.config, [`${PROJECT_NAME}:istio`]: istio } } });
    }

    private with(changes: Partial<StackFacts>): Stack {
        const { name, file, cluster, kubeconfig, clusterNamed, record, existingNamespaces } = this;
        return new Stack({ name, file, cluster, kubeconfig, clusterNamed, record, existingNamespaces, ...changes });
    }

    private get clusterInFile(): Record<string, unknown> {
        return (sectionOf(this.file, "cluster") ?? {}) as Record<string, unknown>;
    }

    private get istio(): Istio {
        return sectionOf(this.file, "istio") ?? {};
    }
}

/**
 * The stack that a user wants to deploy: for a context of the kubeconfig, else for the cluster in the stack's file; the
 * sandbox by default.
 * @throws UserError if the context does not exist, or the stack's file names no cluster of a kubeconfig
 */
export function findStack(options: StackOptions): Stack {
    const name = nameFor(options);
    const stack = locate(name, options, readRecord(name));
    refuseGoogleCloud(name, stack.file);
    return stack;
}

/** The stack that a user has deployed: its cluster is the one in the record, even if today's kubeconfig lacks it. */
export function findDeployedStack(options: StackOptions): Stack {
    const name = nameFor(options);
    const record = readRecord(name);
    if (!record || options.kubeconfig !== undefined) {
        return locate(name, options, record);
    }
    const { kubeconfig, context } = record.cluster;
    if (options.context !== undefined && options.context !== context) {
        throw new UserError(`stack "${name}" was deployed to context "${context}", not to "${options.context}"`);
    }
    return new Stack({ name, file: readStackFile(name), cluster: { kubeconfig, context }, clusterNamed: true, record });
}

function locate(name: string, { context, kubeconfig, stack }: StackOptions, record?: DeploymentRecord): Stack {
    const file = readStackFile(name);
    if (context !== undefined) {
        if (stack === SANDBOX_STACK) {
            throw new UserError(`the stack "${SANDBOX_STACK}" is the sandbox's; omit --stack, or choose another name`);
        }
        const files = kubeconfig === undefined ? kubeconfigFiles() : [path.resolve(kubeconfig)];
        const { address: cluster, kubeconfig: content } = locateContext(context, files);
        return new Stack({ name, file, cluster, clusterNamed: true, record, kubeconfig: content });
    }
    if (kubeconfig !== undefined) {
        const contexts = listContexts(findContexts([path.resolve(kubeconfig)]));
        throw new UserError(`--kubeconfig needs --context, because the cluster is never guessed. ${contexts}`);
    }
    if (file === undefined) {
        throw new UserError(`there is no stack file ${stackFile(name)}; name a cluster with --context`);
    }
    refuseGoogleCloud(name, file);
    const cluster = clusterIn(file);
    if (cluster === undefined) {
        throw new UserError(
            `${stackFile(name)} names no cluster of a kubeconfig under cluster: {kind, path, context}; ` +
                `name one with --context, or run: pulumi up --stack ${name}`,
        );
    }
    return new Stack({ name, file, cluster, clusterNamed: false, record });
}

/** @throws UserError if Pulumi does not allow the name */
function nameFor({ stack, context }: StackOptions): string {
    const name = stack ?? (context === undefined ? SANDBOX_STACK : stackForContext(context));
    if (!/^[A-Za-z0-9._-]{1,100}$/.test(name)) {
        throw new UserError(`"${name}" is not a valid stack name: use letters, digits, hyphens, underscores and dots`);
    }
    return name;
}

/**
 * The stack for a context: its name, in the characters that Pulumi allows, and never the sandbox's. Two contexts can give
 * the same name; the record of what was deployed tells them apart.
 */
export function stackForContext(context: string): string {
    const name = context
        .replace(/[^A-Za-z0-9._-]+/g, "-")
        .replace(/^[-.]+|[-.]+$/g, "")
        .slice(0, 90);
    return name === "" || name === SANDBOX_STACK ? `context-${name}`.replace(/-$/, "") : name;
}

/**
 * @throws UserError if the stack makes its own cluster. Deployed to a context, it would no longer declare that cluster, and
 * the engine would remove it.
 */
function refuseGoogleCloud(name: string, file: StackFile | undefined): void {
    if ((sectionOf(file, "cluster") as { kind?: unknown } | undefined)?.kind === "gke") {
        throw googleCloudError(name);
    }
}

/** The error for a stack that makes its own cluster. */
export function googleCloudError(stack: string): UserError {
    return new UserError(
        `stack "${stack}" makes its own cluster on Google Cloud: deploy it with \`pulumi up --stack ${stack}\` and remove it ` +
            `with \`pulumi destroy --stack ${stack}\`. To look at it with verify, load or dashboard, run what ` +
            `\`pulumi stack output getCredentialsCommand --stack ${stack}\` prints, and name the context that this makes: ` +
            `--stack ${stack} --context gke_PROJECT_LOCATION_NAME`,
    );
}

/** The cluster of a kubeconfig that a stack's file names; undefined if it names none. */
export function clusterIn(file: StackFile | undefined): ClusterAddress | undefined {
    const cluster = sectionOf(file, "cluster") as Record<string, unknown> | undefined;
    return cluster?.kind === "kubeconfig" && typeof cluster.path === "string" && typeof cluster.context === "string"
        ? { kubeconfig: absolute(cluster.path, localFiles), context: cluster.context }
        : undefined;
}
