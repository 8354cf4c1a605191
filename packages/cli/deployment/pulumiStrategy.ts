import pc from "picocolors";
import { ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { waitUntilReady } from "../../kubernetes/readiness";
import { UserError } from "../../shared/errors";
import { explainingEngine, explainingProblems } from "../diagnosis/explain";
import { retry } from "../diagnosis/retry";
import type { Engine } from "../engine/discovery";
import { refusePlainCredentials } from "../engine/plainCredentials";
import type { StackState } from "../engine/state";
import { PulumiStack } from "../engine/pulumiStack";
import { findExisting } from "../preflight/existingNamespaces";
import { COUNTS_AS_GONE } from "../../leftovers/gone";
import { refuseForeignReleases } from "../preflight/foreignReleases";
import { refuseTakenNames } from "../preflight/takenNames";
import type { Declaration } from "../program/declaration";
import type { SearchScope } from "../recovery/findings";
import { type Snapshot, snapshotOf } from "../recovery/snapshot";
import { checkCharts } from "../render/chartDigests";
import { holdsSomething, isOwn, refuseForeignMesh, refuseLostState } from "../recovery/ownership";
import { bringUpToDate, freeFromDeadRuns, pastDeadLocks, recover } from "../recovery/recover";
import type { Connection } from "../stack/connection";
import { type DeploymentRecord, PULUMI, writeRecord } from "../stack/record";
import { googleCloudError, type Stack } from "../stack/stack";
import { forgetCommand, upCommand } from "../stack/suggestions";
import { Progress } from "../terminal/progress";
import type { Deployed, DeploymentStrategy } from "./strategy";

/** What the engine says if its provider has ended, during an operation or before it: gRPC's words. */
const PROVIDER_ENDED = /error reading from server|error while dialing: dial tcp 127\.0\.0\.1/i;

/** What the API server and Helm say if a name is taken. */
const NAME_TAKEN = /already exists|cannot re-use a name that is still in use/;

/** Deploys with Pulumi's engine, which keeps its own state. */
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

    async deploy(reached: Connection, stop: AbortSignal): Promise<Deployed> {
        const { stack: presumed, api, identity } = reached;
        const earlier = presumed.record;
        let stack = presumed;
        refusePlainCredentials(stack.name, stack.file);
        await checkCharts(stack, stop);
        const pulumi = this.stackOf(stack.name, api);
        await freeFromDeadRuns(pulumi, stop);
        const state = (await pulumi.prepare(stack, stop)) ?? (await pulumi.create(stop));
        refuseClusterWithin(stack.name, state);
        const inState = snapshotOf(state);
        if (inState.mesh === undefined) {
            await refuseForeignReleases(stack.name, api);
            await refuseTakenNames(stack, api, (object) => isMadeBy(inState, object));
        }
        const seen = withRecordedMesh(inState, earlier);
        // Without an `up` of this clone, only the engine itself has something to forget.
        const forget = earlier ? forgetCommand(stack.name) : pulumi.forgetCommand();
        await refuseForeignMesh(stack.name, seen.mesh, api, forget);
        const existing = await findExisting(reached, (namespace) => isCreatedBy(inState, namespace, api));
        stack = stack.withExistingNamespaces(Object.keys(existing));
        const connection = { ...reached, stack };
        pulumi.configure(stack);
        if (earlier) {
            await retry(connection, stop);
        }
        const record: DeploymentRecord = {
            stack: stack.name,
            cluster: { ...stack.cluster, identity },
            settled: earlier?.settled,
            existing,
            deployedBy: { way: PULUMI, backend: this.backend },
        };
        // Before anything is deployed: an interrupted `up` can be undone as well.
        writeRecord(record);
        await pastDeadLocks(pulumi, stop, async () => {
            if (!(await recover(pulumi, seen, api, stop))) {
                await bringUpToDate(pulumi, seen, api, stop);
            }
            await explainingEngine(connection, stop, (stop) => this.up(pulumi, connection, record, stop));
        });
        const settled = { ...record, settled: new Date().toISOString() };
        writeRecord(settled);
        const [outputs, deployed] = await Promise.all([pulumi.outputs(stop), pulumi.findState(stop)]);
        await untilRolledOut(snapshotOf(deployed).objects, connection, stop);
        return {
            outputs,
            shellCommands: pulumi.shellCommands(),
            restoreCommand: this.options.refresh ? undefined : upCommand(stack.withRecord(settled), "--refresh"),
            record: settled,
        };
    }

    async undo({ stack, api }: Connection, record: DeploymentRecord, stop: AbortSignal): Promise<void> {
        const pulumi = this.stackOf(stack.name, api);
        await freeFromDeadRuns(pulumi, stop);
        // At the same time, because each takes about as long as the other.
        const [state, declaration] = await Promise.all([pulumi.prepare(stack, stop), declarationOf(stack, stop)]);
        if (state === undefined) {
            // A `down` that was killed at its very end has removed the stack, and everything else before.
            const uid = record.existing?.[ISTIO_NAMESPACE]?.uid;
            await refuseLostState(stack.name, this.backend, api, { forget: forgetCommand(stack.name), uid });
            return;
        }
        refuseClusterWithin(stack.name, state);
        const seen = withRecordedMesh(snapshotOf(state), record);
        await refuseForeignMesh(stack.name, seen.mesh, api, forgetCommand(stack.name));
        await pastDeadLocks(pulumi, stop, async () => {
            if (!(await recover(pulumi, seen, api, stop, scopeOf(record, declaration)))) {
                // The engine cannot destroy a Helm release that is gone.
                await bringUpToDate(pulumi, seen, api, stop);
            }
            await pulumi.destroy(stop);
        });
        await pulumi.remove({ force: false }, stop);
    }

    async forget(stack: string, stop: AbortSignal): Promise<void> {
        const pulumi = this.stackOf(stack);
        await freeFromDeadRuns(pulumi, stop);
        await pastDeadLocks(pulumi, stop, async () => {
            refuseBilled(stack, await pulumi.findState(stop));
            await pulumi.remove({ force: true }, stop);
        });
    }

    /** `pulumi up`; a second time if a provider that died before has left something in the engine's way. */
    private async up(
        pulumi: PulumiStack,
        { stack, api }: Connection,
        record: DeploymentRecord,
        stop: AbortSignal,
    ): Promise<void> {
        await pulumi.up(this.options, stop).catch(async (error: unknown) => {
            const words = error instanceof UserError ? String(error.cause) : "";
            const died = PROVIDER_ENDED.test(words);
            if (!died && !NAME_TAKEN.test(words)) {
                throw error;
            }
            if (died) {
                console.log(pc.yellow("The Kubernetes provider ended too early; looking for what it has left."));
            }
            const seen = withRecordedMesh(snapshotOf(await pulumi.findState(stop)), record);
            const scope = scopeOf(record, await declarationOf(stack, stop));
            const recovered = await recover(pulumi, seen, api, stop, scope);
            if (!died && !recovered) {
                throw error;
            }
            if (!recovered) {
                await pulumi.refresh(stop);
            }
            await pulumi.up(this.options, stop);
        });
    }

    private stackOf(name: string, api?: ClusterApi): PulumiStack {
        const needed = api ? [api.address.kubeconfig] : [];
        return new PulumiStack(this.engine, name, this.backend, api?.kubeconfig, needed);
    }
}

