import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { address, firewall, network, router, routerNat, subnetwork } from "./compute";
import { cluster, type ControlPlane, nodePool } from "./container";
import { account, member, service } from "./iam";
import { type CloudObject, type Inputs, type Kind, refuse, type Scope } from "./kind";

/** A Google Cloud of our own: its objects, in a file, and the rules by which they come and go. */
export class Cloud {
    private readonly kinds: ReadonlyMap<string, Kind>;

    /**
     * @param file where the objects are kept, as JSON; each change replaces it whole
     * @param controlPlane what the clusters hand out
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

    /** @throws Error for a type that this Google Cloud does not know */
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
     * @param validateOnly whether only to say what would become of it
     * @throws Refusal as Google would
     */
    create(type: string, inputs: Inputs, scope: Scope, validateOnly = false): CloudObject {
        const object = this.describe(type, inputs, scope);
        const others = this.objects().filter(({ id }) => id !== object.id);
        if (this.find(object.id) && !this.kind(type).idempotent) {
            refuse(409, `The resource '${object.id}' already exists, alreadyExists`);
        }
        this.admit(object, others);
        if (!validateOnly) {
            this.write([...others, object]);
        }
        return object;
    }

    /**
     * @param validateOnly whether only to say what would become of it
     * @throws Refusal as Google would
     */
    update(id: string, inputs: Inputs, scope: Scope, validateOnly = false): CloudObject {
        const { type } = this.find(id) ?? refuse(404, `The resource '${id}' was not found, notFound`);
        const object = this.describe(type, inputs, scope);
        const others = this.objects().filter((other) => other.id !== id);
        this.admit(object, others);
        if (!validateOnly) {
            this.write(this.objects().map((other) => (other.id === id ? object : other)));
        }
        return object;
    }

    /**
     * Deletes an object and what cannot be without it. One that is gone already is no error.
     *
     * @param validateOnly whether only to say if it may go
     * @throws Refusal as Google would
     */
    delete(id: string, validateOnly = false): void {
        const object = this.find(id);
        if (!object) {
            return;
        }
        this.kind(object.type).release?.(object.outputs);
        const dependants = this.dependantsOf(id);
        const user = dependants.find(({ onDelete }) => onDelete === "refuse");
        if (user) {
            refuse(400, `The resource '${id}' is already being used by '${user.id}', resourceInUseByAnotherResource`);
        }
        if (validateOnly) {
            return;
        }
        for (const dependant of dependants.filter(({ onDelete }) => onDelete === "cascade")) {
            this.delete(dependant.id);
        }
        this.write(this.objects().filter((other) => other.id !== id));
    }

    /** What an object would be, whether or not it may be. @throws Refusal where it is not said where it is to be */
    describe(type: string, inputs: Inputs, scope: Scope): CloudObject {
        const kind = this.kind(type);
        const settled = kind.settle(inputs, scope);
        const id = kind.id(settled);
        return { id, type, inputs, outputs: merge(settled, kind.computed(settled, id)) };
    }

    private admit({ type, id, outputs }: CloudObject, others: CloudObject[]): void {
        const kind = this.kind(type);
        const project = String(outputs.project);
        if (kind.api && !others.some(({ id }) => id === `${project}/${String(kind.api)}`)) {
            refuse(
                403,
                `${kind.api} has not been used in project ${project} before or it is disabled., accessNotConfigured`,
            );
        }
        const missing = kind
            .references(outputs)
            .find((reference) => !others.some((other) => other.id === reference.id));
        if (missing) {
            refuse(404, `The resource '${missing.id}', which '${id}' needs, was not found, notFound`);
        }
        kind.admit?.(outputs, others);
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

/** What Google adds, laid over what was asked for: where both are objects, key by key. */
function merge(asked: Inputs, added: Inputs): Inputs {
    const isTree = (value: unknown): value is Inputs =>
        typeof value === "object" && value !== null && !Array.isArray(value);
    const laidOver = Object.entries(added).map(([key, value]) => {
        const below = asked[key];
        return [key, isTree(value) && isTree(below) ? merge(below, value) : value];
    });
    return { ...asked, ...(Object.fromEntries(laidOver) as Inputs) };
}
