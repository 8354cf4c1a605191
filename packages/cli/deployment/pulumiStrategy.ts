import pc from "picocolors";
import type { ClusterAddress } from "../../kubernetes/address";
import type { KubernetesObject } from "../../kubernetes/object";
import { waitUntilReady } from "../../kubernetes/readiness";
import type { Engine } from "../engine/discovery";
import { PulumiStack } from "../engine/pulumiStack";
import { UserError } from "../../shared/errors";
import { refuseForeignReleases } from "../preflight/foreignReleases";
import type { Declaration } from "../program/declaration";
import { evaluateProgram } from "../program/evaluate";
import { Progress } from "../terminal/progress";
import { requestFor } from "../target/request";
import type { SearchScope } from "../recovery/findings";
import { objectsIn, type StackState } from "../recovery/interruption";
import { meshIn, refuseForeignMesh, refuseLostState } from "../recovery/ownership";
import { bringUpToDate, freeFromDeadRuns, pastDeadLocks, recover } from "../recovery/recover";
import type { Deployed, Site, DeploymentStrategy } from "../target/site";
import { explaining, explainingTrouble } from "../diagnosis/explain";
import { type DeploymentRecord, readRecord, writeRecord } from "../target/record";
import { retry } from "../diagnosis/retry";
import { googleCloudFault, type Target } from "../target/target";

/** What the engine says where its provider has ended, in the middle of an operation or before it: gRPC's words. */
const PROVIDER_ENDED = /error reading from server|error while dialing: dial tcp 127\.0\.0\.1/i;

/** What the API server and Helm say where something of a name is there already. */
const NAME_TAKEN = /already exists|cannot re-use a name that is still in use/;

/** By Pulumi's engine, which keeps its own state. */
export class PulumiStrategy implements DeploymentStrategy {
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
        const stack = this.stackOf(target.stack, target.cluster);
        await freeFromDeadRuns(stack);
        const state =
            (await stack.prepare(target.named ? target.cluster : undefined, stop)) ?? (await stack.create(stop));
        const earlier = readRecord(target.stack);
        refuseClusterWithin(target.stack, state);
        if (meshIn(state) === undefined) {
            await refuseForeignReleases(target.stack, api);
        }
        await refuseForeignMesh(target.stack, meshIn(state), api, forgetCommand(stack, earlier));
        if (earlier) {
            await retry(site, stop);
        }
        const record: DeploymentRecord = {
            stack: target.stack,
            cluster: { ...target.cluster, identity },
            settled: earlier?.settled,
            deployedBy: { way: "pulumi", backend: this.backend },
        };
        // Before anything is deployed: an interrupted `up` can be undone as well.
        writeRecord(record);
        await pastDeadLocks(stack, stop, async () => {
            if (!(await recover(stack, state, api, stop))) {
                await bringUpToDate(stack, state, api, stop);
            }
            await explaining(site, () => this.up(stack, site, record, stop));
        });
        writeRecord({ ...record, settled: new Date().toISOString() });
        const [outputs, deployed] = await Promise.all([stack.outputs(stop), stack.findState(stop)]);
        await untilRolledOut(objectsIn(deployed ?? {}), site, stop);
        return { outputs, shellCommands: stack.shellCommands() };
    }

    async undo({ target, api }: Site, record: DeploymentRecord, stop: AbortSignal): Promise<void> {
        const stack = this.stackOf(target.stack, target.cluster);
        await freeFromDeadRuns(stack);
        // At the same time, for it takes as long as the CLI does.
        const [state, declaration] = await Promise.all([
            stack.prepare(target.named ? target.cluster : undefined, stop),
            declarationFor(target, stop),
        ]);
        if (state === undefined) {
            // A `down` that was killed at its very end has removed the stack, and everything else before.
            await refuseLostState(target.stack, this.backend, api, forgetCommand(stack, record));
            return;
        }
        refuseClusterWithin(target.stack, state);
        await refuseForeignMesh(target.stack, meshIn(state), api, forgetCommand(stack, record));
        await pastDeadLocks(stack, stop, async () => {
            if (!(await recover(stack, state, api, stop, unrecordedBy(record, declaration)))) {
                // Helm's releases cannot be destroyed once they are not there.
                await bringUpToDate(stack, state, api, stop);
            }
            await stack.destroy(stop);
        });
        await stack.remove({ force: false }, stop);
    }

    async forget(stack: string, stop: AbortSignal): Promise<void> {
        const forgotten = this.stackOf(stack);
        await freeFromDeadRuns(forgotten);
        await pastDeadLocks(forgotten, stop, () => forgotten.remove({ force: true }, stop));
    }

    /** `pulumi up`; once more after what an engine has met that a provider, ended before it, has left. */
    private async up(
        stack: PulumiStack,
        { target, api }: Site,
        record: DeploymentRecord,
        stop: AbortSignal,
    ): Promise<void> {
        await stack.up(this.options, stop).catch(async (error: unknown) => {
            const words = error instanceof UserError ? String(error.cause) : "";
            const died = PROVIDER_ENDED.test(words);
            if (!died && !NAME_TAKEN.test(words)) {
                throw error;
            }
            if (died) {
                console.log(
                    pc.yellow("The Kubernetes provider ended before its time; what it has left is looked for."),
                );
            }
            const state = (await stack.findState(stop)) ?? {};
            const unrecorded = unrecordedBy(record, await declarationFor(target, stop));
            const recovered = await recover(stack, state, api, stop, unrecorded);
            if (!died && !recovered) {
                throw error;
            }
            if (!recovered) {
                await stack.refresh(stop);
            }
            await stack.up(this.options, stop);
        });
    }

    private stackOf(name: string, cluster?: ClusterAddress): PulumiStack {
        return new PulumiStack(this.engine, name, this.backend, cluster);
    }
}

