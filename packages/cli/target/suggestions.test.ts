import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { removeRecord, writeRecord } from "./record";
import { kubectlFor, optionsFor, upOptionsFor } from "./suggestions";
import { findTarget } from "./target";
import type * as Project from "../../shared/project";
import { STATE_FOLDER } from "../../shared/project";
import { shellWord } from "../../shared/shell";

// The stacks' folder of this clone is not touched.
jest.mock("../../shared/project", (): typeof Project => ({
    ...jest.requireActual<typeof Project>("../../shared/project"),
    STATE_FOLDER: path.join(tmpdir(), `bookinfo-mesh-typed-${process.pid}`),
}));

const fixture = path.join(__dirname, "../../../tests/unit/fixtures/kubeconfig.yaml");

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"));
    mkdirSync(STATE_FOLDER, { recursive: true });
    // What kubectl would read, apart from what is named.
    jest.replaceProperty(process, "env", { ...process.env, KUBECONFIG: path.join(folder, "default") });
});
afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
    rmSync(STATE_FOLDER, { recursive: true });
});

const at = (stack: string, context: string, kubeconfig = "/k") => ({
    stack,
    cluster: { kubeconfig, context },
    sandbox: false,
});

const record = ({ stack, cluster }: ReturnType<typeof at>) => {
    writeRecord({ stack, cluster: { ...cluster, identity: "i" }, deployedBy: { way: "rendered", steps: [] } });
};

describe("the options that lead to a target again", () => {
    it("are none for the sandbox", () => {
        const sandbox = { ...at("local", "kind"), sandbox: true };
        expect(optionsFor(sandbox)).toBe("");
        expect(upOptionsFor(sandbox)).toBe("");
    });

    it("name what is deployed in one word, the stack only where the context does not give it", () => {
        record(at("kind-demo", "kind-demo"));
        record(at("mine", "kind-demo"));
        expect(optionsFor(at("kind-demo", "kind-demo"))).toBe(" -- --context kind-demo");
        expect(optionsFor(at("mine", "kind-demo"))).toBe(" -- --stack mine");
    });

    it("name everything for up, and where nothing is recorded, or another cluster", () => {
        record(at("mine", "of-before"));
        const all = " -- --stack mine --context kind-demo --kubeconfig /k";
        expect(upOptionsFor(at("mine", "kind-demo"))).toBe(all);
        expect(optionsFor(at("mine", "kind-demo"))).toBe(all);
        removeRecord("mine");
        expect(optionsFor(at("mine", "kind-demo"))).toBe(all);
    });

    it.each([
        [{ stack: "mine", context: "here" }, " -- --stack mine --context here"],
        [{ context: "here" }, " -- --context here"],
        [{ context: "here", kubeconfig: fixture }, ` -- --context here --kubeconfig ${fixture}`],
    ])("lead up to the same target: %j", (options, typed) => {
        writeFileSync(path.join(folder, "default"), JSON.stringify(kubeconfigWith("here")));
        expect(upOptionsFor(findTarget(options))).toBe(typed);
    });

    it("are such that a shell takes them as they are", () => {
        const target = at("mine", "my cluster", "/home/me/my files/it's");
        expect(upOptionsFor(target)).toBe(
            ` -- --stack mine --context 'my cluster' --kubeconfig '/home/me/my files/it'\\''s'`,
        );
        expect(kubectlFor(target)).toBe(`kubectl --kubeconfig '/home/me/my files/it'\\''s' --context 'my cluster'`);
    });
});

it.each(["arn:aws:eks:eu-west-1:123:cluster/mesh", "admin@prod", "/home/me/.kube/config", "file:///a%20b"])(
    "a word that no shell takes apart is typed as it is: %s",
    (word) => {
        expect(shellWord(word)).toBe(word);
    },
);

it.each(["", "$HOME", "a b", "s3://bucket?region=x&profile=y", "~ann"])("any other is quoted: %j", (word) => {
    expect(shellWord(word)).toBe(`'${word}'`);
});

function kubeconfigWith(name: string) {
    return {
        clusters: [{ name, cluster: { server: "https://192.0.2.1" } }],
        users: [{ name, user: {} }],
        contexts: [{ name, context: { cluster: name, user: name } }],
    };
}