/** The state's snapshot, with the mesh's namespace of the record: if it was there before, an early state lacks it. */
function withRecordedMesh(seen: Snapshot, record: DeploymentRecord | undefined): Snapshot {
    return { ...seen, mesh: seen.mesh ?? record?.existing?.[ISTIO_NAMESPACE]?.uid };
}

/** Whether a stack has made an object: the state has it, or a killed run has. */
function isMadeBy({ known, begun }: Snapshot, object: KubernetesObject): boolean {
    const { apiVersion, kind, metadata } = object;
    const type = `kubernetes:${apiVersion === "v1" ? "core/v1" : apiVersion}:${kind}`;
    const id = `${metadata.namespace ?? ""}/${metadata.name}`;
    return known.has(`${type} ${id}`) || (begun !== undefined && isOwn(object, begun));
}

/** Whether a stack has created a namespace: the state has it, or it is what a killed run has begun with. */
async function isCreatedBy(seen: Snapshot, { metadata, ...rest }: KubernetesObject, api: ClusterApi): Promise<boolean> {
    if (seen.known.has(`kubernetes:core/v1:NamespacePatch ${metadata.name}`)) {
        return false;
    }
    const inState = seen.objects.find(
        (object) => object.kind === "Namespace" && object.metadata.name === metadata.name,
    );
    if (inState) {
        return inState.metadata.uid === undefined || inState.metadata.uid === metadata.uid;
    }
    const isBegun = seen.begun !== undefined && isOwn({ ...rest, metadata }, seen.begun);
    return isBegun && !(await holdsSomething(metadata.name, api));
}

/** The provider sometimes calls a Deployment rolled out before its controller has seen the change. */
async function untilRolledOut(objects: readonly KubernetesObject[], connection: Connection, stop: AbortSignal) {
    const deployments = objects.filter(({ kind }) => kind === "Deployment");
    const progress = new Progress();
    await explainingProblems(connection, progress, stop, (stop) =>
        progress.during(`Deployments rolled out (${deployments.length})`, async () => {
            await Promise.all(deployments.map((deployment) => waitUntilReady(deployment, connection.api, stop)));
        }),
    );
}

/** @throws UserError if a stack holds the cluster itself, even if its file says otherwise: the engine would remove it */
function refuseClusterWithin(stack: string, { deployment }: StackState): void {
    if (deployment?.resources?.some(({ type }) => type.startsWith("gcp:"))) {
        throw googleCloudError(stack);
    }
}

/** @throws UserError if a stack holds more than objects of a cluster: nobody would know of them, and somebody pays for them */
function refuseBilled(stack: string, { deployment }: StackState = {}): void {
    const outside =
        deployment?.resources?.filter(({ type }) => !/^(?:pulumi|kubernetes|bookinfo-mesh):/.test(type)) ?? [];
    if (outside.length > 0) {
        throw new UserError(
            `stack "${stack}" also has what is not in a cluster (${outside.length} resources, such as ${outside[0]?.type ?? ""}): ` +
                `it is not forgotten. Without the cluster, \`${COUNTS_AS_GONE}=true pulumi refresh --stack ${stack}\` and then ` +
                `\`pulumi destroy --stack ${stack}\` remove the rest.`,
        );
    }
}

/** Where to look for objects that the state may not know. */
function scopeOf({ settled }: DeploymentRecord, declaration?: Declaration): SearchScope | undefined {
    return declaration && { declaration, settled: settled === undefined ? undefined : new Date(settled) };
}

/** What the program declares; undefined if it cannot be run. What the state knows can be removed without it. */
async function declarationOf(stack: Stack, stop: AbortSignal): Promise<Declaration | undefined> {
    try {
        return await stack.declaration(stop);
    } catch (error) {
        if (!(error instanceof UserError)) {
            throw error;
        }
        console.log(
            pc.yellow(`Objects that the state does not know stay, because the program cannot run: ${error.message}`),
        );
        return undefined;
    }
}
