import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { KubernetesObject } from "../../kubernetes/object";
import type { Connection } from "../stack/connection";
import { stackOf } from "../testing/stack";
import { explaining, explainingProblems } from "./explain";
import { isTouchableIn } from "../stack/namespaces";
import { retryFailed, rollBackFailed } from "./retry";
import { errorsIn } from "../engine/eventLog";
import { UserError, Stopped } from "../../shared/errors";
import type { Helm } from "../../kubernetes/helm";
import { refuseForeignReleases } from "../preflight/foreignReleases";
import { Progress } from "../terminal/progress";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";

const QUOTA = "exceeded quota: tiny, requested: pods=1";

function refusing(kind: string, name: string, namespace = "istio-system"): KubernetesObject {
    const status = { conditions: [{ type: "ReplicaFailure", status: "True", message: QUOTA }] };
    return { apiVersion: "apps/v1", kind, metadata: { name, namespace }, status };
}

let cluster: FakeCluster;
let connection: Connection;
beforeEach(() => {
    cluster = new FakeCluster();
    connection = { stack: stackOf(), api: cluster.api, identity: "its-uid" };
});

const messageOf = (result: Promise<unknown>) => result.catch((error: unknown) => (error as Error).message);

describe("an error of a deployment", () => {
    it("has the problems in the cluster too, each with its remedy", async () => {
        cluster.objects = [refusing("Deployment", "istiod")];
        const failure = new UserError('looks like "x" is not a valid chart repository or cannot be reached');
        expect(await messageOf(explaining(connection, () => Promise.reject(failure)))).toMatch(
            /^looks like "x".*\n {2}Is the chart repository.*\n {2}Deployment istio-system\/istiod: exceeded.*\n {4}Raise.*tiny.*\nDo this, then/,
        );
    });

    it("has the remedy of its cause", async () => {
        const failure = new UserError("Pulumi could not deploy", {
            cause: 'admission webhook "a.b" denied the request: no',
        });
        expect(await messageOf(explaining(connection, () => Promise.reject(failure)))).toMatch(
            /could not deploy\n {2}Ask.*a\.b/,
        );
    });

    it.each([
        [
            'pods "x" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities',
            /enforces baseline:latest.*set istio\.cni\.enabled to true.*another namespace/,
        ],
        [
            "unable to validate against any security context constraint: [.containers[0].runAsUser: Invalid value: 1000]",
            /set istio\.platform to openshift/,
        ],
        [
            'conflicts with "admissionsenforcer" using admissionregistration.k8s.io/v1: .webhooks[name="a"].namespaceSelector',
            /set istio\.platform to aks/,
        ],
        [
            "admission webhook \"warden\" denied the request: GKE Warden rejected the request because\nlinux capability 'NET_ADMIN'",
            /--workload-policies=allow-net-admin/,
        ],
    ])("A7: of a platform has the platform's remedy: %s", async (message, remedy) => {
        expect(await messageOf(explaining(connection, () => Promise.reject(new UserError(message))))).toMatch(remedy);
    });

    it("stays the same if nothing is known, or the cluster does not answer", async () => {
        const failure = new UserError("something else");
        await expect(explaining(connection, () => Promise.reject(failure))).rejects.toBe(failure);
        connection.api.list = () => Promise.reject(new Error("down"));
        await expect(explaining(connection, () => Promise.reject(failure))).rejects.toBe(failure);
        const stopped = new Stopped();
        await expect(explaining(connection, () => Promise.reject(stopped))).rejects.toBe(stopped);
    });
});

describe("work that waits", () => {
    beforeEach(() => {
        jest.useFakeTimers();
        jest.spyOn(process.stdout, "write").mockReturnValue(true);
    });
    afterEach(() => {
        jest.useRealTimers();
        jest.restoreAllMocks();
    });

    /** Waits until the signal is aborted. */
    const waiting = (stop: AbortSignal) =>
        new Promise<void>((_, reject) => {
            stop.addEventListener("abort", () => {
                reject(new Stopped());
            });
        });

    it("ends after half a minute if waiting cannot help, with the reason", async () => {
        cluster.objects = [refusing("Deployment", "istiod")];
        const begun = Date.now();
        const ended = explainingProblems(connection, new Progress(), new AbortController().signal, waiting).catch(
            (error: unknown) => ({ message: (error as Error).message, seconds: (Date.now() - begun) / 1000 }),
        );
        await jest.advanceTimersByTimeAsync(100_000);
        expect(await ended).toEqual({
            message: expect.stringMatching(/^waiting will not repair this[^]*exceeded quota: tiny[^]*Raise/) as string,
            seconds: 30,
        });
    });

    it("ends with Stopped if the user stops it", async () => {
        cluster.objects = [refusing("Deployment", "istiod")];
        const stop = new AbortController();
        const ended = explainingProblems(connection, new Progress(), stop.signal, waiting).catch(
            (error: unknown) => error,
        );
        stop.abort();
        expect(await ended).toBeInstanceOf(Stopped);
        expect(jest.getTimerCount()).toBe(0);
    });
});

