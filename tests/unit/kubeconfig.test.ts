import * as path from "node:path";
import { parse } from "yaml";
import { absolute, type Files, localFiles } from "../../config/files";
import { contextNames, readKubeconfig, reduceTo } from "../../config/kubeconfig";
import { KUBECONFIG } from "./program";

const DIRECTORY = path.dirname(KUBECONFIG);

const reduced = (context: string) =>
    parse(reduceTo(context, readKubeconfig(KUBECONFIG, localFiles), KUBECONFIG, localFiles)) as unknown;

/** A machine on which every file has this content. */
const withContent = (content: string): Files => ({ ...localFiles, read: () => content });

describe("a kubeconfig reduced to a context", () => {
    it("has only that context, its cluster and its user, with absolute paths", () => {
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

    it("does not change a plugin in PATH and unknown fields", () => {
        const files = withContent(`
            clusters: [{name: c, cluster: {server: s, proxy-url: p}}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            users: [{name: u, user: {tokenFile: token, exec: {command: gke-gcloud-auth-plugin}}}]`);
        expect(parse(reduceTo("x", readKubeconfig("/a/b", files), "/a/b", files))).toMatchObject({
            clusters: [{ cluster: { "proxy-url": "p" } }],
            users: [{ user: { tokenFile: "/a/token", exec: { command: "gke-gcloud-auth-plugin" } } }],
        });
    });

    it("needs the context, its cluster and its user", () => {
        expect(() => reduced("nowhere")).toThrow("the kubeconfig has no such context");
        expect(() => reduced("no-cluster")).toThrow('the kubeconfig has no server for the context\'s cluster "gone"');
        expect(() => reduced("no-user")).toThrow('the kubeconfig lacks the context\'s user "gone"');
    });

    it("ignores what is incomplete elsewhere", () => {
        const files = withContent(`
            clusters: [{name: c, cluster: {server: s}}, {name: d}, {name: e, cluster: {}}]
            contexts: [{name: x, context: {cluster: c}}, {name: y, context: {cluster: e, user: ""}}, {name: z}]
            users: [{name: u, user: null}]`);
        const reducedToContext = (context: string) => () =>
            reduceTo(context, readKubeconfig("", files), "/config", files);
        expect(parse(reducedToContext("x")())).toMatchObject({ "current-context": "x", users: [] });
        expect(reducedToContext("y")).toThrow('no server for the context\'s cluster "e"');
        expect(reducedToContext("z")).toThrow('no server for the context\'s cluster ""');
    });
});

describe("reading a kubeconfig", () => {
    it("returns the contexts", () => {
        expect(contextNames(readKubeconfig(KUBECONFIG, localFiles))).toEqual([
            "here",
            "elsewhere",
            "no-cluster",
            "no-user",
        ]);
        expect(contextNames(readKubeconfig("", withContent("contexts: null")))).toEqual([]);
    });

    it("reports why a file cannot be used", () => {
        const read =
            (file: string, files = localFiles) =>
            () =>
                readKubeconfig(file, files);
        expect(read(`${DIRECTORY}/nothing`)).toThrow(`there is no file ${DIRECTORY}/nothing`);
        expect(read(`${KUBECONFIG}/below`)).toThrow("there is no file");
        expect(read(DIRECTORY)).toThrow(`${DIRECTORY} is a directory`);
        expect(read("", withContent("a: [1"))).toThrow("the file is not YAML");
        expect(read("", withContent("just text"))).toThrow("the file is not a kubeconfig");
        expect(read("", withContent("clusters: [{}]"))).toThrow(/not a kubeconfig \(clusters\.0\.name: /);
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
            let message = "";
            try {
                readKubeconfig("", withContent(content));
            } catch (error) {
                message = String(error);
            }
            expect(message + JSON.stringify(warn.mock.calls)).not.toContain(secret);
        }
        warn.mockRestore();
    });
});

test("a relative path starts at the home directory or at the project's directory", () => {
    const files = { ...localFiles, home: "/home/me$&" };
    expect(absolute("~/.kube/config", files)).toBe("/home/me$&/.kube/config");
    expect(absolute("~", files)).toBe("/home/me$&");
    expect(absolute("~other/config", files)).toBe(path.resolve("~other/config"));
    expect(absolute("config", files)).toBe(path.resolve("config"));
    expect(absolute("/etc/config", files)).toBe("/etc/config");
});
