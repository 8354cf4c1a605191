import { existsSync, readFileSync } from "node:fs";
import { evaluateProgram } from "../program/evaluate";
import { completeConfig, readStackFile } from "../program/projectConfig";
import { PROJECT_FOLDER, PROJECT_NAME } from "../../shared/project";
import { withPlaceholderCluster } from "./placeholderCluster";
import { stepsOf } from "./steps";

const CLUSTER = "bookinfo-mesh:cluster";

describe("a rendering", () => {
    it("uses a kubeconfig without credentials, with the name of the context", async () => {
        const cluster = { kind: "kubeconfig", path: "/mine", context: "here" };
        const file = await withPlaceholderCluster({ [CLUSTER]: JSON.stringify(cluster) }, (config) => {
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
            withPlaceholderCluster({ [CLUSTER]: '{"kind":"gke"}', ...config }, (config) => Promise.resolve(config));
        expect(await render({})).toEqual({ [CLUSTER]: '{"kind":"gke"}', "gcp:project": "placeholder" });
        expect(await render({ "gcp:project": "mine-1" })).toMatchObject({ "gcp:project": "mine-1" });
    });

    it("is the same on Google Cloud as anywhere, and has nothing of Google's", async () => {
        const steps = async (stack: string, cluster?: { kubeconfig: string; context: string }) =>
            stepsOf(
                await withPlaceholderCluster(completeConfig(stack, readStackFile(stack), cluster), (config) =>
                    evaluateProgram({ folder: PROJECT_FOLDER, project: PROJECT_NAME, stack, config }),
                ),
            );
        const [onGoogle, anywhere] = await Promise.all([
            steps("dev"),
            steps("elsewhere", { kubeconfig: "/none", context: "here" }),
        ]);
        expect(onGoogle.length).toBeGreaterThan(20);
        // Generated passwords are others each time.
        const rendered = [onGoogle, anywhere].map((steps) => steps.map((step) => ({ ...step, secret: undefined })));
        expect(rendered[0]).toEqual(rendered[1]);
    }, 60_000);
});
