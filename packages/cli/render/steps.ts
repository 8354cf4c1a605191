import { SKIP_AWAIT_KEY } from "../../../components/annotations";
import type { ChartCredentials } from "../../shared/chartCredentials";
import { PROPAGATION_TYPE } from "../../../components/names";
import { UserError } from "../../shared/errors";
import type { KubernetesObject, ObjectMetadata } from "../../kubernetes/object";
import type { Declaration, DeclaredResource } from "../program/declaration";
import { orderResources } from "./order";
import type { Release } from "../../kubernetes/helm";
import type { ReleaseStep, Step } from "./step";

const RELEASE_TYPE = "kubernetes:helm.sh/v3:Release";
const SECRET_TYPE = "kubernetes:core/v1:Secret";

/** Annotations with instructions for Pulumi's provider; nothing else uses them. */
const PROVIDER_ANNOTATION = /^pulumi\.com\//;
const FORCE_PATCH = "pulumi.com/patchForce";

/** Release options that a step supports. `compat` is a constant that Pulumi's SDK adds. */
const RELEASE_OPTIONS = new Set([
    ...["name", "namespace", "chart", "version", "repositoryOpts", "values", "timeout", "skipAwait", "compat"],
]);

/** Where the credentials of a chart repository are. A step has them apart from the release. */
const CREDENTIALS = /^repositoryOpts\.(?:username|password)$/;

/** Default timeout of Pulumi's provider for an operation on a release, in seconds. */
const RELEASE_TIMEOUT = 300;

/**
 * The Kubernetes objects and Helm releases of a declaration as steps, in the order for applying them.
 * @throws UserError naming every resource that cannot be rendered, and why
 */
export function stepsOf({ resources }: Declaration): Step[] {
    const ordered = orderResources(resources, isStep);
    const width = Math.max(3, String(ordered.length * 10).length);
    const names = new Map(
        ordered.map(({ resource }, index) => [
            resource.urn,
            `${String((index + 1) * 10).padStart(width, "0")}-${stemOf(resource)}`,
        ]),
    );

    const faults: string[] = [];
    const steps = ordered.flatMap(({ resource, needs }): Step[] => {
        const base = { name: names.get(resource.urn) ?? "", needs: needs.map((urn) => names.get(urn) ?? urn) };
        try {
            return [{ ...base, ...contentOf(resource) }];
        } catch (error) {
            if (!(error instanceof UserError)) {
                throw error;
            }
            faults.push(`${resource.name} (${resource.type}): ${error.message}`);
            return [];
        }
    });
    if (faults.length > 0) {
        throw new UserError(`cannot be rendered:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
    }
    return steps;
}

/** Whether the program creates the resource in the cluster: it is not a component, and not only read. */
export function isStep(resource: DeclaredResource): boolean {
    const { custom, read, type } = resource;
    return custom && !read && (type.startsWith("kubernetes:") || type === PROPAGATION_TYPE);
}

type Content = Step extends infer S ? (S extends Step ? Omit<S, "name" | "needs"> : never) : never;

function contentOf(resource: DeclaredResource): Content {
    if (resource.type === SECRET_TYPE) {
        return secretOf(resource);
    }
    if (resource.type === PROPAGATION_TYPE) {
        return { type: "wait", title: `Propagation ${resource.name}`, seconds: Number(resource.inputs.seconds) };
    }
    const isRelease = resource.type === RELEASE_TYPE;
    const written = resource.secrets.filter((path) => !(isRelease && CREDENTIALS.test(path)));
    if (written.length > 0) {
        throw new UserError(`has a secret at ${written.join(", ")}, which must not be written to a file`);
    }
    if (isRelease) {
        return { type: "release", release: releaseOf(resource), ...credentialsOf(resource) };
    }
    const { kind } = resource.inputs as { kind?: unknown };
    if (typeof kind !== "string") {
        throw new UserError("is not a Kubernetes object");
    }
    const { object, annotations } = objectOf(resource);
    return resource.type.endsWith(`:${kind}Patch`)
        ? { type: "patch", object, force: annotations[FORCE_PATCH] === "true" }
        : { type: "object", object, wait: annotations[SKIP_AWAIT_KEY] !== "true" };
}

/** The object without the annotations for Pulumi's provider, and all annotations. */
function objectOf(resource: DeclaredResource): { object: KubernetesObject; annotations: Record<string, string> } {
    const inputs = resource.inputs as Omit<KubernetesObject, "metadata"> & { metadata?: Partial<ObjectMetadata> };
    // Without a name, Pulumi's provider would append random digits to the resource's name.
    const { annotations = {}, ...metadata } = { name: resource.name, ...inputs.metadata };
    const others = Object.entries(annotations).filter(([key]) => !PROVIDER_ANNOTATION.test(key));
    const object: KubernetesObject = {
        ...(inputs as KubernetesObject),
        metadata: { ...metadata, ...(others.length > 0 && { annotations: Object.fromEntries(others) }) },
    };
    return { object, annotations };
}

/** A Secret with its content apart, so that the object can be written to a file. */
function secretOf(resource: DeclaredResource): Content {
    const { object } = objectOf(resource);
    const { data = {}, stringData = {}, ...shell } = object as KubernetesObject & SecretFields;
    const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
    const keep = resource.ignoreChanges.some((path) => /^(?:data|stringData)\b/.test(path));
    return {
        type: "object",
        object: shell,
        wait: false,
        secret: { data: { ...data, ...(Object.fromEntries(encoded) as typeof data) }, keep },
    };
}

interface SecretFields {
    data?: Record<string, string>;
    /** Values in plain text; the API server converts them to `data`. */
    stringData?: Record<string, string>;
}

function releaseOf(resource: DeclaredResource): Release {
    const unknown = Object.keys(resource.inputs).filter((option) => !RELEASE_OPTIONS.has(option));
    if (unknown.length > 0) {
        throw new UserError(`uses unsupported options of a release: ${unknown.join(", ")}`);
    }
    const inputs = resource.inputs as Partial<Release> & {
        skipAwait?: boolean;
        repositoryOpts?: { repo?: string };
    };
    return {
        name: inputs.name ?? resource.name,
        namespace: inputs.namespace ?? "default",
        chart: inputs.chart ?? "",
        version: inputs.version,
        repository: inputs.repositoryOpts?.repo,
        values: inputs.values ?? {},
        timeout: inputs.timeout ?? RELEASE_TIMEOUT,
        wait: inputs.skipAwait !== true,
    };
}

/** The credentials of a release's chart repository; nothing if it needs none. */
function credentialsOf({ inputs }: DeclaredResource): Pick<ReleaseStep, "credentials"> {
    const { username, password } = (inputs.repositoryOpts ?? {}) as Partial<ChartCredentials>;
    return username === undefined || password === undefined ? {} : { credentials: { username, password } };
}

/** `deployment-productpage-v1`, in characters that every file system accepts. */
function stemOf(resource: DeclaredResource): string {
    if (resource.type === PROPAGATION_TYPE) {
        return `propagation-${resource.name}`;
    }
    const { kind = "release", metadata, name } = resource.inputs as Partial<KubernetesObject> & { name?: string };
    const own = metadata?.name ?? name ?? resource.name;
    return `${kind}-${own}`.toLowerCase().replace(/[^a-z0-9.-]+/g, "-");
}
