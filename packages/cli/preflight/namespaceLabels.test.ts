import type { KubernetesObject } from "../../kubernetes/object";
import type { DeploymentRecord } from "../stack/record";
import { stackOf } from "../testing/stack";
import { checkNamespaceLabels } from "./namespaceLabels";
import { fitSettings } from "./settings";

const ENFORCE = "pod-security.kubernetes.io/enforce";

/** A namespace with labels, each set by a field manager. */
function namespace(name: string, labels: Record<string, [value: string, ...managers: string[]]>): KubernetesObject {
    const managers = [...new Set(Object.values(labels).flatMap(([, ...each]) => each))];
    const owned = (manager: string) =>
        Object.entries(labels)
            .filter(([, [, ...each]]) => each.includes(manager))
            .map(([key]) => [`f:${key}`, {}]);
    return {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: {
            name,
            labels: Object.fromEntries(Object.entries(labels).map(([key, [value]]) => [key, value])),
            managedFields: managers.map((manager) => ({
                manager,
                fieldsV1: { "f:metadata": { "f:labels": Object.fromEntries(owned(manager)) as object } },
            })),
        },
    };
}

interface Setup {
    istio?: object;
    app?: object;
    record?: DeploymentRecord;
    /** Whether the namespaces were there before the stack. */
    existing?: boolean;
}

function found(namespaces: KubernetesObject[], { istio = {}, app = {}, record, existing = true }: Setup = {}) {
    const file = { config: { "bookinfo-mesh:istio": istio, "bookinfo-mesh:app": { namespace: "shop", ...app } } };
    const stack = stackOf({
        name: "demo",
        file,
        record,
        existingNamespaces: existing ? namespaces.map(({ metadata }) => metadata.name) : [],
    });
    const settings = fitSettings(stack);
    const live = new Map(namespaces.map((each) => [each.metadata.name, each] as const));
    return settings ? checkNamespaceLabels(stack, settings, { namespaces: live }) : [];
}

const record = (way: "pulumi" | "rendered"): DeploymentRecord => ({
    stack: "demo",
    cluster: { kubeconfig: "/k", context: "mine", identity: "its-uid" },
    deployedBy: way === "pulumi" ? { way, backend: "file://~" } : { way },
});

const CNI = { cni: { enabled: true } };

describe("A5: a label of a namespace that exists", () => {
    it("is found before the CNI plugin needs it, with who has set it and the ways on", () => {
        const strict = namespace("istio-system", { [ENFORCE]: ["restricted", "kubectl-label"] });
        expect(found([strict])).toEqual([]);
        const [finding, ...others] = found([strict], { istio: CNI });
        expect(others).toEqual([]);
        expect(finding?.refused).toBe(true);
        expect(finding?.text.split("\n")).toEqual([
            'others have given labels of the namespace istio-system other values than stack "demo" does:',
            `  ${ENFORCE}=restricted (kubectl-label) and not privileged`,
            "Ask the owner of the namespace whether these labels may have the values of the stack, or choose one:",
            expect.stringMatching(
                /^ {2}do without the CNI plugin: set istio\.cni\.enabled to false in .*Pulumi\.demo\.yaml/,
            ),
            "  deploy to another cluster",
        ]);
    });

    it("leaves no way without the plugin on OpenShift, where the config requires it", () => {
        const strict = namespace("istio-system", { [ENFORCE]: ["baseline", "cluster-policy-controller"] });
        const [finding] = found([strict], { istio: { platform: "openshift" } });
        expect(finding?.text).toContain("cluster-policy-controller");
        expect(finding?.text).not.toContain("istio.cni.enabled");
        expect(finding?.text).toContain("  deploy to another cluster");
    });

    it("is found if the config or injection sets it, each with its own way", () => {
        const shop = namespace("shop", {
            team: ["shop", "argocd-controller", "kubectl"],
            "istio-injection": ["disabled", "kubectl-label"],
        });
        const mesh = namespace("istio-system", { team: ["mesh", "helm"] });
        const [istio, app] = found([shop, mesh], {
            istio: { namespaceLabels: { team: "web" } },
            app: { namespaceLabels: { team: "web", free: "x" } },
        });
        expect(istio?.text).toContain("  team=mesh (helm) and not web\n");
        expect(istio?.text).toMatch(/take team out of istio\.namespaceLabels in .*Pulumi\.demo\.yaml/);
        expect(app?.text).toContain("  team=shop (argocd-controller, kubectl) and not web\n");
        expect(app?.text).toContain("  istio-injection=disabled (kubectl-label) and not enabled\n");
        expect(app?.text).toMatch(/take team out of app\.namespaceLabels/);
        expect(app?.text).toMatch(/use another namespace: set app\.namespace to another name/);
    });

    it("is found in default too, which is always there before", () => {
        const labels = namespace("default", { "istio-injection": ["disabled", "kubectl-label"] });
        expect(found([labels], { app: { namespace: "default" }, existing: false })).toHaveLength(1);
    });

    it.each<[string, KubernetesObject, Setup]>([
        ["has the same value", namespace("istio-system", { [ENFORCE]: ["privileged", "kubectl"] }), { istio: CNI }],
        ["has no manager", namespace("istio-system", { [ENFORCE]: ["restricted"] }), { istio: CNI }],
        ["is another one", namespace("istio-system", { team: ["a", "kubectl"] }), { istio: CNI }],
        [
            "is in a namespace that the stack has made",
            namespace("istio-system", { [ENFORCE]: ["restricted", "kubectl"] }),
            { istio: CNI, existing: false },
        ],
        [
            "was set by this program without the engine",
            namespace("shop", { team: ["a", "bookinfo-mesh"] }),
            { app: { namespaceLabels: { team: "b" } }, record: record("rendered") },
        ],
        [
            "was set by the engine of this stack",
            namespace("shop", { team: ["a", "pulumi-kubernetes-1a2b3c"] }),
            { app: { namespaceLabels: { team: "b" } }, record: record("pulumi") },
        ],
    ])("is no obstacle if it %s", (_, object, setup) => {
        expect(found([object], setup)).toEqual([]);
    });

    it("counts as that of others if another Pulumi program has set it", () => {
        const shop = namespace("shop", { team: ["a", "pulumi-kubernetes-1a2b3c"] });
        expect(found([shop], { app: { namespaceLabels: { team: "b" } } })).toHaveLength(1);
    });

    it("is only noted if the engine has deployed the stack, because it sends nothing that is the same in the program", () => {
        const shop = namespace("shop", { "istio-injection": ["disabled", "kubectl-label"] });
        const [finding] = found([shop], { record: record("pulumi") });
        expect(finding?.refused).toBe(false);
        expect(finding?.text).toContain("They stay as they are");
        expect(found([shop], { record: record("rendered") })[0]?.refused).toBe(true);
    });
});
