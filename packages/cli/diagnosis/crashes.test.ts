import { ApiError } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import { isOwnIn } from "../stack/namespaces";
import { diagnose } from "./diagnosis";
import { cleanLines } from "./logLines";
import { type Problem, problemLines } from "./problem";

/* A9: pods that crash for a reason that only their log tells (istio/istio#44118, #46108, #55915). */

type Status = Record<string, unknown>;

/** A pod of reviews-v1 with a container in some state. */
function crashing(
    name: string,
    status: Status,
    { list = "containerStatuses", container = {}, labels = { app: "reviews" } } = {},
): KubernetesObject {
    const containers = list === "initContainerStatuses" ? "initContainers" : "containers";
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "reviews-v1-a-b", namespace: "default", labels },
        spec: { nodeName: "node-7", [containers]: [{ name, image: "example.com/an-image:1", ...container }] },
        status: { phase: "Pending", [list]: [{ name, ready: false, restartCount: 4, ...status }] },
    };
}

/** The state of a container that waits for its next start. */
const backOff = (exitCode = 1, reason = "Error"): Status => ({
    state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container" } },
    lastState: { terminated: { exitCode, reason } },
});

let cluster: FakeCluster;
beforeEach(() => {
    cluster = new FakeCluster();
});

async function problemOf(pod: KubernetesObject, log?: string | ApiError): Promise<Problem> {
    cluster.objects = [pod];
    if (log !== undefined) {
        cluster.log = (_, __, previous) => (previous ? log : new ApiError(400, "is waiting to start"));
    }
    const [problem] = await diagnose(cluster.api, isOwnIn("default"));
    return problem ?? { object: "none", why: "" };
}

describe("A9: a container that crashes", () => {
    it("shows the last lines of its previous log below the problem", async () => {
        const log = Array.from({ length: 9 }, (_, index) => `line ${index}`).join("\n");
        const problem = await problemOf(crashing("reviews", backOff(137)), log);
        expect(problemLines([problem])).toEqual([
            "  Pod default/reviews-v1-a-b: reviews CrashLoopBackOff: back-off 40s restarting failed container",
            "    reviews (Error, exit code 137) said last:",
            ...[4, 5, 6, 7, 8].map((line) => `    | line ${line}`),
        ]);
    });

    it.each([
        ["an init container", "istio-init", "initContainerStatuses", backOff()],
        ["a sidecar", "istio-proxy", "initContainerStatuses", backOff()],
        [
            "one that runs again, and is not ready",
            "reviews",
            "containerStatuses",
            {
                state: { running: {} },
                lastState: { terminated: { exitCode: 2 } },
            },
        ],
    ])("is found: %s", async (_, name, list, status) => {
        expect((await problemOf(crashing(name, status, { list }), "its words")).log).toContain("| its words");
    });

    it("that has ended, and does not start again, has its words in its own log", async () => {
        const asked: boolean[] = [];
        cluster.log = (_, __, previous) => {
            asked.push(previous);
            return "its words";
        };
        const ended = crashing("reviews", { state: { terminated: { exitCode: 3, reason: "Error" } } });
        expect((await problemOf(ended)).log).toEqual(["reviews (Error, exit code 3) said last:", "| its words"]);
        expect(asked).toEqual([false]);
    });

    it("is reported without a log if there is none, or the user may not read it", async () => {
        for (const refusal of [new ApiError(403, "pods/log is forbidden"), new ApiError(0, "no answer in 5 s")]) {
            const problem = await problemOf(crashing("reviews", backOff()), refusal);
            expect(problem.why).toContain("CrashLoopBackOff");
            expect(problem).not.toHaveProperty("log");
            expect(problem.remedy).toBeUndefined();
        }
    });

    it("shows what the kubelet says if it never began", async () => {
        const message = 'exec: "/bin/envoy": stat /bin/envoy: no such file or directory';
        const waiting = { reason: "RunContainerError", message };
        expect((await problemOf(crashing("reviews", { state: { waiting } }))).log).toContain(`| ${message}`);
    });

    it("is not asked for its log if it is well, or only waits", async () => {
        cluster.log = () => {
            throw new Error("asked");
        };
        const states = [
            { state: { running: {} } },
            { state: { waiting: { reason: "ContainerCreating" } } },
            { state: { waiting: { reason: "ImagePullBackOff" } } },
        ];
        for (const state of states) {
            expect(await problemOf(crashing("reviews", state))).not.toHaveProperty("log");
        }
    });

    it("does not make a diagnosis long: of many pods only some are asked", async () => {
        const asked = new Set<string>();
        cluster.log = (pod) => (asked.add(pod), "words");
        const pod = crashing("reviews", backOff());
        cluster.objects = Array.from({ length: 30 }, (_, index) => ({
            ...pod,
            metadata: { ...pod.metadata, name: `reviews-v1-a-${index}` },
        }));
        await diagnose(cluster.api, isOwnIn("default"));
        expect(asked.size).toBe(5);
    });
});

