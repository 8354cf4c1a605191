import { readFileSync } from "node:fs";
import { stepsOf } from "../../packages/cli/render/steps";
import { unwrapSecrets } from "../../packages/shared/secrets";
import { renderedFiles } from "../../packages/cli/render/folder";
import { once } from "./once";
import { CLUSTER, find, ofType, type Registration, runProgram, waitedFor } from "./program";

/* The program of a company that has its own mirror and chart repositories, which want passwords. */

const MARKERS = ["marker-docker-password", "marker-chart-user", "marker-chart-password", "marker-kiali-password"];
const mirror = "mirror.example.com/docker";
const auths = { "mirror.example.com": { username: "me", password: MARKERS[0] } };

const company = once(() =>
    runProgram({
        cluster: CLUSTER,
        app: { namespace: "bookinfo" },
        images: { mirror, pullSecrets: ["regcred"], dockerConfig: JSON.stringify({ auths }) },
        istio: {
            chartRepository: "https://charts.example.com/istio",
            chartCredentials: { username: MARKERS[1], password: MARKERS[2] },
            kiali: {
                chartRepository: "oci://charts.example.com/kiali",
                chartCredentials: { username: "me", password: MARKERS[3] },
            },
        },
    }),
);

/** The markers that a text has, in clear or in base64. */
function markersIn(text: string): string[] {
    return MARKERS.filter((marker) =>
        [marker, ...[0, 1, 2].map((shift) => inBase64(marker, shift))].some((form) => text.includes(form)),
    );
}

/** The middle of a text's base64, if `shift` bytes come before it. */
function inBase64(text: string, shift: number): string {
    return Buffer.from(" ".repeat(shift) + text)
        .toString("base64")
        .slice(4, -4);
}

/** Inputs with the values of their secrets left out. */
function withoutSecrets(value: unknown): unknown {
    if (typeof value !== "object" || value === null) {
        return value;
    }
    // How Pulumi marks a secret on the wire (packages/shared/secrets.ts).
    return "4dabf18193072939515e22adb298388d" in value
        ? "[secret]"
        : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner)]));
}

const inputsOf = ({ inputs }: Registration) => unwrapSecrets(inputs).value;

interface PodTemplate {
    spec: { template: { spec: { imagePullSecrets?: { name: string }[]; containers: { image: string }[] } } };
}
interface ReleaseInputs {
    name: string;
    chart: string;
    repositoryOpts?: Record<string, string>;
    values: Record<string, Record<string, unknown>>;
}

async function releaseOf(name: string): Promise<ReleaseInputs> {
    const releases = ofType(await company(), /Release$/).map((release) => inputsOf(release) as ReleaseInputs);
    return releases.find((release) => release.name === name) as ReleaseInputs;
}

const SECRETS = [{ name: "regcred" }, { name: "image-registries" }];

let warnings: string[];
beforeAll(async () => {
    const warn = jest.spyOn(console, "warn").mockImplementation();
    await company();
    warnings = warn.mock.calls.map(String);
    warn.mockRestore();
});

