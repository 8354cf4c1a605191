import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { withLastingNames } from "../rendered/identity";
import { upOptionsFor } from "../stack/suggestions";
import { findDeployedStack, findStack, stackForContext } from "../stack/stack";
import { workingStackFile } from "./configFile";
import { environmentOf, sudoUser, userOf } from "../../shared/sudoUser";
import { CLI_RELEASE, downloadCli } from "./download";
import { engineEnvironment, findCli, hasProvider } from "./discovery";
import {
    chartArguments,
    type Release,
    templateArguments,
    uninstallArguments,
    upgradeArguments,
} from "../../kubernetes/helm";
import type { Step } from "../render/step";

describe("the Pulumi CLI", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"))));
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });
    const executable = (...parts: string[]) => {
        const file = path.join(folder, ...parts);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, "#!/bin/sh\n", { mode: 0o755 });
        return file;
    };

    it("is found on PATH, but not in node_modules, where npm's downloader has the same name", () => {
        executable("clone/node_modules/.bin/pulumi");
        const cli = executable("bin/pulumi");
        const folders = [path.join(folder, "clone/node_modules/.bin"), path.join(folder, "bin")];
        expect(findCli(folders, "/nowhere", "3.265.0")).toBe(cli);
        expect(findCli(folders.slice(0, 1), "/nowhere", "3.265.0")).toBeUndefined();
    });

    it("is found in the folder of downloads, in the pinned version", () => {
        const cli = executable("home/versions/3.265.0/bin/pulumi");
        const home = path.join(folder, "home");
        expect(findCli([], home, "3.265.0")).toBe(cli);
        expect(findCli([], home, "3.266.0")).toBeUndefined();
    });

    it("is downloaded as an archive whose SHA-256 is known, and nothing of another archive stays", async () => {
        const files = path.join(folder, "files", "pulumi");
        mkdirSync(files, { recursive: true });
        writeFileSync(path.join(files, "pulumi"), "#!/bin/sh\n", { mode: 0o755 });
        const archive = execFileSync("tar", ["-cz", "-C", path.dirname(files), "pulumi"]);
        const fetched = jest
            .spyOn(globalThis, "fetch")
            .mockImplementation(() => Promise.resolve(new Response(archive)));
        const home = path.join(folder, "home");
        const sha256 = createHash("sha256").update(archive).digest("hex");
        const release = {
            version: "3.1.0",
            url: "https://a.example/v{version}/{platform}.tar.gz",
            sha256: { p: sha256 },
        };
        try {
            const other = { ...release, sha256: { p: "0".repeat(64) } };
            expect(await downloadCli(home, { release: other, platform: "p" })).toMatch(
                /v3\.1\.0\/p\.tar\.gz has the SHA-256/,
            );
            expect(await downloadCli(home, { release, platform: "q" })).toMatch(/no SHA-256 .* for q is known/);
            expect(readdirSync(path.join(home, "versions"))).toEqual([]);
            expect(await downloadCli(home, { release, platform: "p" })).toBeUndefined();
            expect(findCli([], home, "3.1.0")).toBe(path.join(home, "versions/3.1.0/bin/pulumi"));
            expect(readdirSync(path.join(home, "versions"))).toEqual(["3.1.0"]);
        } finally {
            fetched.mockRestore();
        }
    });

    it("has a SHA-256 for each platform of Linux and macOS", () => {
        const digests = Object.values(CLI_RELEASE.sha256);
        expect(Object.keys(CLI_RELEASE.sha256)).toEqual(["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"]);
        expect(digests.filter((digest) => /^[0-9a-f]{64}$/.test(digest))).toHaveLength(new Set(digests).size);
    });

    it("runs as the user who has called sudo, with that user's home", () => {
        const passwd =
            "root:x:0:0::/root:/bin/sh\nann:x:1000:1000:Ann:/home/ann:/bin/sh\nodd:x:1001:1001::nowhere:/bin/sh\n";
        const ann = userOf(passwd, 1000, 1000);
        expect(ann).toEqual({ uid: 1000, gid: 1000, home: "/home/ann", name: "ann" });
        expect(environmentOf(ann, { HOME: "/root", A: "b" })).toEqual({
            HOME: "/home/ann",
            USER: "ann",
            LOGNAME: "ann",
            A: "b",
        });
        expect([userOf(passwd, 1001, 1001), userOf(passwd, 7, 7)]).toEqual([undefined, undefined]);
        expect(
            [{}, { SUDO_UID: "0", SUDO_GID: "0" }, { SUDO_UID: "x", SUDO_GID: "1" }].map((env) => sudoUser([], env)),
        ).toEqual([undefined, undefined, undefined]);
    });

    it("finds the provider among its plugins or on PATH", () => {
        const home = path.join(folder, "home");
        expect(hasProvider([], home, "4.34.2")).toBe(false);
        mkdirSync(path.join(home, "plugins/resource-kubernetes-v4.34.2"), { recursive: true });
        expect(hasProvider([], home, "4.34.2")).toBe(true);
        expect(hasProvider([], home, "4.35.0")).toBe(false);
        executable("bin/pulumi-resource-kubernetes");
        expect(hasProvider([path.join(folder, "bin")], home, "4.35.0")).toBe(true);
    });

    it("finds its language hosts in its own folder, and downloads nothing by itself", () => {
        expect(engineEnvironment("/opt/pulumi/bin/pulumi", { PATH: "/bin", A: "b" })).toEqual({
            PATH: `/opt/pulumi/bin${path.delimiter}/bin`,
            A: "b",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        });
    });
});

