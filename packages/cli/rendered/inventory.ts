import { randomUUID } from "node:crypto";
import type { ReleaseStep, Step } from "../render/step";
import type { Connection } from "../stack/connection";
import { type DeploymentRecord, type ExistingNamespaces, writeRecord } from "../stack/record";

/** The rendered strategy's part of a record. */
interface Applied {
    steps?: Step[];
    /** UID of the namespace istio-system when an `up` last succeeded: another UID means another mesh. */
    mesh?: string;
    /** What the CRDs are marked with that this stack has installed. Records of earlier versions have none. */
    mark?: string;
    /** What Helm has deployed of each release, by the names of the steps: see `deployedRelease`. */
    releases?: Record<string, string>;
}

/** The steps that were begun, kept in the stack's record: everything that was begun can be undone. */
export class Inventory {
    private readonly steps: Map<string, Step>;
    private readonly releases: Map<string, string>;
    private mesh: string | undefined;
    /** What the CRDs are marked with; undefined if an earlier version of this program deployed the stack. */
    readonly mark: string | undefined;

    /** @param existing the namespaces that were there before; default: those of the record */
    constructor(
        private readonly connection: Connection,
        private readonly existing: ExistingNamespaces | undefined = connection.stack.record?.existing,
    ) {
        const { record } = connection.stack;
        this.steps = new Map(recordedSteps(record).map((step) => [step.name, step]));
        this.releases = new Map(Object.entries(partOf(record)?.releases ?? {}));
        this.mesh = recordedMesh(record);
        this.mark = record === undefined ? randomUUID() : recordedMark(record);
    }

    /** The current record. */
    get record(): DeploymentRecord {
        const { stack, identity } = this.connection;
        return {
            stack: stack.name,
            cluster: { ...stack.cluster, identity },
            ...(this.existing && { existing: this.existing }),
            deployedBy: {
                way: "rendered",
                steps: [...this.steps.values()],
                mesh: this.mesh,
                ...(this.mark !== undefined && { mark: this.mark }),
                releases: Object.fromEntries(this.releases),
            },
        };
    }

    has(step: Step): boolean {
        return this.steps.has(step.name);
    }

    /** Records a step, in place of an earlier version of it. Call it before the step changes anything. */
    begin(step: Step): void {
        const recorded = withoutCredentials(step);
        const isNew = JSON.stringify(this.steps.get(step.name)) !== JSON.stringify(recorded);
        if (this.releases.delete(step.name) || isNew) {
            this.steps.set(step.name, recorded);
            writeRecord(this.record);
        }
    }

    /** Whether a release is as this clone has deployed it, by what Helm says of it now. */
    isDeployed({ name }: ReleaseStep, current: string | undefined): boolean {
        return current !== undefined && this.releases.get(name) === current;
    }

    /** Records what Helm has deployed. */
    deployed({ name }: ReleaseStep, current: string | undefined): void {
        if (current) {
            this.releases.set(name, current);
            writeRecord(this.record);
        }
    }

    /** Records that everything is deployed. @param mesh UID of the namespace istio-system */
    settle(mesh: string | undefined): void {
        this.mesh = mesh;
        writeRecord(this.record);
    }

    /** Removes undone steps from the record. */
    forget(steps: readonly Step[]): void {
        for (const { name } of steps) {
            this.steps.delete(name);
            this.releases.delete(name);
        }
        writeRecord(this.record);
    }

    /** The recorded steps that are not among these. */
    othersThan(steps: readonly Step[]): Step[] {
        const names = new Set(steps.map(({ name }) => name));
        return [...this.steps.values()].filter(({ name }) => !names.has(name));
    }
}

/** Undoing a step needs neither the content of a Secret nor a chart, and no credential belongs in a record. */
function withoutCredentials(step: Step): Step {
    switch (step.type) {
        case "object":
            return { ...step, secret: undefined };
        case "release":
            return { ...step, credentials: undefined };
        case "patch":
        case "wait":
            return step;
    }
}

/** The steps in a record; none if another strategy deployed the stack. */
export function recordedSteps(record: DeploymentRecord | undefined): Step[] {
    return partOf(record)?.steps ?? [];
}

/** UID of the mesh's namespace at the last successful deployment. */
export function recordedMesh(record: DeploymentRecord | undefined): string | undefined {
    return partOf(record)?.mesh;
}

/** What the CRDs are marked with that the stack has installed. */
export function recordedMark(record: DeploymentRecord | undefined): string | undefined {
    return partOf(record)?.mark;
}

function partOf(record: DeploymentRecord | undefined): Applied | undefined {
    return record && (record.deployedBy as Applied);
}
