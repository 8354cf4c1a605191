import { existsSync, readFileSync } from "node:fs";
import { collectDeclaration } from "../program/collect";
import { completeConfig, readStackFile } from "../program/projectConfig";
import { isEncrypted } from "../program/stackConfig";
import { PROJECT_NAME } from "../../shared/project";
import { withPlaceholderCredentials, withPlaceholders } from "./placeholders";
import { stepsOf } from "./steps";
import { loadProgram, withoutStackTraces } from "../../../tests/unit/program";

const CLUSTER = "bookinfo-mesh:cluster";

describe("a rendering", () => {
    it("uses a kubeconfig without credentials, with the name of the context", async () => {
        const cluster = { kind: "kubeconfig", path: "/mine", context: "here" };
        const file = await withPlaceholders({ [CLUSTER]: JSON.stringify(cluster) }, (config) => {
            const { path, context } = JSON.parse(config[CLUSTER] ?? "") as typeof cluster;
            expect(context).toBe("here");
            const content = readFileSync(path, "utf8");
            expect(content).toContain("https://placeholder.invalid");
            expect(content).toContain("name: here");
            return Promise.resolve(path);
        });
        expect(existsSync(file)).toBe(false);
    });

    it("uses any Google Cloud project, unless one is set", async () => {
        const render = (config: Record<string, string>) =>
            withPlaceholders({ [CLUSTER]: '{"kind":"gke"}', ...config }, (config) => Promise.resolve(config));
        expect(await render({})).toEqual({ [CLUSTER]: '{"kind":"gke"}', "gcp:project": "placeholder" });
        expect(await render({ "gcp:project": "mine-1" })).toMatchObject({ "gcp:project": "mine-1" });
    });

    it("needs no charts in the folder that the config names, and still names that folder", async () => {
        const istio = { chartRepository: "/no/such/folder", version: "1.31.1" };
        const config = { [CLUSTER]: '{"kind":"gke"}', "bookinfo-mesh:istio": JSON.stringify(istio) };
        const seen = await withPlaceholders(config, (placed) => {
            const { chartRepository, version } = JSON.parse(placed["bookinfo-mesh:istio"] ?? "") as typeof istio;
            expect(version).toBe("1.31.1");
            const charts = ["base", "istiod", "gateway"].map((chart) => `${chartRepository}/${chart}/Chart.yaml`);
            return Promise.resolve({
                chart: `${chartRepository}/base`,
                complete: charts.every((file) => existsSync(file)),
            });
        });
        expect(seen).toEqual({ chart: "/no/such/folder/base", complete: true });
    });

    it("A3, A4: needs no encrypted credential, unless it downloads charts with it", () => {
        const secure = { secure: "v1:encrypted" };
        const chartCredentials = { username: "me", password: secure };
        const kiali = { version: "2.31.0", chartCredentials };
        const file = {
            config: {
                "bookinfo-mesh:images": { mirror: "mirror.example.com", dockerConfig: secure },
                "bookinfo-mesh:istio": { version: "1.31.1", chartCredentials, kiali },
                "bookinfo-mesh:app": { namespace: secure },
            },
        };
        const rendered = withPlaceholderCredentials(file, { charts: false });
        expect(rendered?.config).toMatchObject({
            "bookinfo-mesh:images": { mirror: "mirror.example.com", dockerConfig: expect.any(String) as string },
            "bookinfo-mesh:istio": { version: "1.31.1", kiali: { version: "2.31.0" } },
        });
        const encrypted = (content: typeof rendered) =>
            Object.entries(content?.config ?? {})
                .filter(([, section]) => isEncrypted(section))
                .map(([key]) => key);
        // What the files would show stays encrypted, and is refused.
        expect(encrypted(rendered)).toEqual(["bookinfo-mesh:app"]);
        expect(encrypted(withPlaceholderCredentials(file, { charts: true }))).toEqual([
            "bookinfo-mesh:istio",
            "bookinfo-mesh:app",
        ]);
        expect(withPlaceholderCredentials(undefined, { charts: false })).toBeUndefined();
    });

    it("is the same for Google Cloud as for other clusters, without Google's resources", async () => {
        const steps = async (stack: string, overrides?: Record<string, unknown>) =>
            stepsOf(
                await withPlaceholders(completeConfig(stack, readStackFile(stack), overrides), (config) =>
                    withoutStackTraces(() => collectDeclaration({ project: PROJECT_NAME, stack, config }, loadProgram)),
                ),
            );
        const onGoogle = await steps("dev");
        const anywhere = await steps("elsewhere", { cluster: { kind: "kubeconfig", path: "/none", context: "here" } });
        expect(onGoogle.length).toBeGreaterThan(20);
        // Generated passwords differ each time.
        const rendered = [onGoogle, anywhere].map((steps) => steps.map((step) => ({ ...step, secret: undefined })));
        expect(rendered[0]).toEqual(rendered[1]);
    });
});
