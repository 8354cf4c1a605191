import { once } from "node:events";
import * as fs from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import * as path from "node:path";
import { rootCertificates } from "node:tls";
import { ISTIOD_WEBHOOK_PORT } from "../../../components/names";
import { pluralOf } from "../../../packages/cli/preflight/permissions";
import { pauseImage } from "../../../packages/sandbox/node/containerd";
import { live } from "../../../packages/sandbox/paths";
import { toolchainFiles } from "../../../packages/sandbox/toolchain/toolchain";
import { coldStart, get, kubectl, npmRun, pageIn, poll, runCommand, sandboxInit } from "../commands";
import { create, Deployer, folder, kubeconfigWith, runCommandsOf, TIMEOUT, type TestedStrategy } from "./deployer";
import { nothingDeployed } from "../sharedSandbox";

const ADMISSION = "admissionregistration.k8s.io/v1";
const NEW_DEPLOYMENTS = {
    apiGroups: ["apps"],
    apiVersions: ["v1"],
    operations: ["CREATE"],
    resources: ["deployments"],
};

/** How long helm waits for pods or an address that never come, in seconds: the least that the config allows. */
const IN_VAIN = 30;

const gatewayService = ["service", "istio-ingressgateway", "--namespace", "istio-system"];

const othersPod = { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image: pauseImage }] };

/** What somebody else has in the namespace `default`: pods that come back, and one on the network of the node. */
const OTHERS = [
    {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { name: "others", namespace: "default" },
        spec: {
            selector: { matchLabels: { app: "others" } },
            serviceName: "others",
            template: { metadata: { labels: { app: "others" } }, spec: othersPod },
        },
    },
    {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "others-on-the-node", namespace: "default", labels: { app: "others" } },
        spec: { ...othersPod, hostNetwork: true },
    },
];

/** The names, UIDs and phases of their pods. */
function othersPods(): Promise<string> {
    const line = "{range .items[*]}{.metadata.name} {.metadata.uid} {.status.phase};{end}";
    return kubectl("get", "pods", "--namespace", "default", "--selector=app=others", "--output", `jsonpath=${line}`);
}

/** Closes a port of pods to the processes of the node, the API server among them, or opens it again. */
async function filterPort(port: number, action: "--insert" | "--delete"): Promise<void> {
    const iptables = path.join(toolchainFiles.iptablesBin, "iptables");
    // After the table `filter`, in which the controller of NetworkPolicies lets the node in.
    const rule = ["POSTROUTING", "--protocol", "tcp", "--dport", String(port), "--jump", "DROP"];
    const inNode = ["--target", String(sandboxInit()), "--net", "--", iptables, "--table", "mangle"];
    expect(await runCommand("nsenter", [...inNode, action, ...rule])).toMatchObject({ code: 0 });
}

/** Waits until the API server applies a new policy or webhook, which takes a moment. */
async function waitUntilRejected(): Promise<void> {
    const attempt = ["create", "deployment", "istiod", "--image=example.com/a", "--dry-run=server"];
    const isRejected = () =>
        kubectl(...attempt).then(
            () => false,
            () => true,
        );
    await poll(isRejected, Boolean, { interval: 500 });
}

/**
 * The documented failures, one by one, on a real cluster. Each run fails for one reason. The test repairs it as the message
 * says, so that the next run gets further, until the page is served.
 */