describe("what failed in an earlier run", () => {
    it("is retried at once, and nothing of others is touched", async () => {
        const ownedBy = (kind: string, { metadata, ...object }: KubernetesObject, app = "istiod"): KubernetesObject => {
            const owner = { apiVersion: "apps/v1", kind, name: `${app}-v1`, uid: "u" };
            return { ...object, metadata: { ...metadata, labels: { app }, ownerReferences: [owner] } };
        };
        const pod = (name: string, namespace: string, reason: string, app?: string, kind = "ReplicaSet") => {
            const status = { containerStatuses: [{ name: "main", state: { waiting: { reason } } }] };
            return ownedBy(kind, { apiVersion: "v1", kind: "Pod", metadata: { name, namespace }, status }, app);
        };
        const set = (name: string, namespace?: string) =>
            ownedBy("Deployment", refusing("ReplicaSet", name, namespace));
        cluster.objects = [
            set("refused"),
            set("elsewhere", "elsewhere"),
            { ...set("fine"), status: {} },
            pod("waits", "istio-system", "ImagePullBackOff"),
            pod("crashes", "istio-system", "CrashLoopBackOff"),
            pod("waits-elsewhere", "elsewhere", "ImagePullBackOff"),
            pod("reviews-v1-a-b", "default", "ImagePullBackOff", "reviews"),
            // What others have in the same namespaces.
            refusing("ReplicaSet", "of-others"),
            pod("of-others", "istio-system", "ImagePullBackOff", "their-gateway"),
            pod("istiod-0", "istio-system", "ImagePullBackOff", "istiod", "StatefulSet"),
            pod("reviews-canary-a-b", "default", "ImagePullBackOff", "reviews"),
            pod("reviews-v1-0", "default", "ImagePullBackOff", "reviews", "StatefulSet"),
        ];
        const touched: string[] = [];
        const { api } = cluster;
        api.apply = (object) => {
            touched.push(`apply ${object.metadata.name} ${Object.keys(object.metadata.annotations ?? {}).join()}`);
            return Promise.resolve(object);
        };
        api.delete = ({ metadata }) => {
            touched.push(`delete ${metadata.name}`);
            return Promise.resolve();
        };
        await retryFailed(api, isTouchableIn("default"));
        expect(touched).toEqual(["apply refused bookinfo-mesh/tried-again", "delete waits", "delete reviews-v1-a-b"]);
    });
});

function secret(name: string, namespace: string, version = 1, status = "deployed"): KubernetesObject {
    const labels = { owner: "helm", name, version: String(version), status };
    return { apiVersion: "v1", kind: "Secret", metadata: { name: `${name}.v${version}`, namespace, labels } };
}

describe("a release whose last upgrade failed", () => {
    it("is rolled back to the deployed revision, from which the next upgrade begins", async () => {
        cluster.objects = [
            secret("istiod", "istio-system", 8, "deployed"),
            secret("istiod", "istio-system", 10, "failed"),
            secret("istiod", "istio-system", 9, "failed"),
            secret("istio-ingressgateway", "istio-system", 1, "failed"),
            secret("istio-base", "istio-system", 1, "deployed"),
            secret("istio-base", "elsewhere", 2, "failed"),
        ];
        const rolledBack: string[] = [];
        const helm: Partial<Helm> = {
            rollBack: ({ name, namespace }, revision) => {
                rolledBack.push(`${namespace}/${name} to ${revision}`);
                return Promise.resolve();
            },
        };
        await rollBackFailed(cluster.api, helm as Helm);
        expect(rolledBack).toEqual(["istio-system/istiod to 8"]);
    });
});

describe("releases with the program's names", () => {
    it("are refused if the stack has deployed nothing", async () => {
        cluster.objects = [secret("istiod", "istio-system"), secret("istio-base", "istio-system")];
        const message = await messageOf(refuseForeignReleases("mine", cluster.api));
        expect(message).toContain("Helm has the releases istio-base, istiod in istio-system");
        expect(message).toContain("history --namespace istio-system istio-base): deploy to another cluster");
    });

    it("do not matter in other namespaces; other releases never matter", async () => {
        cluster.objects = [secret("istiod", "elsewhere"), secret("something", "istio-system")];
        await expect(refuseForeignReleases("mine", cluster.api)).resolves.toBeUndefined();
    });
});

describe("the engine's event log", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"))));
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });

    it("has its errors read without colours, even if its last line is incomplete", () => {
        const event = (severity: string, message: string) => JSON.stringify({ diagnosticEvent: { severity, message } });
        const lines = [
            JSON.stringify({ preludeEvent: {} }),
            event("info", "fine"),
            event("error", "<{%fg 1%}>error:<{%reset%}> refused\n"),
            '{"diagnosticEvent": {"sev',
        ];
        const file = path.join(folder, "events");
        writeFileSync(file, lines.join("\n"));
        expect(errorsIn(file)).toEqual(["error: refused"]);
        expect(errorsIn(path.join(folder, "none"))).toEqual([]);
    });
});
