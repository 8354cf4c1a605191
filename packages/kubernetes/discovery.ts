import { ApiError } from "./apiError";
import type { ObjectReference } from "./object";
import type { Transport } from "./transport";

interface ResourceKind {
    kind: string;
    /** Plural name, as in paths. A name with a slash is a subresource. */
    name: string;
    namespaced: boolean;
}

/** The paths of kinds and objects. The API server itself says how it names each kind; each API version is asked for once. */
export class Discovery {
    private readonly kinds = new Map<string, ResourceKind[]>();

    constructor(private readonly transport: Transport) {}

    /** The path of all objects of a kind. @throws ApiError of status 404 if the cluster does not know the kind */
    async pathOfKind(apiVersion: string, kind: string): Promise<string> {
        return `${groupPath(apiVersion)}/${(await this.kindOf(apiVersion, kind)).name}`;
    }

    /** The path of an object. @throws ApiError of status 404 if the cluster does not know its kind */
    async pathOf({ apiVersion, kind, metadata }: ObjectReference): Promise<string> {
        const { name: plural, namespaced } = await this.kindOf(apiVersion, kind);
        const namespace = namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
        return `${groupPath(apiVersion)}${namespace}/${plural}/${encodeURIComponent(metadata.name)}`;
    }

    private async kindOf(apiVersion: string, kind: string): Promise<ResourceKind> {
        const find = () => this.kinds.get(apiVersion)?.find((each) => each.kind === kind && !each.name.includes("/"));
        if (!find()) {
            const { resources } = await this.transport.request<{ resources: ResourceKind[] }>(
                "GET",
                groupPath(apiVersion),
            );
            this.kinds.set(apiVersion, resources);
        }
        const found = find();
        if (!found) {
            throw new ApiError(404, `the cluster has no kind ${kind} in ${apiVersion}`);
        }
        return found;
    }
}

/** The path of an API version. */
export function groupPath(apiVersion: string): string {
    return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
