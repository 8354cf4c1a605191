import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { changesIn, describeWithPulumi, pulumi, readState, stateFolder } from "../engine";
import { start } from "../processes";
import {
    coldStart,
    type CommandResult,
    get,
    kubectl,
    labelsOfDefault,
    listObjects,
    npmRun,
    poll,
    productPage,
    runOnSandbox,
} from "../commands";
import { contentsBelow, findLeaks, kubeconfigSecrets } from "./credentials";
import { nothingDeployed } from "../sharedSandbox";

/* A stack from its first `up` until everything of it is removed, by the commands and by the engine alone. */

const uninstallGateway = () =>
    runOnSandbox("helm", "uninstall", "istio-ingressgateway", "--namespace=istio-system", "--wait");

/** Options of the CLI for the stack's config with an add-on switched on or off. */
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

describeWithPulumi("the life of a stack", () => {
    let before: string[];
    /** Everything that was printed. */
    const printed: string[] = [];
    const recorded =
        <T extends unknown[]>(command: (...args: T) => Promise<CommandResult>) =>
        async (...args: T) => {
            const result = await command(...args);
            printed.push(result.output);
            return result;
        };
    const run = recorded(npmRun);
    const engine = recorded(pulumi);

    beforeAll(async () => {
        before = await nothingDeployed();
        expect(await run("up")).toMatchObject({ code: 0 });
    }, coldStart);

    afterAll(async () => {
        await npmRun("down", "--keep-cluster");
    }, 300_000);

    it("shows no change right after up, neither in a preview nor after a refresh", async () => {
        const preview = await engine("preview", "--expect-no-changes");
        expect(preview).toMatchObject({ code: 0, output: expect.not.stringContaining("warning") as string });
        // A refresh counts the Service that the program only reads as updated, although it has not changed.
        expect(await engine("refresh", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
        expect(await engine("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
    }, 120_000);

    it("previews only the changes of the add-on that is switched off", async () => {
        const preview = await engine("preview", "--json", ...withSwitch("tracing", false));
        expect(preview.code).toBe(0);
        const changed = changesIn(preview).map(({ urn }) => urn);
        expect(changed).not.toHaveLength(0);
        const others = changed.filter(
            (urn) => !/jaeger|istio-tracing|istio-istiod|Istio::istio$|network-policies$|pulumi:pulumi:Stack/.test(urn),
        );
        expect(others).toEqual([]);
    }, 120_000);

    it("hides a generated password in the preview", async () => {
        const { output, code } = await engine("preview", "--diff", ...withSwitch("grafana", true));
        expect(code).toBe(0);
        const [, secret = ""] = /kubernetes:core\/v1:Secret: \(create\)([^]*?)\n {4}\+ /.exec(output) ?? [];
        expect(secret).toMatch(/data\s*: \[secret\]/);
    }, 120_000);

    it("refuses a second up while one runs, and accepts it afterwards", async () => {
        await kubectl("scale", "deployment", "productpage-v1", "--replicas=2");
        const first = start("up", "--refresh");
        const locks = path.join(stateFolder, "pulumi", ".pulumi", "locks", "organization", "bookinfo-mesh", "local");
        const isLocked = () => fs.existsSync(locks) && fs.readdirSync(locks).length > 0;
        await poll(isLocked, Boolean, { interval: 50 });
        const second = await run("up");
        expect(second.code).toBe(1);
        expect(second.output).toMatch(/somebody else works on this stack: process \d+ of .+, since /);
        expect(await first.ended).toMatchObject({ code: 0 });
        expect(await run("up")).toMatchObject({ code: 0 });
    }, 300_000);

    it("restores manual changes by up --refresh", async () => {
        await kubectl("label", "namespace", "default", "istio-injection-");
        await kubectl("scale", "deployment", "productpage-v1", "--replicas=2");
        await kubectl("delete", "service", "details");
        expect((await engine("preview", "--expect-no-changes")).code).toBe(0);

        expect(await run("up", "--refresh")).toMatchObject({ code: 0 });
        expect(await labelsOfDefault()).toHaveProperty("istio-injection", "enabled");
        const replicas = await kubectl("get", "deployment", "productpage-v1", "--output=jsonpath={.spec.replicas}");
        expect(replicas).toBe("1");
        expect(await kubectl("get", "service", "details", "--output=name")).toBe("service/details\n");
        expect(await get(productPage)).toMatchObject({ status: 200 });
    }, 300_000);

    it("restores an edited route", async () => {
        const elsewhere = [{ op: "replace", path: "/spec/http/0/match/0/uri/exact", value: "/elsewhere" }];
        await kubectl("patch", "virtualservice", "bookinfo", "--type=json", `--patch=${JSON.stringify(elsewhere)}`);
        const preview = await engine("preview", "--refresh", "--diff");
        expect(preview.output).toMatch(/"\/elsewhere" => "\/productpage"/);
        expect(preview.output).toMatch(/~ 1 to update/);

        const { code, output } = await run("up");
        expect(output).toContain("Changed since they were last seen: VirtualService default/bookinfo.");
        expect(code).toBe(0);
        expect(await get(productPage)).toMatchObject({ status: 200 });
    }, 300_000);

    it("restores an edited Service by up --refresh, which a plain up suggests", async () => {
        const noPods = [{ op: "replace", path: "/spec/selector/app", value: "no-pods" }];
        await kubectl("patch", "service", "productpage", "--type=json", `--patch=${JSON.stringify(noPods)}`);
        const plain = await run("up");
        expect(plain).toMatchObject({ code: 1 });
        expect(plain.output).toMatch(/has answered 503 for 30 s\n(.*\n)*.*npm run up -- --refresh/);
        expect(await run("up", "--refresh")).toMatchObject({ code: 0 });
        expect(await get(productPage)).toMatchObject({ status: 200 });
    }, 300_000);

    it("installs an uninstalled release again", async () => {
        await uninstallGateway();
        const preview = await engine("preview", "--refresh");
        expect(preview.output).toMatch(/istio-gateway create/);
        expect(preview.output).toMatch(/\+ 1 to create/);
        const { code, output } = await run("up");
        expect(output).toMatch(/no longer in the cluster: .*Release istio-system\/istio-ingressgateway/);
        expect(code).toBe(0);
        expect(await get(productPage)).toMatchObject({ status: 200 });
    }, 300_000);

    it("is removed by down even if a release was uninstalled by hand", async () => {
        await uninstallGateway();
        expect(await run("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
        expect(await run("up")).toMatchObject({ code: 0 });
    }, 300_000);

    it("can be deployed again after a down that Ctrl-C stopped in an orderly way", async () => {
        const { child, ended } = start("down", "--keep-cluster");
        await sleep(6000);
        child.kill("SIGINT");
        expect(await ended).toMatchObject({ code: 130 });
        expect(readState().pending).toEqual([]);
        expect(await run("up")).toMatchObject({ code: 0 });
        expect(await get(productPage)).toMatchObject({ status: 200 });
    }, 300_000);

    it("has its credentials neither on the terminal nor in the state's files", () => {
        const texts = { terminal: printed.join("\n"), ...contentsBelow(stateFolder) };
        expect(findLeaks(kubeconfigSecrets(), texts)).toEqual([]);
    });

    it("leaves nothing after pulumi destroy alone", async () => {
        expect(await engine("destroy", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
        expect(await run("down", "--keep-cluster")).toMatchObject({ code: 0 });
    }, 300_000);
});
