import * as fs from "node:fs";
import * as path from "node:path";
import { sandboxDirectory } from "../paths";
import { istioVersion, jaegerVersion, kubernetesVersion, nodeVersion, prometheusVersion } from "../settings";
import { artifactDirectory, isOlderBuild, sourcesIn } from "./artifacts";
import { builtName, moduleFiles } from "./goBuild";
import { goFamilies, type GoFamily } from "./goFamilies";

const families: GoFamily[] = Object.values(goFamilies);
const goMod = (family: GoFamily) => fs.readFileSync(path.join(family.module, "go.mod"), "utf8");

describe("the Go families", () => {
    // go.sum includes Istio's CNI plugin because of the other programs: its build checks that (-mod=readonly).
    const withoutTools = ["bookinfo", "istio-cni"];

    it.each(
        families.filter(({ name }) => !withoutTools.includes(name)).map((family) => [family.name, family] as const),
    )("%s: every program is a tool of its go.mod, so that go.sum includes it", (_, family) => {
        for (const goPackage of Object.values(family.programs).filter((name) => !name.startsWith("./"))) {
            expect(goMod(family)).toMatch(new RegExp(`^(tool )?\\s*${goPackage.replace(/[./]/g, "\\$&")}$`, "m"));
        }
    });

    it("build the Kubernetes of settings.ts, with every staging module in the same version", () => {
        const module = goMod(goFamilies.kubernetes);
        expect(module).toContain(`k8s.io/kubernetes v${kubernetesVersion}`);
        const staged = [...module.matchAll(/=> k8s\.io\/\S+ v0\.(\S+)/g)].map((match) => match[1]);
        expect(staged.length).toBeGreaterThan(30);
        expect(new Set(staged)).toEqual(new Set([kubernetesVersion.slice(2)]));
    });

    it("build the minor version of Istio in settings.ts", () => {
        const minor = istioVersion.split(".").slice(0, 2).join(".");
        expect(goMod(goFamilies.istio)).toContain(`istio.io/api v${minor}.`);
    });

    it("build the Prometheus and the Jaeger of settings.ts, whose modules have other version numbers", () => {
        const [, prometheusMinor = "", prometheusPatch = ""] = prometheusVersion.split(".");
        const prometheusModule = `0.${300 + Number(prometheusMinor)}.${prometheusPatch}`;
        expect(goMod(goFamilies.prometheus)).toContain(`github.com/prometheus/prometheus v${prometheusModule} `);
        const [, jaegerMinor = "", jaegerPatch = ""] = jaegerVersion.split(".");
        const jaegerModule = `1.${63 + Number(jaegerMinor)}.${jaegerPatch}`;
        expect(goMod(goFamilies.jaeger)).toContain(`github.com/jaegertracing/jaeger v${jaegerModule} `);
    });
});

describe("another go.mod", () => {
    const versionsIn = (family: GoFamily) =>
        new Map(
            [...goMod(family).matchAll(/^\t(\S+\.\S+) (v\S+)/gm)].map(([, name = "", version = ""]) => [name, version]),
        );
    const replacedIn = (family: GoFamily) => goMod(family).match(/^\t\S+ => \S+ v\S+$/gm) ?? [];

    it("kube-router's has the versions of the programs before it, so that only its own packages are compiled", () => {
        const others = versionsIn(goFamilies.kubernetes);
        const differ = [...versionsIn(goFamilies["kube-router"])].filter(
            ([name, version]) => others.get(name) !== version,
        );
        expect(differ.map(([name]) => name)).toEqual(["github.com/cloudnativelabs/kube-router/v2"]);
        // Go's cache distinguishes a replaced module from another one, so these are replaced in the same way.
        const replaced = replacedIn(goFamilies["kube-router"]);
        expect(replaced).toHaveLength(3);
        expect(replacedIn(goFamilies.kubernetes)).toEqual(expect.arrayContaining(replaced));
    });

    it("Jaeger's has the versions of the other go.mod, so that Go compiles what they share once", () => {
        const jaeger = versionsIn(goFamilies.jaeger);
        const others = versionsIn(goFamilies.prometheus);
        const differ = [...jaeger].filter(
            ([name, version]) => others.get(name) !== undefined && others.get(name) !== version,
        );
        // Jaeger does not build with the Collector of Prometheus, nor with what that Collector needs.
        const allowed = /opentelemetry|koanf|aws|grpc-gateway|google.golang.org.api/;
        expect(differ.filter(([name]) => !allowed.test(name))).toEqual([]);
        expect(jaeger.get("go.opentelemetry.io/otel")).toBe(others.get("go.opentelemetry.io/otel"));
    });
});

describe("npm's package of Node", () => {
    interface Lock {
        packages: Record<string, { version: string; integrity: string }>;
    }
    const file = path.join(sandboxDirectory, "toolchain", "node", "package-lock.json");
    const { packages } = JSON.parse(fs.readFileSync(file, "utf8")) as Lock;

    it.each(["x64", "arm64"])("has the version of settings.ts, and a pinned hash, for %s", (architecture) => {
        expect(packages[`node_modules/node-linux-${architecture}`]).toMatchObject({
            version: nodeVersion,
            integrity: expect.stringMatching(/^sha512-/) as string,
        });
    });
});

describe("builtName", () => {
    it.each([
        ["k8s.io/kubernetes/cmd/kubelet", "kubelet"],
        ["go.etcd.io/etcd/server/v3", "server"],
        ["github.com/coredns/coredns", "coredns"],
    ])("of %s is %s", (goPackage, name) => {
        expect(builtName(goPackage)).toBe(name);
    });
});

describe("artifacts", () => {
    it("get another name when any of their sources changes", () => {
        const of = (...builtFrom: string[]) => artifactDirectory({ name: "etcd", builtFrom });
        expect(of("go.mod", "amd64")).toBe(of("go.mod", "amd64"));
        expect(of("go.mod", "amd64")).not.toBe(of("go.mod", "arm64"));
        expect(of("ab", "c")).not.toBe(of("a", "bc"));
    });

    it("remove only builds of the same artifact", () => {
        const current = path.basename(artifactDirectory({ name: "containerd", builtFrom: [] }));
        expect(isOlderBuild(current, "containerd")).toBe(true);
        expect(isOlderBuild(`${current}.partial`, "containerd")).toBe(false);
        expect(isOlderBuild("containerd-extra-0123456789ab", "containerd")).toBe(false);
    });

    it("depend on every source file", () => {
        const sources = sourcesIn(path.join(sandboxDirectory, "toolchain", "kubernetes"));
        expect(sources.map((source) => source.split("\n")[0])).toEqual(["main.go"]);
        expect(moduleFiles(goFamilies.runc.module)).toHaveLength(2);
    });
});