export function describeFailures(strategy: TestedStrategy): void {
    const deployer = new Deployer(strategy);

    let others: string;
    /** What the first deployment says that its user may not do. */
    let permissions: string;

    beforeAll(async () => {
        await nothingDeployed();
        await create(...OTHERS);
        others = await poll(othersPods, (pods) => (pods.match(/Running/g) ?? []).length === 2);
    }, coldStart);

    afterAll(async () => {
        await deployer.remove();
        // In the foreground, so that nothing of them is left for the next file.
        const gone = ["--namespace", "default", "--cascade=foreground"];
        await kubectl("delete", "statefulset/others", "pod/others-on-the-node", "serviceaccount/limited", ...gone);
        await runCommandsOf(permissions, /kubectl delete clusterrolebinding/);
    }, 300_000);

    describe("the connection to the cluster", () => {
        it("is refused because nothing listens at the address", async () => {
            deployer.kubeconfig = kubeconfigWith({ server: "https://127.0.0.1:1" });
            const message = await deployer.expectFailure(2);
            expect(message).toMatch(
                /context "bookinfo-mesh" \(https:\/\/127\.0\.0\.1:1\) does not answer: .*ECONNREFUSED/,
            );
            expect(message).toContain("Is it running");
        }, 60_000);

        it("gets no answer", async () => {
            const silent = createServer(() => undefined).listen(0, "127.0.0.1");
            await once(silent, "listening");
            deployer.kubeconfig = kubeconfigWith({
                server: `https://127.0.0.1:${(silent.address() as AddressInfo).port}`,
            });
            try {
                expect(await deployer.expectFailure(15)).toContain("does not answer: no answer in 15 s");
            } finally {
                silent.close();
            }
        }, 60_000);

        it("reaches a server whose certificate the kubeconfig does not trust", async () => {
            deployer.kubeconfig = kubeconfigWith({ ca: rootCertificates[0] });
            const message = await deployer.expectFailure(2);
            expect(message).toContain("shows a certificate that the kubeconfig does not trust");
        }, 60_000);

        it("uses expired credentials", async () => {
            const claims = Buffer.from(JSON.stringify({ iss: "kubernetes/serviceaccount", exp: 1_700_000_000 }));
            const header = Buffer.from(JSON.stringify({ alg: "RS256" })).toString("base64url");
            deployer.kubeconfig = kubeconfigWith({ token: `${header}.${claims.toString("base64url")}.c2lnbmF0dXJl` });
            const message = await deployer.expectFailure(2);
            expect(message).toContain("refuses the credentials");
            expect(message).toContain("The token expired at 2023-11-14T22:13:20Z. Get a new one");
        }, 60_000);
    });

    describe("before anything is deployed", () => {
        it("permissions are missing", async () => {
            await kubectl("--namespace", "default", "create", "serviceaccount", "limited");
            const token = (await kubectl("--namespace", "default", "create", "token", "limited")).trim();
            deployer.kubeconfig = kubeconfigWith({ token });

            const message = await deployer.expectFailure(5);
            expect(message).toContain(
                '"system:serviceaccount:default:limited" of context "bookinfo-mesh" lacks permissions:',
            );
            // The message must name every kind that would be deployed, with those of the charts.
            const rendered = path.join(folder, "rendered");
            expect(await npmRun("render", "--manifests", "--stack", strategy.stack, "--out", rendered)).toMatchObject({
                code: 0,
            });
            const manifests = fs.readdirSync(rendered).filter((file) => file.endsWith(".yaml"));
            const kinds = manifests.flatMap((file) =>
                [...fs.readFileSync(path.join(rendered, file), "utf8").matchAll(/^kind: (\S+)$/gm)].map(
                    ([, kind]) => kind,
                ),
            );
            expect(kinds).toContain("VirtualService");
            expect(kinds).toContain("ClusterRole");
            for (const kind of new Set(kinds)) {
                expect(message).toMatch(new RegExp(`^ {2}${pluralOf(kind ?? "")}(?:\\.\\S+)?: .*create`, "m"));
            }
            expect(message).toMatch(/^ {2}customresourcedefinitions\.apiextensions\.k8s\.io: .*create.*whole cluster/m);
            expect(message).not.toContain(token);
            // From here on, everything is deployed by a user with these permissions alone, and removed in the end.
            await runCommandsOf(message, /kubectl apply/);
            permissions = message;
        }, 60_000);

        it("an old namespace is still being deleted", async () => {
            const metadata = { name: "stays", namespace: "istio-system", finalizers: ["example.com/stays"] };
            await kubectl("create", "namespace", "istio-system");
            await create({ apiVersion: "v1", kind: "ConfigMap", metadata });
            await kubectl("delete", "namespace", "istio-system", "--wait=false");

            const message = await deployer.expectFailure(30);
            expect(message).toContain("the namespace istio-system is being deleted");
            expect(message).toContain("example.com/stays in 1 resource instances");
            await runCommandsOf(message, /kubectl .*get namespace istio-system/);
            // The end of the controller that has set it.
            const free = ["--type=merge", "--patch", '{"metadata":{"finalizers":null}}'];
            await kubectl("--namespace", "istio-system", "patch", "configmap", "stays", ...free);
        }, 90_000);

        it("the cluster has CRDs of another Istio", async () => {
            await kubectl("create", "--filename", path.join(live.charts, "base", "files", "crd-all.gen.yaml"));
            const message = await deployer.expectFailure(5);
            expect(message).toMatch(
                /CRDs of another Istio are in this cluster.*\n {2}\S+\.istio\.io, .* more \(not by Helm\)/,
            );
            await runCommandsOf(message, /kubectl .*(?:label|annotate)/);
        }, 60_000);

        it("the cluster has another Istio", async () => {
            await kubectl("create", "namespace", "another");
            await kubectl(
                "--namespace",
                "another",
                "create",
                "deployment",
                "istiod",
                "--image=example.com/a",
                "--replicas=0",
            );
            const message = await deployer.expectFailure(5);
            expect(message).toContain("another Istio is installed in this cluster");
            expect(message).toContain("Deployment another/istiod (not by Helm)");
            await kubectl("delete", "namespace", "another");
        }, 60_000);
    });

    describe("during the deployment", () => {
        it("the chart repository does not answer", async () => {
            const message = await deployer.expectFailure(10, { chartRepository: "https://127.0.0.1:1/charts" });
            expect(message).toContain(
                '"https://127.0.0.1:1/charts" is not a valid chart repository or cannot be reached',
            );
            expect(message).toContain("istio.chartRepository sets it");
            // The first deployment says what it does to others.
            expect(deployer.output).toMatch(/whatever restarts in it gets a sidecar.*\(StatefulSet default\/others\)/);
        }, 60_000);

        it("a policy refuses an object", async () => {
            const metadata = { name: "no-istiod" };
            await create(
                {
                    apiVersion: ADMISSION,
                    kind: "ValidatingAdmissionPolicy",
                    metadata,
                    spec: {
                        matchConstraints: { resourceRules: [NEW_DEPLOYMENTS] },
                        validations: [{ expression: "object.metadata.name != 'istiod'", message: "no istiod here" }],
                    },
                },
                {
                    apiVersion: ADMISSION,
                    kind: "ValidatingAdmissionPolicyBinding",
                    metadata,
                    spec: { policyName: "no-istiod", validationActions: ["Deny"] },
                },
            );
            await waitUntilRejected();
            const message = await deployer.expectFailure(20);
            expect(message).toContain("no istiod here");
            expect(message).toContain(
                "Ask the owner of the policy to exempt the namespace (kubectl get validatingadmissionpolicy no-istiod",
            );
            await kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", "no-istiod");
        }, 90_000);

        it("a webhook's server does not answer", async () => {
            const webhook = {
                name: "absent.example.com",
                clientConfig: { url: "https://127.0.0.1:1/validate" },
                rules: [NEW_DEPLOYMENTS],
                failurePolicy: "Fail",
                sideEffects: "None",
                admissionReviewVersions: ["v1"],
            };
            const metadata = { name: "absent" };
            await create({
                apiVersion: ADMISSION,
                kind: "ValidatingWebhookConfiguration",
                metadata,
                webhooks: [webhook],
            });
            await waitUntilRejected();
            const message = await deployer.expectFailure(TIMEOUT + 10);
            expect(message).toContain('failed calling webhook "absent.example.com"');
            expect(message).toMatch(/ValidatingWebhookConfiguration absent.*Ask the people who run/);
            await kubectl("delete", "validatingwebhookconfiguration", "absent");
        }, 120_000);

        it("a quota is exceeded", async () => {
            await kubectl("--namespace", "istio-system", "create", "quota", "tiny", "--hard=pods=0");
            const message = await deployer.expectFailure(strategy.failsEarly ? 45 : TIMEOUT + 10);
            if (strategy.failsEarly) {
                expect(message).toContain("waiting will not repair this");
            }
            expect(message).toMatch(/Deployment istio-system\/istiod: pods "istiod-.*exceeded quota: tiny/);
            expect(message).toContain("Raise the ResourceQuota tiny");
            await kubectl("--namespace", "istio-system", "delete", "quota", "tiny");
        }, 90_000);

        it("an image cannot be pulled", async () => {
            const message = await deployer.expectFailure(IN_VAIN + 10, { timeout: IN_VAIN, tag: "1.31.0-missing" });
            expect(message).toMatch(/Pod istio-system\/istiod-.*: discovery (?:ErrImagePull|ImagePullBackOff)/);
            expect(message).toMatch(/\S+\/pilot:1\.31\.0-missing is set by istio\.hub, istio\.tag/);
        }, 90_000);

        it("no node has enough CPU", async () => {
            const message = await deployer.expectFailure(IN_VAIN + 10, {
                timeout: IN_VAIN,
                istiod: { resources: { requests: { cpu: "500" } } },
            });
            expect(message).toMatch(/Pod istio-system\/istiod-.*: 0\/1 nodes are available: 1 Insufficient cpu/);
            // This user may not see what the nodes have left.
            expect(message).toMatch(/requests 500 CPU and 100 MiB\. Add a node.*istio\.istiod\.resources/);
        }, 90_000);

        const deployAndGetPage = async () => {
            const { code, output } = await deployer.up();
            expect({ code, output }).toMatchObject({ code: 0 });
            expect(await get(pageIn(output))).toMatchObject({ status: 200 });
        };

        // Once is enough for the message: it takes as long as the release may.
        if (strategy.failsEarly) {
            it("A1: the API server does not reach istiod, which runs", async () => {
                await filterPort(ISTIOD_WEBHOOK_PORT, "--insert");
                const message = await deployer
                    .expectFailure(IN_VAIN + 20, { timeout: IN_VAIN })
                    .finally(() => filterPort(ISTIOD_WEBHOOK_PORT, "--delete"));
                expect(message).toMatch(
                    /istio-ingressgateway: .*failed calling webhook ".*sidecar-injector\.istio\.io"/,
                );
                expect(message).toContain("istiod runs, but the API server does not reach it on TCP 15017");
                expect(message).not.toMatch(/\bdelete\b/);
            }, 90_000);
        }

        it("nothing fails any more: the page is served", deployAndGetPage, 120_000);

        it("A2: pods of others in the same namespace are a note, and are as they were", async () => {
            // The user may deploy, and not look into the mesh yet.
            const refused = await deployer.verify();
            expect(refused).toMatchObject({ code: 1 });
            await runCommandsOf(refused.output, /kubectl apply/);
            const { code, stdout } = await deployer.verify();
            expect({ code, stdout }).toMatchObject({ code: 0 });
            const { checks } = JSON.parse(stdout) as { checks: { name: string; found: string; remedy?: string }[] };
            expect(checks.find(({ name }) => name === "sidecars")).toMatchObject({
                status: "ok",
                found: "6 of 6 pods in default; 2 other pods in default are outside the mesh",
            });
            expect(await othersPods()).toEqual(others);
        }, 60_000);

        it("no load balancer offers the requested address", async () => {
            const spec = { loadBalancerIP: "203.0.113.1" };
            // helm may look before the old address is taken away, and be content with it. So it is taken away first.
            await kubectl("patch", ...gatewayService, "--type=merge", "--patch", JSON.stringify({ spec }));
            await poll(
                () => kubectl("get", ...gatewayService, "--output", "jsonpath={.status.loadBalancer}"),
                (status) => status === "{}",
            );
            const message = await deployer.expectFailure(IN_VAIN + 10, {
                timeout: IN_VAIN,
                values: { gateway: { service: spec } },
            });
            expect(message).toContain(
                "Service istio-system/istio-ingressgateway: has no external address; does the cluster have load balancers",
            );
            expect(message).toContain("MetalLB");
        }, 90_000);

        it("nothing fails again: the setting of the failed upgrade is gone", async () => {
            await deployAndGetPage();
            expect(await kubectl("get", ...gatewayService, "--output", "jsonpath={.spec.loadBalancerIP}")).toBe("");
        }, 120_000);
    });
}
