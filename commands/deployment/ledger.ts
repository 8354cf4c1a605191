import type { Step } from "../render/step";
import type { Site } from "./deployment";
import { type DeploymentRecord, readRecord, writeRecord } from "./record";

/** The steps that were begun on a site, kept in the stack's record: whatever was begun can be undone. */
export class Ledger {
    private readonly steps: Map<string, Step>;

    constructor(private readonly site: Site) {
        this.steps = new Map(recordedSteps(readRecord(site.target.stack)).map((step) => [step.name, step]));
    }

    has(step: Step): boolean {
        return this.steps.has(step.name);
    }

    /** Notes a step, in place of an earlier form of it. To be called before it changes anything. */
    begin(step: Step): void {
        this.steps.set(step.name, withoutSecret(step));
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
            deployedBy: { way: "rendered", steps: [...this.steps.values()] },
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