/** The provider at times takes a Deployment for rolled out that its controller has not even looked at since it was changed. */
async function untilRolledOut(objects: readonly KubernetesObject[], site: Site, stop: AbortSignal): Promise<void> {
    const deployments = objects.filter(({ kind }) => kind === "Deployment");
    const progress = new Progress();
    await explainingTrouble(site, progress, stop, (stop) =>
        progress.during(`Deployments rolled out (${deployments.length})`, async () => {
            await Promise.all(deployments.map((deployment) => waitUntilReady(deployment, site.api, stop)));
        }),
    );
}

/** What one types to forget what a stack has deployed: that of the engine where no `up` of this clone has deployed it. */
function forgetCommand(stack: PulumiStack, record?: DeploymentRecord): string {
    return record ? `npm run down -- --stack ${stack.name} --forget` : stack.forgetCommand();
}

/** @throws UserError where a stack holds the cluster itself, whatever its file says: the engine would remove that */
function refuseClusterWithin(stack: string, { deployment }: StackState): void {
    if (deployment?.resources?.some(({ type }) => type.startsWith("gcp:"))) {
        throw googleCloudFault(stack);
    }
}

/** Where to look for what the state may not know of. */
function unrecordedBy({ settled }: DeploymentRecord, declaration?: Declaration): SearchScope | undefined {
    return declaration && { declaration, settled: settled === undefined ? undefined : new Date(settled) };
}

/** What the program declares for a target; undefined where it cannot be run, which keeps nobody from removing what is known. */
async function declarationFor(target: Target, stop: AbortSignal): Promise<Declaration | undefined> {
    try {
        return await evaluateProgram(requestFor(target), undefined, stop);
    } catch (error) {
        if (!(error instanceof UserError)) {
            throw error;
        }
        console.log(
            pc.yellow(
                `What the state does not know of is not looked for, for the program cannot be run: ${error.message}`,
            ),
        );
        return undefined;
    }
}
