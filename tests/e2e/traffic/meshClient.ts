import * as fs from "node:fs";
import type { HelmValues } from "../../../components/istio/merge";
import { drainSecondsOf } from "../../../components/istio/values";
import { PROPAGATION_SECONDS } from "../../../components/names";
import { readOr } from "../../../packages/shared/processId";
import { committedConfig, kubectl, poll, runCommand } from "../commands";

/** A request from a pod, as its application makes it: the sidecar takes it, and names the pod's service account. */
export interface MeshRequest {
    /** Label `app` of the pod that asks. */
    from: string;
    /** Name of the Service that is asked. */
    to: string;
    path: string;
    /** Default: GET. */
    method?: string;
    /** Default: default. */
    namespace?: string;
}

/** Makes a request from a pod. @returns the status, or the error code of the connection */
export async function requestFrom(request: MeshRequest): Promise<string> {
    const [answer = ""] = await requestsFrom([request]);
    return answer;
}

/**
 * Makes requests from pods of one namespace: those of each pod one after the other, each over a new connection. The images have no shell,
 * so the clients are processes of this machine, each in the network of a pod.
 * @returns the status of each, or the error code of its connection
 */
export async function requestsFrom(requests: readonly MeshRequest[]): Promise<string[]> {
    const namespace = requests[0]?.namespace ?? "default";
    const found = await kubectl("get", "pods,services", `--namespace=${namespace}`, "--output=json");
    const { items } = JSON.parse(found) as { items: PodOrService[] };
    const hosts = new Map(items.map(({ metadata, spec }) => [metadata.name, spec.clusterIP]));
    const processes = processesByPod();
    const callers = [...new Set(requests.map(({ from }) => from))].map(async (from) => {
        const pod = items.find(({ kind, metadata }) => kind === "Pod" && metadata.labels?.app === from)?.metadata.name;
        const id = processes.get(pod ?? "");
        if (id === undefined) {
            throw new Error(`no process of this machine is in the pod ${pod ?? `of ${from}`}`);
        }
        const own = requests.filter((request) => request.from === from);
        const options = own.map(({ to, path, method = "GET" }) => {
            return { host: hosts.get(to), port: 9080, path, method, headers: { host: `${to}:9080` }, timeout: 10_000 };
        });
        const enter = ["--target", String(id), "--net", "--", process.execPath, "--eval", client(options)];
        return [from, (await runCommand("nsenter", enter)).stdout.trim().split("\n")] as const;
    });
    const answers = new Map(await Promise.all(callers));
    return requests.map(({ from }) => answers.get(from)?.shift() ?? "");
}

/** A script that makes requests and prints a line for each. @param requests options of `http.request` */
function client(requests: readonly object[]): string {
    return `const ask = (options) => new Promise((resolve) => {
            const request = require("node:http").request({ ...options, agent: false }, (answer) => {
                answer.resume().on("close", () => resolve(answer.statusCode));
            });
            request.on("timeout", () => request.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })));
            request.on("error", (error) => resolve(error.code));
            request.end();
        });
        (async () => {
            for (const options of ${JSON.stringify(requests)}) {
                console.log(await ask(options));
            }
        })();`;
}

interface PodOrService {
    kind: string;
    metadata: { name: string; labels?: Record<string, string> };
    spec: { clusterIP?: string };
}

/** A process in each pod, by the pod's name. Its containers share one network. */
function processesByPod(): Map<string, number> {
    const ids = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return new Map(
        ids.flatMap((id) => {
            const [, pod] = /(?:^|\0)HOSTNAME=([^\0]+)\0/.exec(readOr(`/proc/${id}/environ`, "")) ?? [];
            return pod === undefined ? [] : [[pod, Number(id)]];
        }),
    );
}

/** Starts a pod of somebody else in a namespace of the mesh, with a service account and a Service of its own name. */
export async function startStranger(name: string, namespace = "default"): Promise<void> {
    const spec = await kubectl("get", "deployment", "details-v1", `--namespace=${namespace}`, "--output=json");
    const { template } = (JSON.parse(spec) as { spec: { template: { spec: object } } }).spec;
    const labels = { app: name };
    const metadata = { name, namespace, labels };
    const items = [
        { apiVersion: "v1", kind: "ServiceAccount", metadata },
        {
            apiVersion: "v1",
            kind: "Service",
            metadata,
            spec: { selector: labels, ports: [{ name: "http", port: 9080 }] },
        },
        {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { ...metadata, name: podOf(name, namespace) },
            spec: { ...template.spec, serviceAccountName: name },
        },
    ];
    const file = fs.mkdtempSync("/tmp/stranger-") + "/objects.json";
    fs.writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await kubectl("apply", "--filename", file);
    fs.rmSync(file);
    await kubectl(
        "wait",
        "--for=condition=Ready",
        `pod/${podOf(name, namespace)}`,
        `--namespace=${namespace}`,
        "--timeout=60s",
    );
}

/** The processes of a pod are found by its name, so no other namespace has a pod of this name. */
function podOf(name: string, namespace: string): string {
    return `${name}-in-${namespace}`;
}

/** Removes what `startStranger` has made. */
export async function removeStranger(name: string, namespace = "default"): Promise<void> {
    await kubectl(
        "delete",
        "--ignore-not-found",
        `--namespace=${namespace}`,
        `pod/${podOf(name, namespace)}`,
        `service/${name}`,
        `serviceaccount/${name}`,
    );
}

const { values } = committedConfig("local")["bookinfo-mesh:istio"] as { values: { istiod: HelmValues } };

/**
 * How long connections of before may keep what their filters were, in milliseconds: Envoy drains them after it got the new filters.
 * Requests from pod to pod share connections.
 */
export const DRAINED = (PROPAGATION_SECONDS + drainSecondsOf(values.istiod)) * 1000;

/** Makes requests until all of their answers are good, or every connection is a new one. @returns the last answers */
export async function answersOf(
    requests: readonly MeshRequest[],
    isGood: (answers: string[]) => boolean,
): Promise<string[]> {
    return poll(() => requestsFrom(requests), isGood, { timeout: DRAINED + 10_000, interval: 500 });
}
