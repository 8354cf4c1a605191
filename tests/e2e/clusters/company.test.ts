import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { mergeValues } from "../../../components/istio/merge";
import { STATE_FOLDER } from "../../../packages/shared/project";
import {
    coldStart,
    type CommandResult,
    get,
    kubectl,
    listObjects,
    npmRun,
    npmRunWith,
    PRIVILEGED_NAMESPACE,
    productPage,
    removeStack,
    runOnSandbox,
    stackFile,
    writeStackFile,
} from "../commands";
import { describeWithPulumi, pulumiOn } from "../engine";
import type { LoopbackServer } from "../downloads/releaseHost";
import { contentsBelow, findLeaks } from "../lifecycle/credentials";
import { nothingDeployed, removeSandbox } from "../sharedSandbox";
import { type RegistryOnNode, startChartRepository, startRegistryOnNode } from "./companyServers";
import { watchProcesses } from "./processWatch";

/*
 * A company's cluster: images come from a registry and charts from a repository that each want a password. One deployment is without the
 * Pulumi CLI: the stack's file has the passwords, as only the CLI could encrypt them, and nothing else may have them. The other one is by
 * the engine, with encrypted passwords.
 */

const STACK = "company";
const OF_IMAGES = { username: "puller", password: "Marker-of-the-registry-5e1f" };
const OF_CHARTS = { username: "reader", password: "Marker-of-the-charts-9c4d" };
const PASSWORDS = [OF_IMAGES, OF_CHARTS].flatMap(({ username, password }) => [
    password,
    Buffer.from(`${username}:${password}`).toString("base64"),
]);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "company-"));
let registry: RegistryOnNode;
let charts: LoopbackServer;
let before: string[];

const dockerConfigOf = ({ host }: RegistryOnNode) => JSON.stringify({ auths: { [host]: OF_IMAGES } });

/** The config of the company's stack. @param credentials whether the passwords are in it */
function configure(istio: object = {}, credentials = true): void {
    const image = (name: string) => ({ image: `${registry.host}/${name}` });
    const settings = {
        chartRepository: charts.url,
        ...(credentials && { chartCredentials: OF_CHARTS }),
        // The sandbox's versions are not the default ones, so these come from keys of their own.
        tracing: image("jaegertracing/jaeger:2.2.0"),
        prometheus: image("prom/prometheus:v3.15.0"),
        servicegraph: image("library/node:24.21.0-bookworm-slim"),
    };
    writeStackFile(STACK, {
        images: { mirror: registry.host, ...(credentials && { dockerConfig: dockerConfigOf(registry) }) },
        app: { namespace: "bookinfo", namespaceLabels: PRIVILEGED_NAMESPACE },
        istio: mergeValues(settings, istio as typeof settings),
    });
}

const up = () => npmRun("up", "--rendered", "--stack", STACK);

/** What is left of downloads of charts, with or without logins. */
const leftOfDownloads = () =>
    [os.tmpdir(), process.env.XDG_RUNTIME_DIR ?? os.tmpdir()]
        .flatMap((place) => fs.readdirSync(place))
        .filter((name) => name.startsWith("bookinfo-mesh-charts-"));

interface PodList {
    items: {
        metadata: { name: string };
        spec: {
            imagePullSecrets?: { name: string }[];
            containers: { image: string }[];
            initContainers?: { image: string }[];
        };
        status: { conditions: { type: string; status: string }[] };
    }[];
}

/** Every pod runs, with images of the registry, which it logs in to. */
async function expectPodsOfRegistry(): Promise<void> {
    const pods = ["istio-system", "bookinfo"].map((namespace) =>
        kubectl("get", "pods", "--namespace", namespace, "--output=json"),
    );
    const items = (await Promise.all(pods)).flatMap((list) => (JSON.parse(list) as PodList).items);
    expect(items).toHaveLength(11);
    for (const { metadata, spec, status } of items) {
        const images = [...spec.containers, ...(spec.initContainers ?? [])].map(({ image }) => image);
        const others = images.filter((image) => !image.startsWith(registry.host));
        expect({ pod: metadata.name, others }).toEqual({ pod: metadata.name, others: [] });
        expect(spec.imagePullSecrets).toEqual([{ name: "image-registries" }]);
        expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Ready", status: "True" }));
    }
}

beforeAll(async () => {
    before = await nothingDeployed();
    for (const name of ["registry", "charts"]) {
        fs.mkdirSync(path.join(folder, name));
    }
    [registry, charts] = await Promise.all([
        startRegistryOnNode(path.join(folder, "registry"), OF_IMAGES),
        startChartRepository(path.join(folder, "charts"), OF_CHARTS),
    ]);
}, coldStart);

