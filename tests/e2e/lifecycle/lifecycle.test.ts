import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { changesIn, describeEngine, pulumi, readState, stateFolder } from "../engine";
import { start } from "../processes";
import {
    coldStart,
    get,
    kubectl,
    labelsOfDefault,
    listObjects,
    npmRun,
    runCommand,
    sandboxBin,
    sandboxKubeconfig,
} from "../commands";
import { contentsBelow, kubeconfigSecrets, telling } from "./credentials";

/* A stack from its first `up` to the last trace of it, by the engine itself and by the commands around it. */

const page = "http://198.51.100.20/productpage";

/** The option by which the CLI takes the stack's config with an add-on switched on or off. */
function withSwitch(addon: "tracing" | "grafana", enabled: boolean): string[] {
    const workspace = path.join(stateFolder, "workspace");
    const config = parse(fs.readFileSync(path.join(workspace, "Pulumi.local.yaml"), "utf8")) as {
        config: { "bookinfo-mesh:istio": Record<string, object> };
    };
    const { "bookinfo-mesh:istio": istio } = config.config;
    istio[addon] = { ...istio[addon], enabled };
    const file = path.join(workspace, "Pulumi.switched.yaml");
    fs.writeFileSync(file, stringify(config));
    return ["--config-file", file];
}

