import type { Engine } from "../engine/discovery";
import { PulumiStack } from "../engine/pulumiStack";
import { refuseForeignReleases } from "../preflight/foreignReleases";
import { isEmpty } from "../recovery/interruption";
import { recover, removeAbandonedLocks } from "../recovery/recover";
import type { Deployed, Site, Way } from "./deployment";
import { explaining } from "./explain";
import { type DeploymentRecord, readRecord, writeRecord } from "./record";

/** By Pulumi's engine, which keeps its own state. */
export class ByPulumi implements Way {
    readonly description: string;

    constructor(
        private readonly engine: Engine,
        /** Address of the backend that keeps the state. */
        private readonly backend: string,
        private readonly options: { refresh?: boolean } = {},
    ) {
        this.description = `Deploying by Pulumi ${engine.version} (${engine.cli})`;
    }

    async deploy(site: Site, stop: AbortSignal): Promise<Deployed> {
        const { target, api, identity } = site;
        const stack = this.stackOf(target.stack);
        await removeAbandonedLocks(stack);
        const state = await stack.prepare(target.named ? target.cluster : undefined, stop);
        if (readRecord(target.stack) === undefined && isEmpty(state)) {
            await refuseForeignReleases(target.stack, api);
        }
        // Before anything is deployed: an interrupted `up` can be undone as well.
        writeRecord({
            stack: target.stack,
            cluster: { ...target.cluster, identity },
            deployedBy: { way: "pulumi", backend: this.backend },
        });
        await recover(stack, state, api, stop);
        await explaining(site, () => stack.up(this.options, stop));
        const outputs = await stack.outputs(stop);
        return { outputs, shellCommands: stack.shellCommands() };
    }

    async undo({ target, api }: Site, _record: DeploymentRecord, stop: AbortSignal): Promise<void> {
        const stack = this.stackOf(target.stack);
        await removeAbandonedLocks(stack);
        const state = await stack.prepare(target.named ? target.cluster : undefined, stop);
        await recover(stack, state, api, stop);
        await stack.destroy(stop);
        await stack.remove({ force: false }, stop);
    }

    async forget(stack: string, stop: AbortSignal): Promise<void> {
        const forgotten = this.stackOf(stack);
        await removeAbandonedLocks(forgotten);
        await forgotten.remove({ force: true }, stop);
    }

    private stackOf(name: string): PulumiStack {
        return new PulumiStack(this.engine, name, this.backend);
    }
}
