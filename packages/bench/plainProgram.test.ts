import type { DeclaredResource } from "../cli/program/declaration";
import { OBJECTS, plainProgram, plainState, RELEASES, type StackState } from "./plainProgram";

const urn = (types: string, name: string) => `urn:pulumi:bench::bookinfo-mesh::${types}::${name}`;
const PROVIDER = urn("pulumi:providers:kubernetes", "cluster");
const ISTIO = "bookinfo-mesh:istio:Istio";
const NAMESPACE = urn(`${ISTIO}$kubernetes:core/v1:Namespace`, "istio-namespace");
const RELEASE = urn(`${ISTIO}$kubernetes:helm.sh/v3:Release`, "istio-base");
const LEFTOVERS = urn(`${ISTIO}$bookinfo-mesh:istio:Leftovers`, "istio-leftovers");
const SERVICE = urn(`${ISTIO}$kubernetes:core/v1:Service`, "istio-ingress");
const CONFIG = urn(`${ISTIO}$kubernetes:core/v1:ConfigMap`, "settings");
const DEPLOYMENT = urn(`${ISTIO}$kubernetes:apps/v1:Deployment`, "server");
const MTLS = urn(`${ISTIO}$kubernetes:security.istio.io/v1:PeerAuthentication`, "istio-mtls");

function declared(ownUrn: string, inputs: Record<string, unknown>, dependencies: string[] = []): DeclaredResource {
    const [, , types = "", name = ""] = ownUrn.split("::");
    const type = types.split("$").at(-1) ?? "";
    const read = ownUrn === SERVICE;
    return { urn: ownUrn, type, name, custom: true, read, dependencies, inputs, secrets: [], ignoreChanges: [] };
}

const DECLARED = [
    declared(PROVIDER, { context: "one", enablePatchForce: "true", kubeconfig: "secret" }),
    { ...declared(urn(ISTIO, "istio"), {}), custom: false },
    declared(LEFTOVERS, {}),
    declared(NAMESPACE, { metadata: { name: "istio-system" } }),
    declared(RELEASE, { chart: "base" }, [NAMESPACE, LEFTOVERS]),
    declared(SERVICE, {}, [RELEASE]),
    declared(MTLS, { kind: "PeerAuthentication" }, [RELEASE]),
    declared(CONFIG, { data: {} }),
    declared(DEPLOYMENT, { spec: { volumes: [{ name: "volume", configMap: "settings" }] } }, [CONFIG]),
];

const STATE: StackState = {
    version: 3,
    deployment: {
        manifest: {},
        resources: [
            {
                urn: urn("pulumi:pulumi:Stack", "s"),
                type: "pulumi:pulumi:Stack",
                custom: false,
                outputs: { page: "one" },
            },
            ...DECLARED.map(({ urn: own, type, custom, dependencies }) => ({
                urn: own,
                type,
                custom,
                ...(custom && { id: `id of ${own.split("::").at(-1) ?? ""}` }),
                ...(type.startsWith("kubernetes:") && { provider: `${PROVIDER}::id of cluster` }),
                parent: urn(ISTIO, "istio"),
                dependencies,
                deletedWith: LEFTOVERS,
            })),
        ],
    },
};

it("declares the same objects, with what they depend on, and nothing else", () => {
    const lines = plainProgram(DECLARED, STATE, OBJECTS).trimEnd().split("\n").slice(3);
    expect(lines).toEqual([
        'const r0 = new k8s.Provider("cluster", { ...{"context":"one","enablePatchForce":true}, kubeconfig: pulumi.secret("secret") });',
        'const r1 = new k8s.core.v1.Namespace("istio-namespace", {"metadata":{"name":"istio-system"}}, ' +
            "{ provider: r0, dependsOn: [], ignoreChanges: [] });",
        'const r2 = new k8s.helm.v3.Release("istio-base", {"chart":"base"}, ' +
            "{ provider: r0, dependsOn: [r1], ignoreChanges: [] });",
        'const r3 = k8s.core.v1.Service.get("istio-ingress", "id of istio-ingress", ' +
            "{ provider: r0, dependsOn: [r2], ignoreChanges: [] });",
        'const r4 = new k8s.apiextensions.CustomResource("istio-mtls", {"kind":"PeerAuthentication"}, ' +
            "{ provider: r0, dependsOn: [r2], ignoreChanges: [] });",
        'const r5 = new k8s.core.v1.ConfigMap("settings", {"data":{}}, ' +
            "{ provider: r0, dependsOn: [], ignoreChanges: [] });",
        'const r6 = new k8s.apps.v1.Deployment("server", ' +
            '{"spec":{"volumes":[{"name":"volume","configMap":"id of settings"}]}}, ' +
            "{ provider: r0, dependsOn: [r5], ignoreChanges: [] });",
    ]);
});

it("has the state of these objects without components", () => {
    const [stack, provider, release, ...others] = plainState(STATE, RELEASES).deployment.resources;
    expect(others).toEqual([]);
    expect(stack).toMatchObject({ type: "pulumi:pulumi:Stack", outputs: {} });
    expect(provider).toMatchObject({ urn: PROVIDER, parent: stack?.urn });
    expect(release).toEqual({
        urn: urn("kubernetes:helm.sh/v3:Release", "istio-base"),
        type: "kubernetes:helm.sh/v3:Release",
        custom: true,
        id: "id of istio-base",
        provider: `${PROVIDER}::id of cluster`,
        parent: stack?.urn,
        dependencies: [],
    });
});
