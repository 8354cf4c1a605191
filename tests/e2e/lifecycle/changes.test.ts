import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { live } from "../../../sandbox/paths";
import { program } from "../../../sandbox/toolchain/toolchain";
import { clone, coldStart, get, kubectl, npmRun } from "../product";

/*
 * What is deployed is changed while people look at the page. The sandbox has one version of Istio and of Bookinfo; so istiod
 * and the gateway are replaced by ones that differ in an annotation, and Bookinfo's images get a second tag.
 */

const page = "http://198.51.100.20/productpage";
const stackFile = path.join(clone, "Pulumi.changing.yaml");

/** Requests for each second while something changes. */
const RATE = 10;

type Section = Record<string, unknown>;
type Config = Record<"istio" | "app" | "bookinfo", Section>;

let committed: { config: Record<string, Section> };
let current: Partial<Config> = {};

/** Deploys the sandbox's stack with some of its config changed, for good. */
async function change(changes: Partial<Config>): Promise<void> {
    current = { ...current, ...changes };
    const config = Object.fromEntries(
        Object.entries(current).map(([key, section]) => {
            const name = `bookinfo-mesh:${key}`;
            return [name, { ...committed.config[name], ...section }];
        }),
    );
    fs.writeFileSync(stackFile, stringify({ config: { ...committed.config, ...config } }));
    const { code, output } = await npmRun("up", "--stack", "changing");
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
}

/** Asks for the page all the time while something is done, and gives what went wrong. */
async function whileAsked(work: () => Promise<void>): Promise<{ asked: number; lost: string[] }> {
    const lost: string[] = [];
    const requests: Promise<void>[] = [];
    const timer = setInterval(() => {
        // Each by a connection of its own, as people who come anew.
        const request = get(page, { headers: { connection: "close" } }).then(
            ({ status }) => {
                if (status !== 200) {
                    lost.push(`answered ${status}`);
                }
            },
            (error: unknown) => {
                lost.push(String(error instanceof Error ? (error.cause ?? error) : error));
            },
        );
        requests.push(request);
    }, 1000 / RATE);
    try {
        await work();
    } finally {
        clearInterval(timer);
        await Promise.all(requests);
    }
    console.log(`${expect.getState().currentTestName ?? ""}: ${requests.length} requests, ${lost.length} lost`);
    return { asked: requests.length, lost };
}

/** What tells a pod from the one that takes its place. */
const pods = async (namespace: string, app: string) =>
    kubectl(
        "get",
        "pods",
        `--namespace=${namespace}`,
        `--selector=app=${app}`,
        "--output=jsonpath={.items[*].metadata.uid}",
    );

beforeAll(async () => {
    expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
    committed = parse(fs.readFileSync(path.join(clone, "Pulumi.local.yaml"), "utf8")) as typeof committed;
    await change({});
}, coldStart);

afterAll(async () => {
    await npmRun("down", "--stack", "changing");
    fs.rmSync(stackFile, { force: true });
    await npmRun("sandbox", "down");
}, 300_000);

it("istiod and the gateway are replaced, and no request is lost", async () => {
    const before = [await pods("istio-system", "istiod"), await pods("istio-system", "istio-ingressgateway")];
    const annotated = { podAnnotations: { replaced: "once" } };
    const { values = {} } = committed.config["bookinfo-mesh:istio"] as { values?: Record<string, Section> };
    const { asked, lost } = await whileAsked(() =>
        change({ istio: { values: { ...values, istiod: { ...values.istiod, ...annotated }, gateway: annotated } } }),
    );
    const after = [await pods("istio-system", "istiod"), await pods("istio-system", "istio-ingressgateway")];
    expect(after.filter((pod) => before.includes(pod))).toEqual([]);
    expect([asked > RATE, lost]).toEqual([true, []]);
}, 300_000);

it("a switch is turned off and on again, and no request is lost", async () => {
    const { tracing } = committed.config["bookinfo-mesh:istio"] as { tracing: Section };
    const { lost } = await whileAsked(async () => {
        await change({ istio: { ...current.istio, tracing: { ...tracing, enabled: false } } });
        expect(await pods("istio-system", "jaeger")).toBe("");
        await change({ istio: { ...current.istio, tracing } });
        expect(await pods("istio-system", "jaeger")).not.toBe("");
    });
    expect(lost).toEqual([]);
}, 300_000);

it("Bookinfo gets another tag, and no request is lost", async () => {
    const names = await kubectl("get", "deployments", "--output=jsonpath={..image}");
    for (const image of names.split(" ").filter((name) => name.includes("examples-bookinfo"))) {
        const containerd = ["--address", live.containerdSocket, "--namespace", "k8s.io"];
        execFileSync(program("containerd", "ctr"), [
            ...containerd,
            "images",
            "tag",
            image,
            image.replace(/:.*/, ":next"),
        ]);
    }
    const before = await pods("default", "productpage");
    const { lost } = await whileAsked(() => change({ bookinfo: { tag: "next" } }));
    expect(await pods("default", "productpage")).not.toBe(before);
    expect(lost).toEqual([]);
}, 300_000);

it("Bookinfo moves to another namespace", async () => {
    const { lost } = await whileAsked(() => change({ app: { namespace: "bookinfo" } }));
    expect(await pods("default", "productpage")).toBe("");
    expect(await get(page)).toMatchObject({ status: 200 });
    expect(lost).toEqual([]);
}, 300_000);
