import type { KubeConfig } from "@kubernetes/client-node";
import { impersonateFully, impersonationHeaders, libraryConfig } from "./libraryConfig";

const reduced = (cluster: object, user?: object) => ({
    clusters: [{ name: "c", cluster: { server: "https://api.example.com:6443", ...cluster } }],
    contexts: [{ name: "here", context: { cluster: "c", ...(user && { user: "u" }) } }],
    users: user ? [{ name: "u", user }] : [],
});
const clusterIn = (config: object) => (config as ReturnType<typeof reduced>).clusters[0]?.cluster;
const usersIn = (config: object) => (config as { users: { name: string; user: object }[] }).users;

describe("A8: a kubeconfig as the client library gets it", () => {
    const env = { HTTPS_PROXY: "http://proxy.corp:3128" };

    it("has the proxy of the environment, unless it names one", () => {
        expect(clusterIn(libraryConfig(reduced({}), env))).toMatchObject({ "proxy-url": "http://proxy.corp:3128/" });
        expect(clusterIn(libraryConfig(reduced({}), { ...env, NO_PROXY: ".example.com" }))).toEqual({
            server: "https://api.example.com:6443",
        });
        const own = { "proxy-url": "socks5://bastion:1080" };
        expect(clusterIn(libraryConfig(reduced(own), env))).toMatchObject(own);
    });

    it("has a user even if the context names none, because the library would ignore the cluster's authority", () => {
        const config = libraryConfig(reduced({}), {});
        expect(usersIn(config)).toEqual([{ name: "nobody", user: {} }]);
        expect(config).toMatchObject({ contexts: [{ context: { user: "nobody" } }] });
    });

    it("has a token's file under the name that the library reads", () => {
        const config = libraryConfig(reduced({}, { tokenFile: "/run/token" }), {});
        expect(usersIn(config)[0]?.user).toMatchObject({ "token-file": "/run/token" });
    });

    it("impersonates groups and other attributes too", async () => {
        const user = { as: "ann", "as-uid": "7", "as-groups": ["dev", "ops"], "as-user-extra": { "a/b": ["c"] } };
        const headers = {
            "Impersonate-Uid": "7",
            "Impersonate-Group": ["dev", "ops"],
            "Impersonate-Extra-a%2Fb": ["c"],
        };
        expect(impersonationHeaders(user)).toEqual(headers);
        const config = {
            applyToHTTPSOptions: (options: { headers?: object }) => {
                options.headers = { "Impersonate-User": "ann" };
                return Promise.resolve();
            },
        } as unknown as KubeConfig;
        impersonateFully(config, reduced({}, user));
        const options: { headers?: object } = {};
        await config.applyToHTTPSOptions(options);
        expect(options.headers).toEqual({ "Impersonate-User": "ann", ...headers });
    });
});