describeEngine("the life of a stack", () => {
    let before: string[];
    /** Everything that was printed. */
    const printed: string[] = [];
    const run = async (...command: Parameters<typeof npmRun>) => {
        const ended = await npmRun(...command);
        printed.push(ended.output);
        return ended;
    };
    const engine = async (...command: Parameters<typeof pulumi>) => {
        const ended = await pulumi(...command);
        printed.push(ended.output);
        return ended;
    };

    beforeAll(async () => {
        expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
        before = await listObjects();
        expect(await run("up")).toMatchObject({ code: 0 });
    }, coldStart);

    afterAll(async () => {
        await npmRun("down");
    }, 300_000);

    it("has nothing to do right after up: not by preview, not by refresh", async () => {
        const preview = await engine("preview", "--expect-no-changes");
        expect(preview).toMatchObject({ code: 0, output: expect.not.stringContaining("warning") as string });
        // A refresh counts the Service that the program only reads as updated; nothing of it differs.
        expect(await engine("refresh", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
        expect(await engine("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
    }, 120_000);

    it("previews of a switch what it concerns, and no more", async () => {
        const preview = await engine("preview", "--json", ...withSwitch("tracing", false));
        expect(preview.code).toBe(0);
        const concerned = changesIn(preview).map(({ urn }) => urn);
        expect(concerned).not.toHaveLength(0);
        const others = concerned.filter(
            (urn) => !/jaeger|istio-tracing|istio-istiod|Istio::istio$|pulumi:pulumi:Stack/.test(urn),
        );
        expect(others).toEqual([]);
    }, 120_000);

    it("shows a generated password in no preview", async () => {
        const { output, code } = await engine("preview", "--diff", ...withSwitch("grafana", true));
        expect(code).toBe(0);
        const [, secret = ""] = /kubernetes:core\/v1:Secret: \(create\)([^]*?)\n {4}\+ /.exec(output) ?? [];
        expect(secret).toMatch(/data\s*: \[secret\]/);
    }, 120_000);

    it("is for one at a time: another up is refused while one runs, and goes on after it", async () => {
        const replicas = ["scale", "deployment", "productpage-v1", "--replicas=2"];
        await kubectl(...replicas);
        const first = start("up", "--refresh");
        const locks = path.join(stateFolder, "pulumi", ".pulumi", "locks", "organization", "bookinfo-mesh", "local");
        while (!fs.existsSync(locks) || fs.readdirSync(locks).length === 0) {
            await sleep(50);
        }
        const second = await run("up");
        expect(second.code).toBe(1);
        expect(second.output).toMatch(/somebody else works on this stack: process \d+ of .+, since /);
        expect(await first.ended).toMatchObject({ code: 0 });
        expect(await run("up")).toMatchObject({ code: 0 });
    }, 300_000);

    it("gets back by up --refresh what was changed by hand", async () => {
        await kubectl("label", "namespace", "default", "istio-injection-");
        await kubectl("scale", "deployment", "productpage-v1", "--replicas=2");
        await kubectl("delete", "service", "details");
        expect((await engine("preview", "--expect-no-changes")).code).toBe(0);

        expect(await run("up", "--refresh")).toMatchObject({ code: 0 });
        expect(await labelsOfDefault()).toHaveProperty("istio-injection", "enabled");
        const replicas = await kubectl("get", "deployment", "productpage-v1", "--output=jsonpath={.spec.replicas}");
        expect(replicas).toBe("1");
        expect(await kubectl("get", "service", "details", "--output=name")).toBe("service/details\n");
        expect(await get(page)).toMatchObject({ status: 200 });
    }, 300_000);

    it("brings back a route that was edited", async () => {
        const elsewhere = [{ op: "replace", path: "/spec/http/0/match/0/uri/exact", value: "/elsewhere" }];
        await kubectl("patch", "virtualservice", "bookinfo", "--type=json", `--patch=${JSON.stringify(elsewhere)}`);
        const preview = await engine("preview", "--refresh", "--diff");
        expect(preview.output).toMatch(/"\/elsewhere" => "\/productpage"/);
        expect(preview.output).toMatch(/~ 1 to update/);

        const { code, output } = await run("up");
        expect(output).toContain("Changed since they were last seen: VirtualService default/bookinfo.");
        expect(code).toBe(0);
        expect(await get(page)).toMatchObject({ status: 200 });
    }, 300_000);

    it("brings back a Service that was edited, once it is asked to look: up alone tells how", async () => {
        const nobody = [{ op: "replace", path: "/spec/selector/app", value: "nobody" }];
        await kubectl("patch", "service", "productpage", "--type=json", `--patch=${JSON.stringify(nobody)}`);
        const alone = await run("up");
        expect(alone).toMatchObject({ code: 1 });
        expect(alone.output).toMatch(/has answered 503 for 30 s\n(.*\n)*.*npm run up -- --refresh/);
        expect(await run("up", "--refresh")).toMatchObject({ code: 0 });
        expect(await get(page)).toMatchObject({ status: 200 });
    }, 300_000);

    it("installs a release again that was uninstalled", async () => {
        const uninstall = ["uninstall", "istio-ingressgateway", "--namespace=istio-system", "--wait"];
        await runCommand(path.join(sandboxBin, "helm"), uninstall, { KUBECONFIG: sandboxKubeconfig });
        const preview = await engine("preview", "--refresh");
        expect(preview.output).toMatch(/istio-gateway create/);
        expect(preview.output).toMatch(/\+ 1 to create/);
        const { code, output } = await run("up");
        expect(output).toMatch(/not in the cluster any more: .*Release istio-system\/istio-ingressgateway/);
        expect(code).toBe(0);
        expect(await get(page)).toMatchObject({ status: 200 });
    }, 300_000);

    it("removes the rest where a release was uninstalled by hand", async () => {
        const uninstall = ["uninstall", "istio-ingressgateway", "--namespace=istio-system", "--wait"];
        await runCommand(path.join(sandboxBin, "helm"), uninstall, { KUBECONFIG: sandboxKubeconfig });
        expect(await run("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
        expect(await run("up")).toMatchObject({ code: 0 });
    }, 300_000);

    it("stopped by Ctrl-C ends in order, and goes on", async () => {
        const { child, ended } = start("down", "--keep-cluster");
        await sleep(6000);
        child.kill("SIGINT");
        expect(await ended).toMatchObject({ code: 130 });
        expect(readState().pending).toEqual([]);
        expect(await run("up")).toMatchObject({ code: 0 });
        expect(await get(page)).toMatchObject({ status: 200 });
    }, 300_000);

    it("has told its credentials nowhere: not on the terminal, not in the state or another file", () => {
        const texts = { terminal: printed.join("\n"), ...contentsBelow(stateFolder) };
        expect(telling(kubeconfigSecrets(), texts)).toEqual([]);
    });

    it("leaves nothing after a plain destroy", async () => {
        expect(await engine("destroy", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
        expect(await run("down", "--keep-cluster")).toMatchObject({ code: 0 });
    }, 300_000);
});
