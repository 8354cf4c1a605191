import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type * as ChildProcess from "../shared/childProcess";
import { UserError } from "../shared/errors";
import { type PrivateChart, withPrivateCharts } from "./charts";
import type { Release } from "./helm";

interface Call {
    args: string[];
    env: NodeJS.ProcessEnv;
    input?: string;
}

const PASSWORD = "marker-password";

let calls: Call[];
/** What the next call of this verb prints to standard error, as its failure. */
let failures: Record<string, string>;

/** Stands in for helm: like it, `repo add` writes the password to its file, and `pull` writes an archive. */
jest.mock("../shared/childProcess", (): typeof ChildProcess => ({
    ...jest.requireActual<typeof ChildProcess>("../shared/childProcess"),
    run: (_program, args, options) => {
        const { env = {}, input } = options ?? {};
        calls.push({ args: [...args], env, input });
        const verb = args[0] === "pull" ? "pull" : `${String(args[0])} ${String(args[1])}`;
        if (failures[verb] !== undefined) {
            return Promise.resolve({ code: 1, stdout: "", stderr: failures[verb] });
        }
        if (verb === "repo add") {
            writeFileSync(env.HELM_REPOSITORY_CONFIG ?? "", input ?? "");
        }
        if (verb === "registry login") {
            writeFileSync(env.HELM_REGISTRY_CONFIG ?? "", input ?? "");
        }
        if (verb === "pull") {
            const destination = args[args.indexOf("--destination") + 1] ?? "";
            // Helm does not make the folder.
            writeFileSync(path.join(destination, `${path.basename(String(args[1]))}-1.31.1.tgz`), "chart");
        }
        return Promise.resolve({ code: 0, stdout: "", stderr: "" });
    },
}));

const credentials = { username: "me", password: PASSWORD };
const release = (name: string, chart: string, repository?: string): Release => ({
    ...{ name, namespace: "istio-system", chart, version: "1.31.1", repository },
    ...{ values: {}, timeout: 600, wait: true },
});
const http = "https://charts.example.com/istio";
const CHARTS: PrivateChart[] = [
    { release: release("istio-base", "base", http), credentials },
    { release: release("istiod", "istiod", http), credentials },
    { release: release("kiali", "oci://registry.example.com:5000/charts/kiali-server"), credentials },
];

beforeEach(() => {
    calls = [];
    failures = {};
});

const folderOf = (archive: string) => path.dirname(path.dirname(archive));

/** All files below a folder, with their contents. */
function contentsOf(folder: string): string {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .map((entry) => path.join(folder, entry))
        .filter((file) => statSync(file).isFile())
        .map((file) => `${file}: ${readFileSync(file, "utf8")}`)
        .join("\n");
}

describe("A3: charts of repositories that want a password", () => {
    it("are downloaded after one login to each, which gets the password by standard input alone", async () => {
        await withPrivateCharts("helm", CHARTS, undefined, () => Promise.resolve());
        expect(calls.map(({ args, input }) => [args.join(" ").replace(/ --destination \S+$/, ""), input])).toEqual([
            [`repo add charts-0 ${http} --username me --password-stdin`, PASSWORD],
            ["pull charts-0/base --version 1.31.1", undefined],
            ["pull charts-0/istiod --version 1.31.1", undefined],
            ["registry login registry.example.com:5000 --username me --password-stdin", PASSWORD],
            ["pull oci://registry.example.com:5000/charts/kiali-server --version 1.31.1", undefined],
        ]);
        expect(JSON.stringify(calls.map(({ args, env }) => ({ args, env })))).not.toContain(PASSWORD);
    });

    it("keep the user's own logins and keychain out of it", async () => {
        await withPrivateCharts("helm", CHARTS, undefined, () => Promise.resolve());
        const { env } = calls[0] as Call;
        const places = ["HELM_REPOSITORY_CONFIG", "HELM_REGISTRY_CONFIG", "HELM_REPOSITORY_CACHE", "HELM_CACHE_HOME"];
        const folders = places.map((name) => path.dirname(env[name] ?? ""));
        expect(new Set(folders).size).toBe(1);
        expect(path.basename(folders[0] ?? "")).toBe("logins");
    });

    it("are used without any login, from a folder that nobody else can read", async () => {
        const seen = await withPrivateCharts("helm", CHARTS, undefined, (located) => {
            const releases = CHARTS.map((chart) => located(chart.release));
            const folder = folderOf(releases[0]?.chart ?? "");
            return Promise.resolve({ releases, folder, content: contentsOf(folder), mode: statSync(folder).mode });
        });
        expect(seen.content).not.toContain(PASSWORD);
        expect(seen.mode & 0o077).toBe(0);
        for (const { chart, repository, version } of seen.releases) {
            expect(chart).toMatch(/\/(?:base|istiod|kiali-server)-1\.31\.1\.tgz$/);
            expect([repository, version]).toEqual([undefined, undefined]);
        }
        expect(existsSync(seen.folder)).toBe(false);
    });

    it("are compared with their digests, without a login if the repository wants none", async () => {
        // Of the text that stands in for an archive.
        const digest = `sha256:${createHash("sha256").update("chart").digest("hex")}`;
        const pinned = { release: release("istiod", "istiod", http), digest };
        const located = await withPrivateCharts("helm", [pinned], undefined, (locate) =>
            Promise.resolve(locate(pinned.release).chart),
        );
        expect(located).toMatch(/\/istiod-1\.31\.1\.tgz$/);
        expect(calls.map(({ args }) => args.join(" ").replace(/ --destination \S+$/, ""))).toEqual([
            `pull istiod --repo ${http} --version 1.31.1`,
        ]);
        expect(calls[0]?.env.HELM_REGISTRY_CONFIG).toBe(process.env.HELM_REGISTRY_CONFIG);
        expect(calls[0]?.env.HELM_CACHE_HOME).not.toBe(process.env.HELM_CACHE_HOME);

        const use = jest.fn(() => Promise.resolve());
        const other = `sha256:${"0".repeat(64)}`;
        for (const changed of [
            { ...pinned, digest: other },
            { ...(CHARTS[1] as PrivateChart), digest: other },
        ]) {
            await expect(withPrivateCharts("helm", [changed], undefined, use)).rejects.toThrow(
                new UserError(
                    `the chart istiod of release istiod has the digest ${digest}, but its chartDigest in the config is ${other}. ` +
                        "Nothing was deployed. Find out who changed the chart, or correct the key if you trust this one.",
                ),
            );
        }
        expect(use).not.toHaveBeenCalled();
    });

    it.each(["repo add", "pull"])(
        "leave nothing behind if helm fails at %s, whose error shows no password",
        async (verb) => {
            failures = { [verb]: `WARNING: x\nError: cannot log in with ${PASSWORD}: 401 Unauthorized\n` };
            const used = withPrivateCharts("helm", CHARTS, undefined, () => Promise.resolve());
            await expect(used).rejects.toThrow(
                new UserError(
                    `helm cannot download the chart base of ${http}: cannot log in with [secret]: 401 Unauthorized`,
                ),
            );
            expect(existsSync(path.dirname(calls[0]?.env.HELM_REPOSITORY_CONFIG ?? ""))).toBe(false);
        },
    );

    it("need no helm if there are none", async () => {
        const others = release("istiod", "istiod", http);
        expect(await withPrivateCharts("helm", [], undefined, (located) => Promise.resolve(located(others)))).toBe(
            others,
        );
        expect(calls).toEqual([]);
    });
});
