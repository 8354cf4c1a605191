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
import { type Inputs, type Kind, type Scope, valueAt } from "./kind";
import { checkFields, inputFields, isObject, UNKNOWN } from "./shapes";
import { fromStruct, toStruct } from "./struct";

/** A request of the engine to create, update or delete an object. */
export interface Operation {
    operation: "create" | "update" | "delete";
    type: string;
    /** Name of the resource in the program. */
    name: string;
    /** Timeout of the engine, in seconds; 0 for the provider's default. */
    timeout: number;
}

/** A delay or an error that a test injects into a request. */
export interface InjectedFault {
    /** In milliseconds. */
    delay?: number;
    /** The error of the request, after the delay. */
    error?: string;
}

export interface GoogleOptions {
    /** File of the objects, as JSON. It may exist already. */
    file: string;
    /** The control plane of every cluster. */
    controlPlane: ControlPlane;
}

/** Key of the list of inputs to which the provider gave a value; the real provider uses the same key. */
const DEFAULTS = "__defaults";

/**
 * A stand-in for the Google Cloud provider. `PULUMI_DEBUG_PROVIDERS=gcp:PORT` attaches it to the Pulumi CLI. It handles inputs,
 * previews and changes like the real provider, and objects like Google.
 */
export class Google {
    /** The operations that succeeded or failed, in the order of their end. */
    readonly operations: Operation[] = [];
    readonly cloud: Cloud;
    /** Called at each operation. */
    injectFault?: (operation: Operation) => InjectedFault | undefined;

    private readonly server = new grpc.Server();
    private scope: Scope = {};
    private boundPort = 0;

    private constructor({ file, controlPlane }: GoogleOptions) {
        this.cloud = new Cloud(file, controlPlane);
    }

    /** Starts a server on loopback. */
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

    /** The operations in order, without names: `delete Cluster`. */
    log(): string[] {
        return this.operations.map(({ operation, type }) => `${operation} ${type.split(":").at(-1) ?? ""}`);
    }

    private handlers(): Partial<IResourceProviderServer> & grpc.UntypedServiceImplementation {
        return {
            attach: handler(() => new Empty()),
            cancel: handler(() => new Empty()),
            getPluginInfo: handler(() => new PluginInfo().setVersion(version)),
            checkConfig: handler((request: messages.CheckRequest) =>
                new messages.CheckResponse().setInputs(request.getNews()),
            ),
            diffConfig: handler((request: messages.DiffRequest) =>
                diffResponse(changes(fromStruct(request.getOlds()), fromStruct(request.getNews())), () => false),
            ),
            configure: handler((request: messages.ConfigureRequest) => {
                const { project, region, zone } = fromStruct(request.getArgs()) as Scope;
                this.scope = { project, region, zone };
                return new messages.ConfigureResponse().setSupportspreview(true);
            }),
            check: handler((request: messages.CheckRequest) => this.check(request)),
            diff: handler((request: messages.DiffRequest) => this.diff(request)),
            create: handler((request: messages.CreateRequest) => this.create(request)),
            read: handler((request: messages.ReadRequest) => this.read(request)),
            update: handler((request: messages.UpdateRequest) => this.update(request)),
            delete: handler((request: messages.DeleteRequest) => this.delete(request)),
        };
    }

    private check(request: messages.CheckRequest): messages.CheckResponse {
        const { type, name } = parseUrn(request.getUrn());
        const kind = this.cloud.kind(type);
        const inputs = withAutoName(
            fromStruct(request.getNews()),
            fromStruct(request.getOlds()),
            kind.autoName,
            name,
            request,
        );
        const given = withoutDefaults(inputs);
        const byShape = checkFields(inputFields(kind.module), given);
        const faults = byShape.length > 0 ? byShape : (kind.check?.(given) ?? []);
        return new messages.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(
            faults
                // Unknown values cannot be checked yet.
                .filter(({ property }) => !JSON.stringify(valueAt(given, property) ?? "").includes(UNKNOWN))
                .map(({ property, reason }) =>
                    new messages.CheckFailure()
                        .setProperty(property)
                        .setReason(`${reason}. Examine values at '${name}.${property}'.`),
                ),
        );
    }