describe("A9: a known cause", () => {
    const inInit = { list: "initContainerStatuses" };

    it.each([
        ["xtables parameter problem: iptables-restore: unable to initialize table 'nat'"],
        [
            "iptables v1.8.7 (legacy): can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
        ],
        ["Warning: Extension REDIRECT revision 0 not supported, missing kernel module?"],
        ["iptables: No chain/target/match by that name."],
        ["modprobe: ERROR: could not insert 'ip_tables': Operation not permitted"],
        ["modprobe: FATAL: Module ip_tables not found in directory /lib/modules/5.4.17"],
        ["Couldn't load match `owner':No such file or directory"],
        ["iptables v1.8.4 (nf_tables): Could not fetch rule set generation id: Invalid argument"],
    ])("missing kernel modules, as on RHEL 8 and Oracle Linux: %s", async (line) => {
        // The line that tells is further up than the last five.
        const log = [
            line,
            "Error occurred at line: 1",
            "Try `iptables-restore -h'",
            "a",
            "b",
            "c",
            "exit status 2",
        ].join("\n");
        const { remedy = "", final, log: shown } = await problemOf(crashing("istio-init", backOff(), inInit), log);
        expect(remedy).toMatch(/node node-7 lacks modules.*modprobe .*xt_REDIRECT.*istio\.cni\.enabled/);
        expect(final).toBe(true);
        expect(shown).toContain(`| ${line}`);
        expect(shown).toHaveLength(6);
    });

    it.each([
        [
            "istio-init",
            "iptables v1.8.7 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)",
            /NET_ADMIN.*istio\.cni\.enabled/,
            true,
        ],
        [
            "istio-init",
            "error Command error output: Fatal: iptables-restore: Operation not permitted",
            /NET_ADMIN/,
            true,
        ],
        [
            "reviews",
            "exec /opt/microservices/run: exec format error",
            /example\.com\/an-image:1 is for another processor architecture than the node node-7/,
            true,
        ],
        ["istio-proxy", "write /etc/istio/proxy/x: no space left on device", /disk is full.*node-7/, false],
        [
            "istio-proxy",
            "error failed to create fsnotify watcher: too many open files",
            /inotify.*max_user_instances/,
            false,
        ],
        ["reviews", "listen tcp :9080: bind: address already in use", /Another process has a port of reviews/, false],
    ])("%s: %s", async (name, line, remedy, final) => {
        expect(await problemOf(crashing(name, backOff()), line)).toMatchObject({
            remedy: expect.stringMatching(remedy) as string,
            final,
        });
    });

    it.each([
        ["istio-proxy", { app: "reviews" }, "istio.proxy.resources.limits.memory"],
        ["istio-proxy", { app: "istio-ingressgateway" }, "istio.gateway.resources.limits.memory"],
        ["discovery", { app: "istiod" }, "istio.istiod.resources.limits.memory"],
    ])("too little memory: %s of %j", async (name, labels, key) => {
        const container = { resources: { limits: { memory: "64Mi" } } };
        const pod = crashing(name, backOff(137, "OOMKilled"), { container, labels });
        pod.metadata.namespace = labels.app === "reviews" ? "default" : "istio-system";
        const { remedy, final } = await problemOf(pod);
        expect(remedy).toContain(`Its limit is 64Mi: raise it. It is set by ${key}`);
        expect(final).toBe(true);
    });

    it("does not end the wait at the first accident, nor without a limit that somebody can raise", async () => {
        const once = { ...backOff(137, "OOMKilled"), restartCount: 1 };
        const container = { resources: { limits: { memory: "64Mi" } } };
        expect((await problemOf(crashing("reviews", once, { container }))).final).toBe(false);
        const { remedy, final } = await problemOf(crashing("reviews", backOff(137, "OOMKilled")));
        expect(remedy).toContain("node-7 has no memory left");
        expect(final).toBe(false);
    });

    it("is that of Istio's containers only if Istio's containers have it", async () => {
        const problem = await problemOf(crashing("reviews", backOff()), 'ERROR: table does not exist: "ratings"');
        expect(problem.remedy).toBeUndefined();
    });

    it("is not guessed: other words have no remedy, and do not end the wait", async () => {
        const problem = await problemOf(crashing("reviews", backOff()), "permission denied: /data/reviews.db");
        expect(problem.remedy).toBeUndefined();
        expect(problem.final).toBeUndefined();
    });
});

describe("A9: the lines of a log", () => {
    it("have no control characters, and are short", async () => {
        const log = "\u001b[31mred\u001b[0m\u0007\r\n\u202eabc\u0000d\u009b1m\n" + "x".repeat(5000);
        const { log: [, red, bidi, long = ""] = [] } = await problemOf(crashing("reviews", backOff()), log);
        expect([red, bidi]).toEqual(["| red", "| abc d"]);
        expect(long.length).toBeLessThan(210);
    });

    it.each([
        "DB_PASSWORD=hunter2",
        'level=error password="hunter2 with spaces"',
        '{"msg":"login","client_secret":"hunter2"}',
        '{\\"api_key\\":\\"hunter2\\"}',
        "connecting to postgres://admin:hunter2@db:5432/reviews",
        "starting with --token hunter2 --verbose",
        "starting with --db-password=hunter2",
        "Authorization: Bearer hunter2hunter2",
        "token: eyJhbGciOiJSUzI1NiJ9.hunter2hunter2.c2ln",
        "got eyJhbGciOiJSUzI1NiJ9.hunter2hunter2.c2ln from the server",
        "using key ghp_hunter2hunter2hunter2hunter2",
        "aws_secret_access_key = hunter2",
        "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
        "the key is hunter2Hunter2hunter2Hunter2hunter2X",
    ])("have no credential: %s", (line) => {
        expect(cleanLines(line).join("\n")).not.toMatch(/hunter2/i);
    });

    it("keep what tells the cause", () => {
        const lines = [
            "error Failed to execute: iptables-restore --noflush /tmp/iptables-rules-1667474058434835702.txt, exit status 2",
            "2026-11-29T22:00:00.123456Z\tinfo\tJWT policy is third-party-jwt",
            "pod reviews-v1-6c8f7d6bb4-abcde: image docker.io/istio/proxyv2@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ];
        expect(cleanLines(lines.join("\n"))).toEqual(lines.map((line) => line.replaceAll("\t", " ")));
    });
});
