import type { DeclaredResource } from "../program/declaration";
import { stepsOf } from "./steps";
import { toYaml } from "../../shared/yaml";

function resource(type: string, inputs: Record<string, unknown>, part: Partial<DeclaredResource> = {}) {
    const name = part.name ?? "logical-name";
    return {
        urn: `urn:${name}`,
        type,
        name,
        custom: true,
        read: false,
        dependencies: [],
        inputs,
        secrets: [],
        ignoreChanges: [],
        ...part,
    };
}
const steps = (...resources: DeclaredResource[]) => stepsOf({ resources, outputs: {} });

const SERVICE = "kubernetes:core/v1:Service";
const RELEASE = "kubernetes:helm.sh/v3:Release";

describe("steps", () => {
    it("are numbered in the order for applying them", () => {
        const names = steps(
            resource(RELEASE, { name: "istiod", chart: "istiod" }, { name: "b", dependencies: ["urn:a"] }),
            resource(
                "kubernetes:core/v1:Namespace",
                { kind: "Namespace", metadata: { name: "istio-system" } },
                { name: "a" },
            ),
        ).map(({ name, needs }) => ({ name, needs }));
        expect(names).toEqual([
            { name: "010-namespace-istio-system", needs: [] },
            { name: "020-release-istiod", needs: ["010-namespace-istio-system"] },
        ]);
    });

    it("are in the order of their names, for any number of steps", () => {
        const many = Array.from({ length: 120 }, (_, index) =>
            resource(SERVICE, { kind: "Service" }, { name: `s${String(index).padStart(3, "0")}` }),
        );
        const names = steps(...many).map(({ name }) => name);
        expect(names).toEqual([...names].sort());
    });

    it("follow the provider's instructions, and omit them from the object", () => {
        const annotations = { "pulumi.com/skipAwait": "true", "example.com/kept": "yes" };
        const inputs = { apiVersion: "v1", kind: "Service", metadata: { name: "details", annotations } };
        expect(steps(resource(SERVICE, inputs))).toMatchObject([
            { type: "object", wait: false, object: { metadata: { annotations: { "example.com/kept": "yes" } } } },
        ]);
        const bare = { ...inputs, metadata: { name: "details", annotations: { "pulumi.com/skipAwait": "true" } } };
        expect(steps(resource(SERVICE, bare))[0]).toHaveProperty("object.metadata", { name: "details" });
    });

    it("wait between what proxies must notice one after the other", () => {
        const rule = { apiVersion: "networking.istio.io/v1", kind: "DestinationRule", metadata: { name: "reviews" } };
        const type = "bookinfo-mesh:bookinfo:Propagation";
        const [, wait, routes] = steps(
            resource("kubernetes:networking.istio.io/v1:DestinationRule", rule, { name: "rule" }),
            resource(type, { seconds: 5 }, { name: "bookinfo-reviews-subsets", dependencies: ["urn:rule"] }),
            resource(
                "kubernetes:networking.istio.io/v1:VirtualService",
                { ...rule, kind: "VirtualService" },
                { name: "routes", dependencies: ["urn:bookinfo-reviews-subsets"] },
            ),
        );
        expect(wait).toEqual({
            name: "020-propagation-bookinfo-reviews-subsets",
            needs: ["010-destinationrule-reviews"],
            type: "wait",
            title: "Propagation bookinfo-reviews-subsets",
            seconds: 5,
        });
        expect(routes?.needs).toEqual(["020-propagation-bookinfo-reviews-subsets"]);
    });

    it("give an object without a name the resource's name", () => {
        expect(steps(resource(SERVICE, { kind: "Service" }))).toMatchObject([
            { object: { metadata: { name: "logical-name" } }, wait: true },
        ]);
    });

    it("distinguish a patch of somebody else's object from an object", () => {
        const type = "kubernetes:core/v1:NamespacePatch";
        const inputs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default", labels: { a: "b" } } };
        const forced = {
            ...inputs,
            metadata: { ...inputs.metadata, annotations: { "pulumi.com/patchForce": "true" } },
        };
        expect(steps(resource(type, inputs))).toMatchObject([{ type: "patch", force: false, object: inputs }]);
        expect(steps(resource(type, forced))).toMatchObject([{ type: "patch", force: true, object: inputs }]);
    });

    it("have what Helm needs for a release", () => {
        const inputs = {
            name: "istiod",
            namespace: "istio-system",
            chart: "istiod",
            version: "1.31.1",
            repositoryOpts: { repo: "https://charts.example.com" },
            values: { a: 1 },
            timeout: 600,
            compat: "true",
        };
        expect(steps(resource(RELEASE, inputs))).toEqual([
            {
                name: "010-release-istiod",
                needs: [],
                type: "release",
                release: {
                    name: "istiod",
                    namespace: "istio-system",
                    chart: "istiod",
                    version: "1.31.1",
                    repository: "https://charts.example.com",
                    values: { a: 1 },
                    timeout: 600,
                    wait: true,
                },
            },
        ]);
    });

    it("come from Kubernetes resources only, and not from reads", () => {
        expect(
            steps(
                resource("pulumi:providers:kubernetes", { kubeconfig: "secret" }, { name: "provider" }),
                resource("bookinfo-mesh:istio:Istio", {}, { name: "component", custom: false }),
                resource(SERVICE, {}, { name: "read", read: true }),
            ),
        ).toEqual([]);
    });

    it("keep the content of a Secret apart from the object, even if Pulumi does not mark it as secret", () => {
        const inputs = {
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: "admin" },
            data: { coded: "YQ==" },
            stringData: { plain: "a" },
        };
        const type = "kubernetes:core/v1:Secret";
        const [step] = steps(resource(type, inputs, { secrets: ["stringData"] }));
        expect(step).toMatchObject({
            object: { apiVersion: "v1", kind: "Secret", metadata: { name: "admin" } },
            secret: { data: { coded: "YQ==", plain: "YQ==" }, keep: false },
        });
        expect(step).not.toHaveProperty("object.data");
        expect(step).not.toHaveProperty("object.stringData");
        const ignoreChanges = ["stringData.plain"];
        expect(steps(resource(type, inputs, { ignoreChanges }))).toMatchObject([{ secret: { keep: true } }]);
    });

    it("A3: keep the credentials of a chart repository apart from the release", () => {
        const credentials = { username: "me", password: "marker" };
        const secrets = ["repositoryOpts.username", "repositoryOpts.password"];
        const chart = { name: "istiod", chart: "istiod" };
        const http = { ...chart, repositoryOpts: { repo: "https://charts.example.com", ...credentials } };
        const [step] = steps(resource(RELEASE, http, { secrets }));
        expect(step).toMatchObject({ credentials, release: { repository: "https://charts.example.com" } });
        expect(JSON.stringify({ ...step, credentials: undefined })).not.toContain("marker");
        const oci = { ...chart, chart: "oci://charts.example.com/istiod", repositoryOpts: credentials };
        expect(steps(resource(RELEASE, oci, { secrets }))).toMatchObject([{ credentials }]);
        expect(() => steps(resource(RELEASE, http, { secrets: ["values.key"] }))).toThrow("has a secret at values.key");
    });

    it("report all resources that cannot be rendered together", () => {
        const render = () =>
            steps(
                resource(SERVICE, { kind: "Service" }, { name: "a", secrets: ["spec.key"] }),
                resource(RELEASE, { name: "r", postrender: "x" }, { name: "b" }),
                resource("kubernetes:yaml/v2:ConfigGroup", {}, { name: "c" }),
            );
        expect(render).toThrow(/a .*has a secret at spec.key[^]*b .*postrender[^]*c .*is not a Kubernetes object/);
    });
});

describe("YAML", () => {
    it("is the same for every order of keys, and begins as readers expect", () => {
        const one = toYaml({
            spec: { b: 1, a: [{ z: 1, name: "n" }] },
            metadata: { name: "x" },
            kind: "K",
            apiVersion: "v1",
        });
        const two = toYaml({
            apiVersion: "v1",
            kind: "K",
            metadata: { name: "x" },
            spec: { a: [{ name: "n", z: 1 }], b: 1 },
        });
        expect(one).toBe(two);
        expect(one).toBe(
            "apiVersion: v1\nkind: K\nmetadata:\n  name: x\nspec:\n  a:\n    - name: n\n      z: 1\n  b: 1\n",
        );
    });

    it("repeats a value that is in two places", () => {
        const labels = { app: "x" };
        expect(toYaml({ selector: labels, labels })).toBe("labels:\n  app: x\nselector:\n  app: x\n");
    });
});