    private diff(request: messages.DiffRequest): messages.DiffResponse {
        const kind = this.cloud.kind(parseUrn(request.getUrn()).type);
        const [before, after] = [request.getOldInputs() ?? request.getOlds(), request.getNews()].map(fromStruct);
        const found = changes(before, after).filter(({ path }) => !path.startsWith(DEFAULTS));
        const replaces = ({ path }: Change) =>
            isAmong(kind.immutable, path) || (kind.forcesReplacement?.(path, before ?? {}, after ?? {}) ?? false);
        return diffResponse(found, replaces).setDeletebeforereplace(kind.deleteFirst === true && found.some(replaces));
    }

    private async create(request: messages.CreateRequest): Promise<messages.CreateResponse> {
        const { type, name } = parseUrn(request.getUrn());
        const inputs = fromStruct(request.getProperties());
        if (request.getPreview()) {
            const planned = this.cloud.describe(type, withoutDefaults(inputs), this.scope).outputs;
            return new messages.CreateResponse().setProperties(toStruct(previewOf(planned, withoutDefaults(inputs))));
        }
        const { id, outputs } = await this.carryOut(
            { operation: "create", type, name, timeout: request.getTimeout() },
            (validateOnly) => this.cloud.create(type, withoutDefaults(inputs), this.scope, validateOnly),
        );
        return new messages.CreateResponse().setId(id).setProperties(toStruct(outputs));
    }

    private read(request: messages.ReadRequest): messages.ReadResponse {
        const object = this.cloud.find(request.getId());
        if (!object) {
            return new messages.ReadResponse();
        }
        const { reported = (inputs: Inputs) => inputs } = this.cloud.kind(object.type);
        return new messages.ReadResponse()
            .setId(object.id)
            .setInputs(toStruct(reported({ ...fromStruct(request.getInputs()), ...object.inputs })))
            .setProperties(toStruct(reported(object.outputs)));
    }

    private async update(request: messages.UpdateRequest): Promise<messages.UpdateResponse> {
        const { type, name } = parseUrn(request.getUrn());
        const inputs = withoutDefaults(fromStruct(request.getNews()));
        if (request.getPreview()) {
            const properties = toStruct({ ...fromStruct(request.getOlds()), ...inputs });
            return new messages.UpdateResponse().setProperties(properties);
        }
        const { outputs } = await this.carryOut(
            { operation: "update", type, name, timeout: request.getTimeout() },
            (validateOnly) => this.cloud.update(request.getId(), inputs, this.scope, validateOnly),
        );
        return new messages.UpdateResponse().setProperties(toStruct(outputs));
    }

    private async delete(request: messages.DeleteRequest): Promise<Empty> {
        const { type, name } = parseUrn(request.getUrn());
        await this.carryOut({ operation: "delete", type, name, timeout: request.getTimeout() }, (validateOnly) => {
            this.cloud.delete(request.getId(), validateOnly);
        });
        return new Empty();
    }

    /** Google checks a request when it arrives. It is checked again after the delay, because other objects may have changed. */
    private async carryOut<T>(operation: Operation, work: (validateOnly: boolean) => T): Promise<T> {
        const { delay = 0, error } = this.injectFault?.(operation) ?? {};
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

/** The inputs without the provider's list. */
function withoutDefaults(inputs: Inputs): Inputs {
    return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== DEFAULTS));
}

/** Inputs with an automatic name: that of the existing object, else a new one. */
function withAutoName(
    news: Inputs,
    olds: Inputs,
    autoName: Kind["autoName"],
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
    const generated = `${limit <= 63 ? name.toLowerCase() : name}-${digits.slice(0, 7)}`;
    return { ...news, [field]: kept ?? generated, [DEFAULTS]: [field] };
}

/** The outputs that a preview shows of a new object. Those that Google adds are unknown. */
function previewOf(outputs: Inputs, inputs: unknown): Inputs {
    const known = isObject(inputs) ? inputs : {};
    return Object.fromEntries(
        Object.entries(outputs).map(([key, value]) => {
            if (isObject(value)) {
                return [key, previewOf(value, known[key])];
            }
            return [key, known[key] === undefined ? UNKNOWN : value];
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

/** A handler for gRPC. The engine shows the messages of its errors. */
function handler<Request, Response>(
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
function parseUrn(urn: string): { type: string; name: string } {
    const [, , types = "", ...name] = urn.split("::");
    return { type: types.split("$").at(-1) ?? types, name: name.join("::") };
}
