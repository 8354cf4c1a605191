import * as path from "node:path";
import { parseKubeconfig, readKubeconfig, reduceToContext } from "./kubeconfig";
import { PROJECT_FOLDER } from "./project";

const DIRECTORY = path.join(PROJECT_FOLDER, "tests/unit/fixtures");
const KUBECONFIG = path.join(DIRECTORY, "kubeconfig.yaml");

const reduced = (context: string) => reduceToContext(readKubeconfig(KUBECONFIG), context, DIRECTORY);

describe("a kubeconfig reduced to a context", () => {
    it("holds that context, its cluster and its user, with absolute paths", () => {
        expect(reduced("here")).toEqual({
            apiVersion: "v1",
            kind: "Config",
            "current-context": "here",
            clusters: [
                {
                    name: "here",
                    cluster: {
                        server: "https://192.0.2.1:6443",
                        "certificate-authority": `${DIRECTORY}/certificates/ca.crt`,
                    },
                },
            ],
            contexts: [{ name: "here", context: { cluster: "here", user: "operator", namespace: "somewhere" } }],
            users: [
                {
                    name: "operator",
                    user: {
                        "client-certificate": `${DIRECTORY}/certificates/operator.crt`,
                        "client-key": "/etc/keys/operator.key",
                        exec: {
                            apiVersion: "client.authentication.k8s.io/v1",
                            command: `${DIRECTORY}/bin/log-in`,
                            interactiveMode: "Never",
                        },
                    },
                },
            ],
        });
    });

    it("leaves a plugin in PATH and unknown fields as they are", () => {
        const kubeconfig = parseKubeconfig(`
            clusters: [{name: c, cluster: {server: s, proxy-url: p}}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            users: [{name: u, user: {tokenFile: token, exec: {command: gke-gcloud-auth-plugin}}}]`);
        expect(reduceToContext(kubeconfig, "x", "/a")).toMatchObject({
            clusters: [{ cluster: { "proxy-url": "p" } }],
            users: [{ user: { tokenFile: "/a/token", exec: { command: "gke-gcloud-auth-plugin" } } }],
        });
    });

    it("needs the context, its cluster and its user", () => {
        expect(() => reduced("nowhere")).toThrow("the kubeconfig has no such context");
        expect(() => reduced("no-cluster")).toThrow('the kubeconfig has no server for the context\'s cluster "gone"');
        expect(() => reduced("no-user")).toThrow('the kubeconfig lacks the context\'s user "gone"');
    });

    it("ignores incomplete entries of other contexts", () => {
        const kubeconfig = parseKubeconfig(`
            clusters: [{name: c, cluster: {server: s}}, {name: d}, {name: e, cluster: {}}]
            contexts: [{name: x, context: {cluster: c}}, {name: y, context: {cluster: e, user: ""}}, {name: z}]
            users: [{name: u, user: null}]`);
        const reducedToContext = (context: string) => () => reduceToContext(kubeconfig, context, "/");
        expect(reducedToContext("x")()).toMatchObject({ "current-context": "x", users: [] });
        expect(reducedToContext("y")).toThrow('no server for the context\'s cluster "e"');
        expect(reducedToContext("z")).toThrow('no server for the context\'s cluster ""');
    });
});

describe("reading a kubeconfig", () => {
    it("finds the contexts", () => {
        expect(readKubeconfig(KUBECONFIG).contexts.map(({ name }) => name)).toEqual([
            "here",
            "elsewhere",
            "no-cluster",
            "no-user",
        ]);
        expect(parseKubeconfig("contexts: null").contexts).toEqual([]);
        expect(parseKubeconfig("").contexts).toEqual([]);
    });

    it("says why a file cannot be used", () => {
        const failing = (code: string) => () => {
            throw Object.assign(new Error("SECRET"), { code });
        };
        expect(() => readKubeconfig(`${DIRECTORY}/nothing`)).toThrow(`there is no file ${DIRECTORY}/nothing`);
        expect(() => readKubeconfig(`${KUBECONFIG}/below`)).toThrow("there is no file");
        expect(() => readKubeconfig(DIRECTORY)).toThrow(`${DIRECTORY} is a directory`);
        expect(() => readKubeconfig("/k", failing("EACCES"))).toThrow("this user is not allowed to read the file /k");
        expect(() => readKubeconfig("/k", failing("EIO"))).toThrow("the file /k cannot be read (EIO)");
        expect(() => parseKubeconfig("a: [1")).toThrow("the file is not YAML");
        expect(() => parseKubeconfig("just text")).toThrow("the file is not a kubeconfig");
        expect(() => parseKubeconfig("clusters: [{}]")).toThrow(/not a kubeconfig \(clusters\.0\.name: /);
    });

    it("does not quote credentials", () => {
        const secret = "c2VjcmV0";
        const warn = jest.spyOn(process, "emitWarning").mockImplementation();
        for (const content of [
            `token: ${secret}: [`,
            `token: !odd ${secret}`,
            `users: [{name: u, user: ${secret}}]`,
            `users: ${secret}`,
        ]) {
            let said = "";
            try {
                parseKubeconfig(content);
            } catch (error) {
                said = String(error);
            }
            expect(said + JSON.stringify(warn.mock.calls)).not.toContain(secret);
        }
        warn.mockRestore();
    });
});
