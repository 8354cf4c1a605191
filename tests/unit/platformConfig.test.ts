import { ConfigError, parseConfig } from "../../config";
import type { Files } from "../../config/files";

const files: Files = {
    read: () => "clusters: [{name: c, cluster: {server: s}}]\ncontexts: [{name: here, context: {cluster: c}}]",
    exists: (file) => /^\/charts\/(base|istiod|gateway)\//.test(file),
    home: "/home/me",
};

const HERE = { kind: "kubeconfig", path: "~/config", context: "here" };

function parse(sections: { istio?: object; app?: object; cluster?: object }) {
    const { cluster = HERE, ...others } = sections;
    const raw = Object.entries({ cluster, ...others }).map(([key, value]) => [key, JSON.stringify(value)]);
    return parseConfig(Object.fromEntries(raw) as Record<string, string>, { files, google: { project: "p-1234567" } });
}

function issues(sections: Parameters<typeof parse>[0]): string[] {
    try {
        parse(sections);
        return [];
    } catch (error) {
        return (error as ConfigError).message.split("\n").slice(1);
    }
}

const ENFORCE = "pod-security.kubernetes.io/enforce";

it("A7: what is not set changes nothing", () => {
    const { istio, app } = parse({ istio: { cni: { enabled: false }, namespaceLabels: {}, values: { cni: {} } } });
    expect({ istio, app }).toEqual({ istio: parse({}).istio, app: { namespace: "default" } });
    for (const key of ["platform", "cni", "namespaceLabels"]) {
        expect(istio).not.toHaveProperty(key);
    }
    expect(istio.values).not.toHaveProperty("cni");
});

it("A7: the CNI plugin has the profile's resources, and its platform", () => {
    const { istio } = parse({ istio: { cni: { enabled: true }, profile: "default" } });
    expect(istio.cni).toEqual({ resources: { requests: { cpu: "100m", memory: "100Mi" }, limits: {} } });
    expect(istio.values).toHaveProperty("cni", {});
    expect(parse({ istio: { platform: "openshift" }, app: { namespace: "books" } }).istio.cni).toEqual({
        resources: { requests: { cpu: "10m", memory: "40Mi" }, limits: {} },
    });
    const cluster = { kind: "gke" };
    expect(parse({ cluster, istio: { cni: { enabled: true } } }).istio.platform).toBe("gke");
    expect(parse({ cluster }).istio).not.toHaveProperty("platform");
});

it("A7: labels of the stack's own namespaces are accepted as Kubernetes does", () => {
    const labels = { [ENFORCE]: "privileged", team: "books", "example.com/empty": "" };
    const { istio, app } = parse({ istio: { namespaceLabels: labels }, app: { namespaceLabels: labels } });
    expect(istio.namespaceLabels).toEqual(labels);
    expect(app.namespaceLabels).toEqual(labels);
});

describe("A7: refused before anything is touched:", () => {
    it.each([
        ["a platform that nobody knows", { istio: { platform: "eks" } }, /istio\.platform = "eks".*aks, gke, k3d/],
        [
            "OpenShift without the CNI plugin",
            { istio: { platform: "openshift", cni: { enabled: false } }, app: { namespace: "books" } },
            /istio\.cni\.enabled = false: .*NET_ADMIN.*Run: pulumi config set --path istio\.cni\.enabled true/,
        ],
        [
            "OpenShift's default namespace",
            { istio: { platform: "openshift" } },
            /app\.namespace = "default": OpenShift assigns no users.*config set --path app\.namespace bookinfo/,
        ],
        [
            "another platform than the cluster that is made",
            { cluster: { kind: "gke" }, istio: { platform: "k3s" } },
            /istio\.platform = "k3s": cluster\.kind is gke.*istio\.platform gke/,
        ],
        ["values of a chart that is not installed", { istio: { values: { cni: { a: 1 } } } }, /istio\.values\.cni = /],
        [
            "a level of Pod Security that the pods do not fulfil",
            { app: { namespace: "books", namespaceLabels: { [ENFORCE]: "restricted" } } },
            /app\.namespaceLabels\["pod-security.*= "restricted": without istio\.cni\.enabled.*allowed: privileged/,
        ],
        [
            "a level that the CNI plugin does not fulfil",
            { istio: { cni: { enabled: true }, namespaceLabels: { [ENFORCE]: "baseline" } } },
            /istio\.namespaceLabels.* = "baseline": the CNI plugin writes into its node/,
        ],
        [
            "labels that decide about injection",
            { app: { namespaceLabels: { "istio-injection": "x" } } },
            /not yours to set/,
        ],
        ["what is no label", { app: { namespaceLabels: { "a b": "x" } } }, /not a key for a label/],
        ["what is no value of a label", { istio: { namespaceLabels: { a: "x y" } } }, /not a value for a label/],
        [
            "a chart directory without the plugin's chart",
            { istio: { chartRepository: "/charts", cni: { enabled: true } } },
            /istio\.chartRepository = .* lacks cni\/Chart\.yaml/,
        ],
    ])("%s", (_, sections, expected) => {
        expect(issues(sections)).toEqual([expect.stringMatching(expected)]);
    });

    it("but with the CNI plugin, the level restricted is fine for the application", () => {
        const app = { namespace: "books", namespaceLabels: { [ENFORCE]: "restricted" } };
        expect(issues({ app, istio: { cni: { enabled: true } } })).toEqual([]);
    });
});