describe("the stack file that the engine works on", () => {
    const config = { "bookinfo-mesh:istio": { version: "1.31.0" }, "bookinfo-mesh:cluster": { context: "a" } };

    it("is the committed one with the named cluster", () => {
        expect(workingStackFile({ config }, undefined, { "bookinfo-mesh:cluster": { context: "b" } })).toEqual({
            config: { ...config, "bookinfo-mesh:cluster": { context: "b" } },
        });
    });

    it("keeps the key of an earlier run", () => {
        expect(workingStackFile({ config }, { encryptionsalt: "v1:x", config: { old: 1 } }, {})).toEqual({
            encryptionsalt: "v1:x",
            config,
        });
    });

    it("prefers the committed key, because it encrypts the committed secrets", () => {
        const committed = { encryptionsalt: "v1:committed", config };
        expect(workingStackFile(committed, { encryptionsalt: "v1:x", secretsprovider: "y" }, {})).toEqual(committed);
    });

    it("is empty without a committed one", () => {
        expect(workingStackFile(undefined, undefined, {})).toEqual({ config: {} });
    });
});

describe("the stack for a context", () => {
    it.each([
        ["kind-demo", "kind-demo"],
        ["gke_project_europe-west4_mesh", "gke_project_europe-west4_mesh"],
        ["arn:aws:eks:eu-west-1:123:cluster/mesh", "arn-aws-eks-eu-west-1-123-cluster-mesh"],
        ["admin@prod", "admin-prod"],
        ["local", "context-local"],
        ["@", "context"],
    ])("%s is %s", (context, stack) => {
        expect(stackForContext(context)).toBe(stack);
    });

    it("stays within what Pulumi allows", () => {
        expect(stackForContext("x".repeat(300))).toMatch(/^[\w.-]{1,100}$/);
    });
});

