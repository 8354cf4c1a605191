import * as fs from "node:fs";
import type { HelmValues } from "../../../components/istio/merge";
import { drainSecondsOf } from "../../../components/istio/values";
import { PROPAGATION_SECONDS } from "../../../components/names";
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

/**
 * Makes a request from a pod. The images have no shell, so the client is a process of this machine in the pod's network.
 * @returns the status, or the error code of the connection
 */
export async function requestFrom({
    from,
    to,
    path,
    method = "GET",
    namespace = "default",
}: MeshRequest): Promise<string> {
    const inNamespace = `--namespace=${namespace}`;
    const [pod, host] = await Promise.all([
        kubectl("get", "pods", inNamespace, `--selector=app=${from}`, "--output=jsonpath={.items[0].metadata.name}"),
        kubectl("get", "service", to, inNamespace, "--output=jsonpath={.spec.clusterIP}"),
    ]);
    const options = { host, port: 9080, path, method, headers: { host: `${to}:9080` }, timeout: 10_000 };
    const script = `const request = require("node:http").request(${JSON.stringify(options)}, (answer) => {
            answer.resume();
            console.log(answer.statusCode);
        });
        request.on("timeout", () => request.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })));
        request.on("error", (error) => console.log(error.code));
        request.end();`;
    const enter = ["--target", String(processIn(pod)), "--net", "--", process.execPath, "--eval", script];
    return (await runCommand("nsenter", enter)).stdout.trim();
}

/** A process in a pod. Its containers share one network. */
function processIn(pod: string): number {
    const found = fs.readdirSync("/proc").find((name) => {
        try {
            return /^\d+$/.test(name) && fs.readFileSync(`/proc/${name}/environ`, "utf8").includes(`HOSTNAME=${pod}\0`);
        } catch {
            // It has ended.
            return false;
        }
    });
    if (found === undefined) {
        throw new Error(`no process of this machine is in the pod ${pod}`);
    }
    return Number(found);
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
    return poll(() => Promise.all(requests.map(requestFrom)), isGood, { timeout: DRAINED + 10_000, interval: 500 });
}
