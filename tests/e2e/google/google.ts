import { createHash, randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { version } from "@pulumi/gcp/package.json";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { type IResourceProviderServer, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Cloud } from "./cloud";
import type { ControlPlane } from "./container";
import { type Change, changes, isAmong } from "./diff";
import { get, type Inputs, type Scope } from "./kind";
import { faultsOf, inputsOf, UNKNOWN } from "./shapes";
import { plain, struct } from "./struct";

/** A request to create, update or delete an object, as the engine made it. */
export interface Operation {
    operation: "create" | "update" | "delete";
    type: string;
    /** Name of the resource in the program. */
    name: string;
    /** Longest time that the engine lets it take, in seconds; 0 for the provider's own. */
    timeout: number;
}

/** How a request is to be answered other than at once and well. */
export interface Disturbance {
    /** In milliseconds. */
    delay?: number;
    /** What the request fails with, after the delay. */
    error?: string;
}

export interface GoogleOptions {
    /** Where the objects are kept, as JSON; it may hold some already. */
    file: string;
    /** What clusters hand out. */
    controlPlane: ControlPlane;
}

/** Which inputs the provider has chosen itself (the real one writes the same key). */
const DEFAULTS = "__defaults";

/**
 * A stand-in for the Google Cloud provider, for the Pulumi CLI: `PULUMI_DEBUG_PROVIDERS=gcp:PORT` attaches it. It treats
 * inputs, previews and changes as the real one does, and objects as Google does.
 */
export class Google {
    /** The operations that were carried out or refused, in the order of their end. */
    readonly operations: Operation[] = [];
    readonly cloud: Cloud;
    /** Asked at each operation. */
    disturb?: (operation: Operation) => Disturbance | undefined;

    private readonly server = new grpc.Server();
    private scope: Scope = {};
    private boundPort = 0;

    private constructor({ file, controlPlane }: GoogleOptions) {
        this.cloud = new Cloud(file, controlPlane);
    }

    /** Starts to listen, on loopback. */
    static async start(options: GoogleOptions): Promise<Google> {
        const google = new Google(options);
        google.server.addService(ResourceProviderService, google.handlers());
        google.boundPort = await new Promise<number>((resolve, reject) => {
            google.server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
                if (error) {
                    reject(error);
                } else {
                    resolve(port);
                }
            });
        });
        return google;
    }

    get port(): number {
        return this.boundPort;
    }

    stop(): void {
        this.server.forceShutdown();
    }

    /** What was done, in order, without names: `delete Cluster`. */
    log(): string[] {
        return this.operations.map(({ operation, type }) => `${operation} ${type.split(":").at(-1) ?? ""}`);
    }

    private handlers(): Partial<IResourceProviderServer> & grpc.UntypedServiceImplementation {
        return {
            attach: answer(() => new Empty()),
            cancel: answer(() => new Empty()),
            getPluginInfo: answer(() => new PluginInfo().setVersion(version)),
            checkConfig: answer((request: messages.CheckRequest) =>
                new messages.CheckResponse().setInputs(request.getNews()),
            ),
            diffConfig: answer((request: messages.DiffRequest) =>
                diffResponse(changes(plain(request.getOlds()), plain(request.getNews())), () => false),
            ),
            configure: answer((request: messages.ConfigureRequest) => {
                const { project, region, zone } = plain(request.getArgs()) as Scope;
                this.scope = { project, region, zone };
                return new messages.ConfigureResponse().setSupportspreview(true);
            }),
            check: answer((request: messages.CheckRequest) => this.check(request)),
            diff: answer((request: messages.DiffRequest) => this.diff(request)),
            create: answer((request: messages.CreateRequest) => this.create(request)),
            read: answer((request: messages.ReadRequest) => this.read(request)),
            update: answer((request: messages.UpdateRequest) => this.update(request)),
            delete: answer((request: messages.DeleteRequest) => this.delete(request)),
        };
    }

    private check(request: messages.CheckRequest): messages.CheckResponse {
        const { type, name } = partsOf(request.getUrn());
        const kind = this.cloud.kind(type);
        const inputs = named(plain(request.getNews()), plain(request.getOlds()), kind.autoName, name, request);
        const given = asked(inputs);
        const byShape = faultsOf(inputsOf(kind.module), given);
        const faults = byShape.length > 0 ? byShape : (kind.check?.(given) ?? []);
        return new messages.CheckResponse().setInputs(struct(inputs)).setFailuresList(
            faults
                // What is not known cannot be judged yet.
                .filter(({ property }) => !JSON.stringify(get(given, property) ?? "").includes(UNKNOWN))
                .map(({ property, reason }) =>
                    new messages.CheckFailure()
                        .setProperty(property)
                        .setReason(`${reason}. Examine values at '${name}.${property}'.`),
                ),
        );
    }

    private diff(request: messages.DiffRequest): messages.DiffResponse {
        const kind = this.cloud.kind(partsOf(request.getUrn()).type);
        const [before, after] = [request.getOldInputs() ?? request.getOlds(), request.getNews()].map(plain);
        const found = changes(before, after).filter(({ path }) => !path.startsWith(DEFAULTS));
        const replaces = ({ path }: Change) =>
            isAmong(kind.immutable, path) || (kind.needsNew?.(path, before ?? {}, after ?? {}) ?? false);
        return diffResponse(found, replaces).setDeletebeforereplace(kind.deleteFirst === true && found.some(replaces));
    }

    private async create(request: messages.CreateRequest): Promise<messages.CreateResponse> {
        const { type, name } = partsOf(request.getUrn());
        const inputs = plain(request.getProperties());
        if (request.getPreview()) {
            const planned = this.cloud.describe(type, asked(inputs), this.scope).outputs;
            return new messages.CreateResponse().setProperties(struct(planOf(planned, asked(inputs))));
        }
        const { id, outputs } = await this.operate(
            { operation: "create", type, name, timeout: request.getTimeout() },
            (validateOnly) => this.cloud.create(type, asked(inputs), this.scope, validateOnly),
        );
        return new messages.CreateResponse().setId(id).setProperties(struct(outputs));
    }

    private read(request: messages.ReadRequest): messages.ReadResponse {
        const object = this.cloud.find(request.getId());
        return object
            ? new messages.ReadResponse()
                  .setId(object.id)
                  .setInputs(struct({ ...plain(request.getInputs()), ...object.inputs }))
                  .setProperties(struct(object.outputs))
            : new messages.ReadResponse();
    }

    private async update(request: messages.UpdateRequest): Promise<messages.UpdateResponse> {
        const { type, name } = partsOf(request.getUrn());
        const inputs = asked(plain(request.getNews()));
        if (request.getPreview()) {
            const properties = struct({ ...plain(request.getOlds()), ...inputs });
            return new messages.UpdateResponse().setProperties(properties);
        }
        const { outputs } = await this.operate(
            { operation: "update", type, name, timeout: request.getTimeout() },
            (validateOnly) => this.cloud.update(request.getId(), inputs, this.scope, validateOnly),
        );
        return new messages.UpdateResponse().setProperties(struct(outputs));
    }

    private async delete(request: messages.DeleteRequest): Promise<Empty> {
        const { type, name } = partsOf(request.getUrn());
        await this.operate({ operation: "delete", type, name, timeout: request.getTimeout() }, (validateOnly) => {
            this.cloud.delete(request.getId(), validateOnly);
        });
        return new Empty();
    }

    /** Google refuses a request when it comes, not when its work would be done; what has changed until then counts as well. */
    private async operate<T>(operation: Operation, work: (validateOnly: boolean) => T): Promise<T> {
        const { delay = 0, error } = this.disturb?.(operation) ?? {};
        try {
            work(true);
            await setTimeout(delay);
            if (error !== undefined) {
                throw new Error(error);
            }
            return work(false);
        } finally {
            this.operations.push(operation);
        }
    }
}

