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
        this.steps.set(step.name, step);
        this.write({});
    }

    /** Notes that everything was applied. */
    finish(outputs: Record<string, unknown>): void {
        this.write(outputs);
    }

    /** The steps begun, at any time, that are not among these. */
    othersThan(steps: readonly Step[]): Step[] {
        const names = new Set(steps.map(({ name }) => name));
        return [...this.steps.values()].filter(({ name }) => !names.has(name));
    }

    private write(outputs: Record<string, unknown>): void {
        const { target, identity } = this.site;
        writeRecord({
            stack: target.stack,
            cluster: { ...target.cluster, identity },
            deployedBy: { way: "rendered", steps: [...this.steps.values()] },
            outputs,
        });
    }
}

/** The steps that a record holds. */
export function recordedSteps(record: DeploymentRecord | undefined): Step[] {
    return record?.deployedBy.way === "rendered" ? record.deployedBy.steps : [];
}
