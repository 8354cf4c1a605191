import path from "node:path";
import type { Declaration } from "./declaration";
import { evaluateProgram } from "./evaluate";
import { renderedFiles } from "../render/folder";
import { stepsOf } from "../render/steps";
import { CLUSTER } from "../../../tests/unit/program";

const request = (config: Record<string, unknown>) => ({
    folder: path.join(__dirname, "../../.."),
    project: "bookinfo-mesh",
    stack: "test",
    config: Object.fromEntries(
        Object.entries(config).map(([key, value]) => [`bookinfo-mesh:${key}`, JSON.stringify(value)]),
    ),
});

// The program runs in a separate process, which a busy machine starts slowly.
jest.setTimeout(30_000);

describe("the program on the test monitor", () => {
    let declaration: Declaration;
    beforeAll(async () => {
        declaration = await evaluateProgram(request({ cluster: CLUSTER }));
    });

    it("declares steps in an order that works", () => {
        const steps = stepsOf(declaration);
        const position = (part: string) => steps.findIndex(({ name }) => name.includes(part));
        const order = [
            "namespace-istio-system",
            "release-istio-base",
            "release-istiod",
            "namespace-default",
            "deployment-productpage",
        ].map(position);
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(order[0]).toBe(0);
        expect(position("release-istio-ingressgateway")).toBeGreaterThan(position("release-istiod"));
    });

    it("shows no credentials, and writes none to files", () => {
        const { kubeconfig, grafanaAdminPassword } = declaration.outputs;
        expect(kubeconfig).toMatchObject({ secret: true });
        expect(grafanaAdminPassword).toMatchObject({ secret: true });
        const files = renderedFiles({ stack: "test", steps: stepsOf(declaration), templates: new Map() });
        const written = files.map(({ content }) => content).join();
        expect(written).toContain("name: grafana-admin");
        const password = String(grafanaAdminPassword?.value);
        expect(password).toMatch(/^[\w-]{32}$/);
        for (const secret of [String(kubeconfig?.value), password, Buffer.from(password).toString("base64")]) {
            expect(written).not.toContain(secret);
        }
    });

    it("has no address yet, because nothing runs", () => {
        expect(declaration.resources.filter(({ read }) => read)).toMatchObject([
            { type: "kubernetes:core/v1:Service" },
        ]);
        expect(Object.keys(declaration.outputs).sort()).toEqual(["dashboards", "grafanaAdminPassword", "kubeconfig"]);
    });

    it("fails with the program's own message about a wrong config", async () => {
        const faulty = evaluateProgram(request({ cluster: CLUSTER, istoi: {} }));
        await expect(faulty).rejects.toThrow(/^The configuration has/);
    });
});
