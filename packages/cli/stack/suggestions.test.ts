import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { kubectlFor, optionsFor, tokenOptions, upOptionsFor } from "./suggestions";
import { stackOf } from "../testing/stack";
import { foreignKeyPair } from "../token/keyPair";
import type { PageAccess } from "../token/pageAccess";
import type { DeploymentRecord } from "./record";
import { findStack } from "./stack";
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
    // The default kubeconfig.
    jest.replaceProperty(process, "env", { ...process.env, KUBECONFIG: path.join(folder, "default") });
});
afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
    rmSync(STATE_FOLDER, { recursive: true });
});

const recordOf = (stack: string, context: string): DeploymentRecord => ({
    stack,
    cluster: { kubeconfig: "/k", context, identity: "i" },
    deployedBy: { way: "rendered", steps: [] },
});
const at = (name: string, context: string, kubeconfig = "/k", record?: DeploymentRecord) =>
    stackOf({ name, cluster: { kubeconfig, context }, record });

describe("the options that lead to a stack again", () => {
    it("are empty for the sandbox", () => {
        expect(optionsFor(at("local", "kind"))).toEqual([]);
        expect(upOptionsFor(at("local", "kind"))).toEqual([]);
    });

    it("name only the context of a deployed stack, or the stack if the context does not give it", () => {
        const demo = at("kind-demo", "kind-demo", "/k", recordOf("kind-demo", "kind-demo"));
        expect(optionsFor(demo)).toEqual(["--context", "kind-demo"]);
        const mine = at("mine", "kind-demo", "/k", recordOf("mine", "kind-demo"));
        expect(optionsFor(mine)).toEqual(["--stack", "mine"]);
    });

    it("name everything for up, or if the record is missing or names another cluster", () => {
        const all = ["--stack", "mine", "--context", "kind-demo", "--kubeconfig", "/k"];
        const other = at("mine", "kind-demo", "/k", recordOf("mine", "of-before"));
        expect(upOptionsFor(other)).toEqual(all);
        expect(optionsFor(other)).toEqual(all);
        expect(optionsFor(at("mine", "kind-demo"))).toEqual(all);
    });

    it.each([
        [{ stack: "mine", context: "here" }, "--stack mine --context here"],
        [{ context: "here" }, "--context here"],
        [{ context: "here", kubeconfig: fixture }, `--context here --kubeconfig ${fixture}`],
    ])("lead up to the same stack: %j", (options, typed) => {
        writeFileSync(path.join(folder, "default"), JSON.stringify(kubeconfigWith("here")));
        expect(upOptionsFor(findStack(options)).join(" ")).toBe(typed);
    });

    it("are words that a shell does not change", () => {
        const stack = at("mine", "my cluster", "/home/me/my files/it's");
        expect(upOptionsFor(stack).join(" ")).toBe(
            `--stack mine --context 'my cluster' --kubeconfig '/home/me/my files/it'\\''s'`,
        );
        expect(kubectlFor(stack)).toBe(`kubectl --kubeconfig '/home/me/my files/it'\\''s' --context 'my cluster'`);
    });
});

it("curl gets a token when it runs, if the page takes those of this clone's key", () => {
    const jwt = { login: { issuer: "i", audiences: [] } };
    const access = {
        headers: { authorization: "Bearer SECRET" },
        expected: {},
        jwt: { ...jwt, own: foreignKeyPair() },
    };
    const typed = (sandbox: boolean, given: PageAccess = access) =>
        tokenOptions({ name: "mine", sandbox }, given).join(" ");
    expect(typed(true)).toBe('-H "Authorization: Bearer $(npx bookinfo token)"');
    expect(typed(false)).toBe('-H "Authorization: Bearer $(npx bookinfo token --stack mine)"');
    expect(typed(true, { headers: {}, expected: {}, jwt })).toBe("");
    expect(typed(true, { headers: {}, expected: {} })).toBe("");
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
