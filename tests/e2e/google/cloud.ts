import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { mergeValues } from "../../../components/istio/merge";
import { address, firewall, network, router, routerNat, subnetwork } from "./compute";
import { cluster, type ControlPlane, nodePool } from "./container";
import { account, member, service } from "./iam";
import { type CloudObject, type Inputs, type Kind, throwApiError, type Scope } from "./kind";

/** A simulated Google Cloud: objects in a file, and the rules for creating, changing and deleting them. */
export class Cloud {
    /** What an organisation demands of objects. Each says why it refuses one. */
    policies: ((object: CloudObject) => string | undefined)[] = [];
    /** Time until an API that was enabled is known everywhere, in milliseconds. */
    apiDelay = 0;
    private readonly enabledAt = new Map<string, number>();
    /** What Google makes for clusters, and leaves when they are gone: ids, with the ids of their networks. */
    leftovers: { id: string; network: string }[] = [];
    /** Whether Google leaves something of each cluster that is deleted. */
    leavesSomething = false;
    private readonly kinds: ReadonlyMap<string, Kind>;

    /**
     * @param file of the objects, as JSON; each change replaces it atomically
     * @param controlPlane of every cluster
     */
    constructor(
        private readonly file: string,
        controlPlane: ControlPlane,
    ) {
        const kinds = [
            service,
            account,
            member,
            network,
            subnetwork,
            router,
            routerNat,
            firewall,
            address,
            cluster(controlPlane),
            nodePool,
        ];
        this.kinds = new Map(kinds.map((kind) => [kind.type, kind]));
    }

    /** @throws Error for an unknown type */
    kind(type: string): Kind {
        const kind = this.kinds.get(type);
        if (!kind) {
            throw new Error(`unknown resource type ${type}`);
        }
        return kind;
    }

    /** All objects, in the order of their creation. */
    objects(): CloudObject[] {
        return existsSync(this.file) ? (JSON.parse(readFileSync(this.file, "utf8")) as CloudObject[]) : [];
    }

    find(id: string): CloudObject | undefined {
        return this.objects().find((object) => object.id === id);
    }

    /**
     * @param validateOnly whether to check the request without carrying it out
     * @throws RequestError if Google would reject it
     */
    create(type: string, inputs: Inputs, scope: Scope, validateOnly = false): CloudObject {
        const object = this.describe(type, inputs, scope);
        const others = this.objects().filter(({ id }) => id !== object.id);
        if (this.find(object.id) && !this.kind(type).idempotent) {
            throwApiError(409, `The resource '${object.id}' already exists, alreadyExists`);
        }
        this.validate(object, others);
        if (!validateOnly) {
            this.enabledAt.set(object.id, Date.now());
            this.write([...others, object]);
        }
        return object;
    }

    /**
     * @param validateOnly whether to check the request without carrying it out
     * @throws RequestError if Google would reject it
     */
    update(id: string, inputs: Inputs, scope: Scope, validateOnly = false): CloudObject {
        const { type } = this.find(id) ?? throwApiError(404, `The resource '${id}' was not found, notFound`);
        const object = this.describe(type, inputs, scope);
        const others = this.objects().filter((other) => other.id !== id);
        this.validate(object, others);
        if (!validateOnly) {
            this.write(this.objects().map((other) => (other.id === id ? object : other)));
        }
        return object;
    }

    /**
     * Deletes an object and those that cannot exist without it. An object that does not exist is no error.
     * @param validateOnly whether to check the request without carrying it out
     * @throws RequestError if Google would reject it
     */
    delete(id: string, validateOnly = false): void {
        const object = this.find(id);
        if (!object) {
            return;
        }
        this.kind(object.type).checkDelete?.(object.outputs);
        const dependants = this.dependantsOf(id);
        const user = dependants.find(({ onDelete }) => onDelete === "refuse");
        const blocker = this.leftovers.find(({ network }) => network === id);
        if (user ?? blocker) {
            throwApiError(
                400,
                `The resource '${id}' is already being used by '${(user ?? blocker)?.id ?? ""}', resourceInUseByAnotherResource`,
            );
        }
        if (validateOnly) {
            return;
        }
        for (const dependant of dependants.filter(({ onDelete }) => onDelete === "cascade")) {
            this.delete(dependant.id);
        }
        this.write(this.objects().filter((other) => other.id !== id));
        if (this.leavesSomething && object.type.endsWith(":Cluster")) {
            const [project, location, network] = ["project", "location", "network"].map((key) =>
                String(object.outputs[key]),
            );
            this.leftovers = [
                `projects/${project}/global/firewalls/k8s-1a2b3c4d-node-http-hc`,
                `projects/${project}/zones/${location}/networkEndpointGroups/k8s1-1a2b-istio-system-gateway-80`,
            ].map((left) => ({ id: left, network: String(network) }));
        }
    }

    /** An object with the given inputs, before validation. @throws RequestError if its project or location is missing */
    describe(type: string, inputs: Inputs, scope: Scope): CloudObject {
        const kind = this.kind(type);
        const resolved = kind.resolve(inputs, scope);
        const id = kind.id(resolved);
        return { id, type, inputs, outputs: mergeValues(resolved, kind.computed(resolved, id)) };
    }

    private validate(object: CloudObject, others: CloudObject[]): void {
        const { type, id, outputs } = object;
        const kind = this.kind(type);
        const project = String(outputs.project);
        if (kind.api && !this.isEnabled(project, kind.api)) {
            throwApiError(
                403,
                `${kind.api} has not been used in project ${project} before or it is disabled., accessNotConfigured`,
            );
        }
        const missing = kind
            .references(outputs)
            .find((reference) => !others.some((other) => other.id === reference.id));
        if (missing) {
            throwApiError(404, `The resource '${missing.id}', which '${id}' needs, was not found, notFound`);
        }
        kind.validate?.(outputs, others);
        for (const policy of this.policies) {
            const reason = policy(object);
            if (reason !== undefined) {
                throwApiError(412, `Constraint ${reason} violated., conditionNotMet`);
            }
        }
    }

    /** Whether an API of a project answers. */
    isEnabled(project: string, api: string): boolean {
        const id = `${project}/${api}`;
        return this.find(id) !== undefined && Date.now() >= (this.enabledAt.get(id) ?? 0) + this.apiDelay;
    }

    private dependantsOf(id: string) {
        return this.objects().flatMap((object) =>
            this.kind(object.type)
                .references(object.outputs)
                .filter((reference) => reference.id === id)
                .map(({ onDelete }) => ({ id: object.id, onDelete })),
        );
    }

    private write(objects: CloudObject[]): void {
        const draft = `${this.file}.new`;
        writeFileSync(draft, `${JSON.stringify(objects, undefined, 4)}\n`);
        renameSync(draft, this.file);
    }
}