describe("A4: every pod", () => {
    it("of the program comes from the mirror, and has the pull secrets", async () => {
        const deployments = ofType(await company(), /:Deployment$/);
        expect(deployments).toHaveLength(10);
        for (const { name, inputs } of deployments) {
            const { spec } = (inputs as unknown as PodTemplate).spec.template;
            expect({ name, secrets: spec.imagePullSecrets }).toEqual({ name, secrets: SECRETS });
            for (const { image } of spec.containers) {
                expect(image).toMatch(/^mirror\.example\.com\/docker\/(?:istio|prom|grafana|jaegertracing|library)\//);
            }
        }
    });

    it("B2: of the program has an image that is known to be for Arm too", async () => {
        const page = readFileSync("docs/platforms.md", "utf8");
        const table = page.slice(page.indexOf("## Images and CPUs"), page.indexOf("## The CNI plugin"));
        const images = ofType(await company(), /:Deployment$/).flatMap(({ inputs }) =>
            (inputs as unknown as PodTemplate).spec.template.spec.containers.map(({ image }) => image),
        );
        const known = [...table.matchAll(/`([^`]+)`/g)].map(([, name = ""]) =>
            name.replace(/^-/, "istio/examples-bookinfo-"),
        );
        const paths = images.map((image) => image.replace(`${mirror}/`, "").replace(/:.*/, ""));
        expect(paths.filter((path) => !known.includes(path))).toEqual([]);
    });

    it("of Istio's charts too, and those that istiod injects", async () => {
        const names = ["regcred", "image-registries"];
        const { values: istiod } = await releaseOf("istiod");
        expect(istiod.global).toMatchObject({ hub: `${mirror}/istio`, imagePullSecrets: names });
        const { values: gateway } = await releaseOf("istio-ingressgateway");
        expect(gateway.imagePullSecrets).toEqual(SECRETS);
    });

    it("of Kiali's chart too", async () => {
        const { values } = await releaseOf("kiali");
        expect(values.deployment).toMatchObject({
            image_name: `${mirror}/kiali/kiali`,
            image_pull_secrets: ["regcred", "image-registries"],
        });
    });

    it("starts after the pull secret of its namespace", async () => {
        const run = await company();
        const secretOf = (namespace: string) =>
            ofType(run, /:Secret$/).find(
                ({ inputs }) =>
                    (inputs.metadata as { name: string; namespace: string }).name === "image-registries" &&
                    (inputs.metadata as { namespace: string }).namespace === namespace,
            )?.urn;
        const urnsBefore = (urn: string) => waitedFor(run, urn).map((resource) => resource.urn);
        for (const { urn, inputs } of ofType(run, /:Deployment$/)) {
            const { namespace } = inputs.metadata as { namespace: string };
            expect(urnsBefore(urn)).toContain(secretOf(namespace));
        }
        for (const name of ["istio-istiod", "istio-gateway", "kiali-release"]) {
            const { urn } = find(run, "kubernetes:helm.sh/v3:Release", name);
            expect(urnsBefore(urn)).toContain(secretOf("istio-system"));
        }
    });
});

describe("A4: the pull secret", () => {
    it("is made in both namespaces, in the form that nodes read", async () => {
        const secrets = ofType(await company(), /:Secret$/)
            .map((secret) => inputsOf(secret) as { type?: string; metadata: object; data: Record<string, string> })
            .filter(({ type }) => type !== undefined);
        expect(secrets).toHaveLength(2);
        for (const { type, data } of secrets) {
            expect(type).toBe("kubernetes.io/dockerconfigjson");
            const json = Buffer.from(data[".dockerconfigjson"] ?? "", "base64").toString();
            expect(JSON.parse(json)).toEqual({ auths });
        }
        expect(secrets.map(({ metadata }) => metadata)).toEqual(
            expect.arrayContaining([
                { name: "image-registries", namespace: "istio-system" },
                { name: "image-registries", namespace: "bookinfo" },
            ]),
        );
    });
});

describe("A3: the credentials of chart repositories", () => {
    it("are given to each release of that repository", async () => {
        for (const name of ["istio-base", "istiod", "istio-ingressgateway"]) {
            expect((await releaseOf(name)).repositoryOpts).toEqual({
                repo: "https://charts.example.com/istio",
                username: MARKERS[1],
                password: MARKERS[2],
            });
        }
        const kiali = await releaseOf("kiali");
        expect(kiali.chart).toBe("oci://charts.example.com/kiali/kiali-server");
        expect(kiali.repositoryOpts).toEqual({ username: "me", password: MARKERS[3] });
    });
});

describe("A3, A4: a credential", () => {
    it("in clear text has a warning that names its key, and does not show it", () => {
        const keys = ["images.dockerConfig", "istio.chartCredentials", "istio.kiali.chartCredentials"];
        expect(warnings).toEqual(
            keys.map((key) => expect.stringContaining(`${key} is in clear text in the stack's`) as string),
        );
        expect(markersIn(warnings.join())).toEqual([]);
    });

    it("is nowhere in what is registered, except in secrets", async () => {
        const run = await company();
        const everything = (map: (value: unknown) => unknown) =>
            JSON.stringify([
                run.resources.map(({ inputs, ...rest }) => ({ ...rest, inputs: map(inputs) })),
                [...run.componentOutputs.values()].map(map),
                Object.values(run.outputs).map(({ value, secret }) => (secret ? "[secret]" : value)),
            ]);
        // The search finds each of them if secrets are not left out.
        expect(markersIn(everything((value) => value))).toEqual(MARKERS);
        expect(markersIn(everything(withoutSecrets))).toEqual([]);
    });

    it("is in no rendered file, but in the steps that are applied", async () => {
        const { resources } = await company();
        const steps = stepsOf({
            resources: resources.map((resource) => {
                const { value, secrets } = unwrapSecrets(resource.custom ? resource.inputs : {});
                return { ...resource, inputs: value as Record<string, unknown>, secrets };
            }),
            outputs: {},
        });
        const files = JSON.stringify(renderedFiles({ stack: "test", steps, templates: new Map() }));
        expect(markersIn(files)).toEqual([]);
        expect(files).toContain("Missing here: data..dockerconfigjson");

        const ofIstiod = steps.find(({ name }) => name.endsWith("release-istiod"));
        expect(ofIstiod).toMatchObject({ credentials: { username: MARKERS[1], password: MARKERS[2] } });
        const ofNodes = steps.filter((step) => step.type === "object" && step.secret?.data[".dockerconfigjson"]);
        expect(ofNodes).toHaveLength(2);
        expect(ofNodes.map((step) => step.type === "object" && step.secret?.keep)).toEqual([false, false]);
    });
});