describe("a stack on Google Cloud", () => {
    const kubeconfig = path.join(__dirname, "../../../tests/unit/fixtures/kubeconfig.yaml");

    it("needs the Pulumi CLI to deploy and remove it, and a context to look at it", () => {
        expect(() => findStack({ stack: "dev" })).toThrow(
            /pulumi up --stack dev.*pulumi destroy --stack dev.*getCredentialsCommand.*--stack dev --context gke_/,
        );
    });

    it("is never deployed to a context, because that would remove its own cluster", () => {
        expect(() => findStack({ stack: "dev", context: "here", kubeconfig })).toThrow(/pulumi up --stack dev/);
        expect(findStack({}).name).toBe("local");
    });

    it("is found through gcloud's context, which its commands then name", () => {
        const stack = findDeployedStack({ stack: "dev", context: "here", kubeconfig });
        expect(stack).toMatchObject({ name: "dev", cluster: { context: "here" }, sandbox: false });
        expect(upOptionsFor(stack).join(" ")).toBe(`--stack dev --context here --kubeconfig ${kubeconfig}`);
    });
});

describe("helm's arguments", () => {
    const release: Release = {
        name: "istiod",
        namespace: "istio-system",
        chart: "istiod",
        version: "1.31.1",
        repository: "https://charts.example.com",
        values: {},
        timeout: 600,
        wait: true,
    };
    const cluster = { kubeconfig: "/k", context: "c" };

    it("name a chart by repository and version, by address, or by folder", () => {
        expect(chartArguments(release)).toEqual([
            ...["istiod", "--repo", "https://charts.example.com"],
            ...["--version", "1.31.1"],
        ]);
        const oci = { ...release, chart: "oci://example.com/charts/istiod", repository: undefined };
        expect(chartArguments(oci)).toEqual(["oci://example.com/charts/istiod", "--version", "1.31.1"]);
        expect(chartArguments({ ...oci, chart: "/charts/istiod", version: undefined })).toEqual(["/charts/istiod"]);
    });

    it("name the cluster, never use the default kubeconfig, and wait", () => {
        const upgrade = upgradeArguments(release, "values.yaml", cluster).join(" ");
        expect(upgrade).toMatch(/^upgrade --install istiod .*--namespace istio-system --values values.yaml/);
        expect(upgrade).toContain("--wait --timeout 600s --kubeconfig /k --kube-context c");
        const uninstall = uninstallArguments(release, cluster).join(" ");
        expect(uninstall).toContain("--ignore-not-found --wait --timeout 600s --kubeconfig /k --kube-context c");
    });

    it("wait only if the release does", () => {
        expect(upgradeArguments({ ...release, wait: false }, "v", cluster)).not.toContain("--wait");
    });

    it("A7: give Helm 4 the ways of Helm 3: to wait for load balancers, and to apply without conflicts", () => {
        const upgrade = upgradeArguments(release, "v", cluster, 4);
        expect(upgrade).toEqual(expect.arrayContaining(["--wait=legacy", "--timeout", "600s", "--server-side=false"]));
        expect(upgrade).not.toContain("--wait");
        expect(uninstallArguments(release, cluster, 4)).toContain("--wait=legacy");
        // Helm 3 knows none of these.
        const former = [...upgradeArguments(release, "v", cluster, 3), ...uninstallArguments(release, cluster, 3)];
        expect(former.filter((argument) => /^--(wait=|server-side)/.test(argument))).toEqual([]);
    });

    it("template with the CRDs, for the namespace", () => {
        expect(templateArguments(release, "v").join(" ")).toContain(
            "--namespace istio-system --include-crds --values v",
        );
    });
});

describe("recorded steps", () => {
    const object = (kind: string, name: string) => ({ apiVersion: "v1", kind, metadata: { name } });
    const account: Step = {
        name: "010-a",
        type: "object",
        needs: [],
        object: object("ServiceAccount", "a"),
        wait: true,
    };
    const pod: Step = { name: "020-b", type: "object", needs: ["010-a"], object: object("Pod", "b"), wait: true };

    it("have the same names at every place in the order", () => {
        const moved = withLastingNames([
            { ...account, name: "030-a" },
            { ...pod, name: "040-b", needs: ["030-a"] },
        ]);
        expect(moved).toEqual(withLastingNames([account, pod]));
        expect(moved[1]).toMatchObject({ name: "v1 Pod b", needs: ["v1 ServiceAccount a"] });
    });
});
