import * as fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { getCredentialsCommand, gkeKubeconfig } from "../../components/gke/kubeconfig";
import { billingLabels } from "../../components/gke/labels";
import { parseLocation } from "../../config/location";
import { displayNameOf } from "../../components/gke/nodeServiceAccount";
import { projectOf } from "../../components/gke/project";
import { checkMachine, type Machine, missingOn } from "../../components/gke/preflight";

const access = { project: "p-1", location: "us-central1-a", name: "c", endpoint: "c.gke.goog" };

describe("the kubeconfig of a GKE cluster", () => {
    it("uses the application-default credentials by gcloud's plugin, and has none itself", () => {
        expect(parse(gkeKubeconfig(access))).toEqual({
            apiVersion: "v1",
            kind: "Config",
            "current-context": "gke_p-1_us-central1-a_c",
            clusters: [{ name: "gke_p-1_us-central1-a_c", cluster: { server: "https://c.gke.goog" } }],
            contexts: [
                {
                    name: "gke_p-1_us-central1-a_c",
                    context: { cluster: "gke_p-1_us-central1-a_c", user: "gke_p-1_us-central1-a_c" },
                },
            ],
            users: [
                {
                    name: "gke_p-1_us-central1-a_c",
                    user: {
                        exec: {
                            apiVersion: "client.authentication.k8s.io/v1beta1",
                            command: "gke-gcloud-auth-plugin",
                            args: ["--use_application_default_credentials"],
                            installHint: expect.stringContaining("gcloud components install") as string,
                            interactiveMode: "Never",
                            provideClusterInfo: true,
                        },
                    },
                },
            ],
        });
    });

    it("leaves an access token for gcloud to the plugin, which would not use it beside other credentials", () => {
        const withToken = gkeKubeconfig(access, { CLOUDSDK_AUTH_ACCESS_TOKEN: "ya29.secret" });
        expect(withToken).not.toContain("ya29");
        const { users } = parse(withToken) as { users: [{ user: { exec: object } }] };
        expect(users[0].user.exec).not.toHaveProperty("args");
    });

    it("has the control plane's CA if it is not public", () => {
        expect(parse(gkeKubeconfig({ ...access, endpoint: "192.0.2.1", caCertificate: "Q0E=" }))).toMatchObject({
            clusters: [{ cluster: { server: "https://192.0.2.1", "certificate-authority-data": "Q0E=" } }],
        });
    });
});

test("the command for the user's own kubeconfig uses the DNS endpoint if there is no other", () => {
    expect(getCredentialsCommand(access, true)).toBe(
        "gcloud container clusters get-credentials c --location us-central1-a --project p-1 --dns-endpoint",
    );
    expect(getCredentialsCommand(access, false)).not.toContain("dns");
});

describe("a location", () => {
    it.each([
        ["us-central1-a", "us-central1", false],
        ["northamerica-northeast2-c", "northamerica-northeast2", false],
        ["us-central1-ai1a", "us-central1", false],
        ["europe-west12", "europe-west12", true],
    ])("%s is in the region %s", (name, region, regional) => {
        expect(parseLocation(name)).toEqual({ name, region, regional });
    });

    it.each([
        "",
        "us",
        "us-central",
        "us-central1-",
        "us-central1-A",
        "us-central1-aa",
        "us_central1",
        "us-central1-a ",
    ])("is not %j", (name) => {
        expect(parseLocation(name)).toBeUndefined();
    });
});

describe("the project of an account", () => {
    it.each([
        ["nodes-1a2b@mesh-1.iam.gserviceaccount.com", "mesh-1"],
        ["nodes-1a2b@mesh-1.example.com.iam.gserviceaccount.com", "example.com:mesh-1"],
    ])("of %s is %s", (email, project) => {
        expect(projectOf(email)).toBe(project);
    });

    it("is not in the email of an account that Google made", () => {
        expect(() => projectOf("123-compute@developer.gserviceaccount.com")).toThrow("does not name a project");
    });
});

describe("labels", () => {
    it("name program and stack in valid characters, for any names of these", () => {
        const anyName = fc.string({ minLength: 1, unit: "grapheme", maxLength: 100 });
        fc.assert(
            fc.property(anyName, anyName, (project, stack) => {
                const labels = billingLabels({ project, stack }, {});
                expect(Object.keys(labels)).toEqual(["app", "stack", "managed-by"]);
                for (const value of Object.values(labels)) {
                    expect(value).toMatch(/^[a-z0-9_-]{1,63}$/);
                }
            }),
        );
        expect(billingLabels({ project: "bookinfo-mesh", stack: "Dev.1" }, { team: "mesh", app: "shop" })).toEqual({
            app: "shop",
            stack: "dev-1",
            "managed-by": "pulumi",
            team: "mesh",
        });
    });
});

test("the nodes' account has a display name of at most 100 characters", () => {
    expect(displayNameOf("bookinfo-mesh", "dev")).toBe("GKE nodes of bookinfo-mesh/dev");
    expect(displayNameOf("p".repeat(100), "s".repeat(100))).toHaveLength(100);
});