/** What was asked for, without the provider's own notes. */
function asked(inputs: Inputs): Inputs {
    return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== DEFAULTS));
}

/** Inputs with the automatic name: the one that the object has already, else a new one. */
function named(
    news: Inputs,
    olds: Inputs,
    autoName: { field: string; limit: number } | undefined,
    name: string,
    request: messages.CheckRequest,
): Inputs {
    if (!autoName || news[autoName.field] !== undefined) {
        return { ...news, [DEFAULTS]: [] };
    }
    const { field, limit } = autoName;
    const kept = Array.isArray(olds[DEFAULTS]) && olds[DEFAULTS].includes(field) ? olds[field] : undefined;
    const seed = request.getRandomseed_asU8();
    const digits = createHash("sha256")
        .update(seed.length > 0 ? seed : randomBytes(16))
        .update(request.getUrn())
        .digest("hex");
    const made = `${limit <= 63 ? name.toLowerCase() : name}-${digits.slice(0, 7)}`;
    return { ...news, [field]: kept ?? made, [DEFAULTS]: [field] };
}

/** What a preview shows of an object that is yet to be made: what Google adds is not known. */
function planOf(outputs: unknown, inputs: unknown): Inputs {
    const known = typeof inputs === "object" && inputs !== null ? (inputs as Inputs) : {};
    return Object.fromEntries(
        Object.entries(outputs as Inputs).map(([key, value]) => {
            if (known[key] !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) {
                return [key, value];
            }
            return [
                key,
                typeof value === "object" && value !== null && !Array.isArray(value)
                    ? planOf(value, known[key])
                    : UNKNOWN,
            ];
        }),
    );
}

const { PropertyDiff, DiffResponse } = messages;
const KINDS = {
    add: [PropertyDiff.Kind.ADD, PropertyDiff.Kind.ADD_REPLACE],
    delete: [PropertyDiff.Kind.DELETE, PropertyDiff.Kind.DELETE_REPLACE],
    update: [PropertyDiff.Kind.UPDATE, PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

function diffResponse(found: Change[], replaces: (change: Change) => boolean): messages.DiffResponse {
    const topLevel = (list: Change[]) => [...new Set(list.map(({ path }) => path.split(/[.[]/)[0] ?? path))];
    const response = new DiffResponse()
        .setChanges(found.length > 0 ? DiffResponse.DiffChanges.DIFF_SOME : DiffResponse.DiffChanges.DIFF_NONE)
        .setDiffsList(topLevel(found))
        .setReplacesList(topLevel(found.filter(replaces)))
        .setHasdetaileddiff(true);
    for (const change of found) {
        const kind = KINDS[change.kind][replaces(change) ? 1 : 0];
        response.getDetaileddiffMap().set(change.path, new PropertyDiff().setKind(kind).setInputdiff(true));
    }
    return response;
}

/** A handler for gRPC; what it throws is what the engine shows. */
function answer<Request, Response>(
    work: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
    return ({ request }, callback) => {
        Promise.resolve()
            .then(() => work(request))
            .then(
                (response) => {
                    callback(null, response);
                },
                (error: unknown) => {
                    const details = error instanceof Error ? error.message : String(error);
                    callback({ code: grpc.status.UNKNOWN, details });
                },
            );
    };
}

/** Type and name in a URN, `urn:pulumi:stack::project::parent$type::name`. */
function partsOf(urn: string): { type: string; name: string } {
    const [, , types = "", ...name] = urn.split("::");
    return { type: types.split("$").at(-1) ?? types, name: name.join("::") };
}
