import type { Step } from "../render/step";
import type { Site } from "../target/site";
import { type DeploymentRecord, readRecord, writeRecord } from "../target/record";

/** The steps that were begun on a site, kept in the stack's record: whatever was begun can be undone. */
export class Inventory {
    private readonly steps: Map<string, Step>;
    private mesh: string | undefined;

    constructor(private readonly site: Site) {
        const record = readRecord(site.target.stack);
        this.steps = new Map(recordedSteps(record).map((step) => [step.name, step]));
        this.mesh = recordedMesh(record);
    }

    has(step: Step): boolean {
        return this.steps.has(step.name);
    }

    /** Notes a step, in place of an earlier form of it. To be called before it changes anything. */
    begin(step: Step): void {
        this.steps.set(step.name, withoutSecret(step));
        this.write();
    }

    /** Notes that everything is deployed. @param mesh UID of the namespace istio-system */
    settle(mesh: string | undefined): void {
        this.mesh = mesh;
        this.write();
    }

    /** Notes that what these steps made is gone. */
    forget(steps: readonly Step[]): void {
        for (const { name } of steps) {
            this.steps.delete(name);
        }
        this.write();
    }

    /** The steps begun, at any time, that are not among these. */
    othersThan(steps: readonly Step[]): Step[] {
        const names = new Set(steps.map(({ name }) => name));
        return [...this.steps.values()].filter(({ name }) => !names.has(name));
    }

    private write(): void {
        const { target, identity } = this.site;
        writeRecord({
            stack: target.stack,
            cluster: { ...target.cluster, identity },
            deployedBy: { way: "rendered", steps: [...this.steps.values()], mesh: this.mesh },
        });
    }
}

/** A step without the content of a Secret, which nobody needs to undo it. */
function withoutSecret(step: Step): Step {
    return step.type === "object" ? { ...step, secret: undefined } : step;
}

/** The steps that a record holds. */
export function recordedSteps(record: DeploymentRecord | undefined): Step[] {
    return record?.deployedBy.way === "rendered" ? record.deployedBy.steps : [];
}

/** UID of the mesh's namespace that a record holds, from when everything was deployed. */
export function recordedMesh(record: DeploymentRecord | undefined): string | undefined {
    return record?.deployedBy.way === "rendered" ? record.deployedBy.mesh : undefined;
}
