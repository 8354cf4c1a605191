import { ApiError } from "./apiError";
import type { ObjectReference } from "./object";
import type { Transport } from "./transport";

interface ResourceKind {
    kind: string;
    /** Plural name, as in paths. A name with a slash is a subresource. */
    name: string;
    namespaced: boolean;
}

/** The paths of kinds and objects. The API server says how it names each kind, and is asked once for each API version. */
export class Discovery {
    /** The kinds of each API version; requests at the same time share an answer. */
    private readonly kinds = new Map<string, Promise<readonly ResourceKind[]>>();

    constructor(private readonly transport: Transport) {}

    /**
     * The path of all objects of a kind.
     * @param namespace of a kind with namespaces; default: all
     * @throws ApiError of status 404 if the cluster does not know the kind
     */
    async pathOfKind(apiVersion: string, kind: string, namespace?: string): Promise<string> {
        const { name, namespaced } = await this.kindOf(apiVersion, kind);
        const within = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
        return `${groupPath(apiVersion)}${within}/${name}`;
    }

    /** The path of an object. @throws ApiError of status 404 if the cluster does not know its kind */
    async pathOf({ apiVersion, kind, metadata }: ObjectReference): Promise<string> {
        const { name: plural, namespaced } = await this.kindOf(apiVersion, kind);
        const namespace = namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
        return `${groupPath(apiVersion)}${namespace}/${plural}/${encodeURIComponent(metadata.name)}`;
    }

    private async kindOf(apiVersion: string, kind: string): Promise<ResourceKind> {
        const isIt = (each: ResourceKind) => each.kind === kind && !each.name.includes("/");
        const earlier = this.kinds.get(apiVersion);
        const known = (await (earlier ?? this.ask(apiVersion))).find(isIt);
        // A kind that is not in an earlier answer may be new.
        const found = known ?? (earlier && (await this.ask(apiVersion)).find(isIt));
        if (!found) {
            throw new ApiError(404, `the cluster has no kind ${kind} in ${apiVersion}`);
        }
        return found;
    }

    private ask(apiVersion: string): Promise<readonly ResourceKind[]> {
        const asked = this.transport
            .request<{ resources: ResourceKind[] }>("GET", groupPath(apiVersion))
            .then(({ resources }) => resources);
        this.kinds.set(apiVersion, asked);
        asked.catch(() => this.kinds.delete(apiVersion));
        return asked;
    }
}

/** The path of an API version. */
export function groupPath(apiVersion: string): string {
    return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