const ADC = "/home/me/.config/gcloud/application_default_credentials.json";
const PLUGIN = "/usr/bin/gke-gcloud-auth-plugin";
const USER = JSON.stringify({ type: "authorized_user" });

/** A machine with these files. An empty file is a program. */
function machine(
    files: Record<string, string>,
    env: Machine["env"] = {},
    platform: NodeJS.Platform = "linux",
): Machine {
    return {
        env: { PATH: "/bin:/usr/bin:", ...env },
        platform,
        home: "/home/me",
        executable: (file) => files[file] === "",
        read: (file) => files[file],
    };
}

describe("a machine", () => {
    it("with the plugin and credentials lacks nothing", () => {
        expect(missingOn(machine({ [PLUGIN]: "", [ADC]: USER }))).toEqual([]);
    });

    it("without both gets a line for each, with a remedy", () => {
        expect(missingOn(machine({}))).toEqual([
            "gke-gcloud-auth-plugin is not on PATH. Run: gcloud components install gke-gcloud-auth-plugin " +
                "(or install your system's package google-cloud-cli-gke-gcloud-auth-plugin)",
            `there are no application-default credentials (${ADC}). Run: gcloud auth application-default login`,
        ]);
    });

    it.each<[string, Record<string, string>, Machine["env"]]>([
        ["the file in the environment", { "/key.json": USER }, { GOOGLE_APPLICATION_CREDENTIALS: "/key.json" }],
        [
            "gcloud's folder in the environment",
            { "/gcloud/application_default_credentials.json": USER },
            { CLOUDSDK_CONFIG: "/gcloud" },
        ],
        ["a machine of Google's", { "/sys/class/dmi/id/product_name": "Google Compute Engine\n" }, {}],
        ["a metadata server", {}, { GCE_METADATA_HOST: "metadata" }],
        ["an access token for gcloud", {}, { CLOUDSDK_AUTH_ACCESS_TOKEN: "ya29" }],
    ])("finds credentials in %s", (_, files, env) => {
        expect(missingOn(machine({ [PLUGIN]: "", ...files }, env))).toEqual([]);
    });

    it.each<[string, Record<string, string>, Machine["env"], string]>([
        [
            "a file that is not there",
            { [ADC]: USER },
            { GOOGLE_APPLICATION_CREDENTIALS: "/none.json" },
            "GOOGLE_APPLICATION_CREDENTIALS names /none.json, which cannot be read",
        ],
        ["a file of something else", { [ADC]: "{}" }, {}, `${ADC} has no credentials`],
        ["a broken file", { [ADC]: "{" }, {}, `${ADC} has no credentials`],
        ["an empty file", { [ADC]: "null" }, {}, `${ADC} has no credentials`],
        // The provider accepts it, the plugin does not.
        [
            "a token for the provider",
            {},
            { GOOGLE_OAUTH_ACCESS_TOKEN: "ya29" },
            "Set CLOUDSDK_AUTH_ACCESS_TOKEN to the same",
        ],
    ])("does not accept %s as credentials", (_, files, env, message) => {
        expect(missingOn(machine({ [PLUGIN]: "", ...files }, env))).toEqual([expect.stringContaining(message)]);
    });

    it("with Windows is searched in its own way", () => {
        const files = {
            "C:\\gcloud\\bin\\gke-gcloud-auth-plugin.exe": "",
            "C:\\me\\gcloud\\application_default_credentials.json": USER,
        };
        const env = { PATH: undefined, Path: "C:\\Windows;C:\\gcloud\\bin", APPDATA: "C:\\me" };
        expect(missingOn(machine(files, env, "win32"))).toEqual([]);
    });
});

describe("the check of this machine", () => {
    const engine = jest.spyOn(pulumi.runtime, "getEngine");
    const preview = jest.spyOn(pulumi.runtime, "isDryRun");
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();

    function check(options: { engine: boolean; preview: boolean }, on: Machine): void {
        engine.mockReturnValue(options.engine ? ({} as never) : undefined);
        preview.mockReturnValue(options.preview);
        warn.mockClear();
        checkMachine(on);
    }

    afterAll(() => {
        jest.restoreAllMocks();
    });

    it("ends an update with everything that is missing", () => {
        expect(() => {
            check({ engine: true, preview: false }, machine({}));
        }).toThrow(
            /Nothing was deployed\.\n {2}gke-gcloud-auth-plugin is not [^]*\n {2}there are no application-default/,
        );
    });

    it("only warns in a preview", () => {
        check({ engine: true, preview: true }, machine({ [ADC]: USER }));
        expect(warn.mock.calls).toEqual([[expect.stringMatching(/\n {2}gke-gcloud-auth-plugin is not on PATH/)]]);
    });

    it("says nothing if nothing is missing", () => {
        for (const inPreview of [true, false]) {
            check({ engine: true, preview: inPreview }, machine({ [PLUGIN]: "", [ADC]: USER }));
            expect(warn).not.toHaveBeenCalled();
        }
    });

    it("says nothing if the program is only rendered", () => {
        check({ engine: false, preview: false }, machine({}));
        expect(warn).not.toHaveBeenCalled();
    });
});