afterAll(async () => {
    await removeStack(STACK, "--keep-cluster");
    // The kubelet notes which images came with credentials, and asks every other pod for them (KubeletEnsureSecretPulledImages): the
    // images that the node had before have the same content.
    await removeSandbox();
    registry.close();
    charts.close();
    fs.rmSync(folder, { recursive: true });
}, 120_000);

describe("A3: a chart repository that refuses the login", () => {
    it("ends the deployment before it begins, with the keys of the login, and without the password", async () => {
        configure({ chartCredentials: { username: "reader", password: `${OF_CHARTS.password}-wrong` } });
        const { code, output } = await up();
        expect(code).toBe(1);
        expect(output).toMatch(/401 Unauthorized[^]*istio\.chartCredentials/);
        expect(findLeaks(PASSWORDS, { output })).toEqual([]);
        expect(await listObjects()).toEqual(before);
    }, 60_000);
});

describe("A3, A4: a deployment from the company's servers", () => {
    let deployed: CommandResult;
    let seen: string[];

    beforeAll(async () => {
        configure();
        const watch = watchProcesses(PASSWORDS);
        deployed = await up();
        seen = watch.end();
    }, 180_000);

    it("runs every pod, with images of the registry alone, which the pods log in to", async () => {
        expect([deployed.code, deployed.code === 0 ? "" : deployed.output]).toEqual([0, ""]);
        expect((await get(productPage)).status).toBe(200);
        await expectPodsOfRegistry();
    });

    it("shows no password to other users of this machine", () => {
        expect(seen).toEqual([]);
    });

    it("leaves no password in its output, its records, its files and its releases", async () => {
        const rendered = path.join(folder, "rendered");
        const render = await npmRun("render", "--manifests", "--stack", STACK, "--out", rendered);
        expect(render).toMatchObject({ code: 0 });
        const releases = await Promise.all(
            ["istio-base", "istiod", "istio-ingressgateway"].map((name) =>
                runOnSandbox("helm", "get", "all", name, "--namespace=istio-system"),
            ),
        );
        const texts = {
            output: deployed.output,
            render: render.output,
            ...Object.fromEntries(releases.map(({ output }, index) => [`release ${String(index)}`, output])),
            ...contentsBelow(STATE_FOLDER),
            ...contentsBelow(rendered),
        };
        expect(Object.keys(texts).join("\n")).toMatch(/company\.json[^]*image-registries/);
        expect(findLeaks(PASSWORDS, texts)).toEqual([]);
        expect(leftOfDownloads()).toEqual([]);
    }, 60_000);

    it("leaves nothing behind when it is removed", async () => {
        expect(await npmRun("down", "--stack", STACK, "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
    }, 120_000);
});

describeWithPulumi("A3, A4: a deployment from the company's servers, with encrypted passwords", () => {
    let deployed: CommandResult;
    let seen: string[];

    const passphrase = path.join(STATE_FOLDER, "passphrase");
    const withPassphrase = (command: string, ...options: string[]) =>
        npmRunWith({ PULUMI_CONFIG_PASSPHRASE_FILE: passphrase }, command, "--stack", STACK, ...options);

    beforeAll(async () => {
        configure({}, false);
        if (!fs.existsSync(passphrase)) {
            fs.mkdirSync(path.join(STATE_FOLDER, "pulumi"), { recursive: true, mode: 0o700 });
            fs.writeFileSync(passphrase, "of the company", { mode: 0o600 });
        }
        const encrypt = async (key: string, value: string) => {
            const { code, output } = await pulumiOn(STACK)("config set --secret --path", key, value);
            expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
        };
        expect(await pulumiOn(STACK)("stack init")).toMatchObject({ code: 0 });
        await encrypt("images.dockerConfig", dockerConfigOf(registry));
        await encrypt("istio.chartCredentials.username", OF_CHARTS.username);
        await encrypt("istio.chartCredentials.password", OF_CHARTS.password);
        const watch = watchProcesses(PASSWORDS);
        deployed = await withPassphrase("up");
        seen = watch.end();
    }, 240_000);

    it("runs every pod, and shows no password", async () => {
        expect([deployed.code, deployed.code === 0 ? "" : deployed.output]).toEqual([0, ""]);
        await expectPodsOfRegistry();
        expect(seen).toEqual([]);
        const texts = {
            output: deployed.output,
            preview: (await pulumiOn(STACK)("preview --diff")).output,
            file: fs.readFileSync(stackFile(STACK), "utf8"),
            ...contentsBelow(STATE_FOLDER),
        };
        expect(Object.keys(texts).join("\n")).toContain(`${STACK}.json`);
        expect(findLeaks(PASSWORDS, texts)).toEqual([]);
    }, 120_000);

    it("leaves nothing behind when it is removed", async () => {
        expect(await withPassphrase("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
    }, 240_000);
});
