import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { CNI_DAEMON_SET, ISTIO_NAMESPACE, STACK_ANNOTATION } from "../../components/names";
import { POD_SECURITY_LABEL } from "../../components/platform";
import { CAUSES } from "../../packages/cli/diagnosis/crashes";
import { failedCallIn } from "../../packages/cli/diagnosis/failedCall";
import { REFUSALS } from "../../packages/cli/diagnosis/refusals";
import { callRemedy, callVerdict } from "../../packages/cli/diagnosis/webhooks";
import { PLATFORMS } from "../../packages/cli/mesh/platform";
import { readDefinitions, readFacts } from "../../packages/cli/preflight/clusterFacts";
import { checkFit } from "../../packages/cli/preflight/fit";
import { refuseForeignReleases } from "../../packages/cli/preflight/foreignReleases";
import { otherIstio } from "../../packages/cli/preflight/otherIstio";
import { refuseTakenNames } from "../../packages/cli/preflight/takenNames";
import { refuseForeignMesh, refuseLostState } from "../../packages/cli/recovery/ownership";
import { stackOf } from "../../packages/cli/testing/stack";
import type { KubernetesObject } from "../../packages/kubernetes/object";
import { deployment, FakeCluster, pod } from "../../packages/kubernetes/testing/fakeCluster";
import { chooseLeftovers } from "../../packages/leftovers/leftovers";

/*
 * Nobody who does what this program says may harm others on the same cluster. Each text of the sources and of the documents with a word
 * that takes something away, or changes it, is listed below, with what it is about. A new one fails, until somebody has looked at it.
 */

const ROOT = path.resolve(__dirname, "../..");

/** Words of commands and of advice that take something away, or change it. */
const VERB =
    /(?<![\w./-])(?:delete|remove|uninstall|purge|prune|patch|drain|cordon|taint|evict|kill|rm|destroy|replace|scale|rollout|annotate|label|unset|edit|--force|--force-conflicts|--grace-period|--overwrite|--cascade|finalizers)(?![\w(:./-])/i;

/** Rooms without advice about a user's cluster: builds, benchmarks on the sandbox, and a server that draws. */
const ELSEWHERE = /^packages\/(?:bench|compile|servicegraph)\//;

/** Texts with such a word, by file. `…` stands for a value. */
const NO_ADVICE: Record<string, string[]> = {
    "components/addons/scrapeConfig.ts": ["replace"],
    "config/clusterSchema.ts": ["it is not a key for a label", "it is not a value for a label"],
    "config/crossFieldChecks.ts": ["the profile … does not scale"],
    "config/hosts.ts": ["a wildcard is a whole first label, as in *.example.com"],
    "config/helmValueChecks.ts": [
        "the injection label selects no revision",
        "the pods are found by this label",
        "the pods and their traces are found by this label",
        "it is not an object, and would replace ours",
    ],
    "config/platformSchema.ts": [
        "it is not a key for a label",
        "it is not a value for a label",
        "this label is not yours to set",
    ],
    "packages/cli/engine/pulumiStack.ts": ["destroy", "rm", "--force"],
    "packages/cli/mesh/platform.ts": ["label"],
    "packages/cli/preflight/nodes.ts": [
        "A pod that is placed there does not start. A taint on these nodes keeps pods without a toleration away.",
    ],
    "packages/cli/preflight/permissions.ts": ["patch", "delete"],
    "packages/cli/preflight/sharedNamespace.ts": [
        "The namespace … gets the label …=…: whatever restarts in it gets a sidecar, also what is not part of",
    ],
    "packages/cli/recovery/snapshot.ts": ["Patch"],
    "packages/cli/render/step.ts": ["patch"],
    "packages/cli/render/steps.ts": [":…Patch", "patch"],
    "packages/cli/rendered/identity.ts": ["patch"],
    "packages/cli/rendered/inventory.ts": ["patch"],
    "packages/cli/rendered/steps.ts": ["patch"],
    "packages/cli/verify/mutualTls.ts": ["UNSET"],
    "packages/cli/verify/sidecars.ts": ["Namespace … has no label …=…", "kept out of the mesh by the label …=false: …"],
    "packages/leftovers/google.ts": ["DELETE"],
    "packages/kubernetes/api.ts": ["PATCH", "DELETE"],
    "packages/kubernetes/helm.ts": ["uninstall"],
    "packages/kubernetes/portForward.ts": ["drain"],
    "packages/policy/rules/nodes.ts": [
        "Nodes run as a dedicated service account. The default one may edit the whole project.",
    ],
    "packages/policy/rules/pods.ts": [
        "Pods have the label `app`, by which Istio's metrics, Kiali and the dashboards distinguish workloads.",
    ],
    "packages/sandbox/cli.ts": ["remove the cluster: processes, mounts, interfaces and files; the cache stays"],
    "packages/sandbox/controlPlane/roles.ts": ["patch"],
    "packages/sandbox/loadBalancer/main.ts": ["delete"],
    "packages/sandbox/network.ts": ["link delete …"],
    "packages/sandbox/up.ts": ["Remove Go's caches"],
};

/** Advice that takes away or changes, by file: what it is about belongs to the stack, to its state or to its config. */
const ABOUT_OWN: Record<string, [what: string, ...texts: string[]][]> = {
    "config/clusterSchema.ts": [
        [
            "the stack's cluster",
            "Whether the cluster is protected from deletion. To delete it, first run pulumi up with false.",
        ],
    ],
    "config/gatewayChecks.ts": [
        [
            "a key of the stack's config",
            "Run: pulumi config rm --path …",
            "Run: pulumi config set --path … …, or remove it",
        ],
    ],
    "config/issues.ts": [["a key of the stack's config", "Run: pulumi config rm --path …"]],
    "config/userInfo.ts": [
        [
            "a key of the stack's config",
            "Take them out, or remove the key. ….",
            "… Then replace the password, because it has been in a file.",
        ],
    ],
    "packages/cli/engine/plainCredentials.ts": [
        [
            "passwords in the stack's config",
            "Encrypt them, and replace the passwords, because they have been in a file:",
        ],
    ],
    "packages/cli/preflight/platform.ts": [
        ["a key of the stack's config", "Remove istio.platform from …, or deploy to another cluster."],
    ],
    "packages/cli/deployment/pulumiStrategy.ts": [
        ["what the state has outside of a cluster that is gone", "\\`pulumi destroy --stack …\\` remove the rest."],
    ],
    "packages/cli/diagnosis/silence.ts": [
        [
            "an annotation in the stack's config",
            "connect this machine to that network, or remove the annotation (istio.gateway.service.annotations)",
        ],
    ],
    "packages/cli/deployment/undo.ts": [
        ["the stack", "If you deployed it with \\`pulumi up\\`, remove it with \\`pulumi destroy --stack …\\`."],
    ],
    "packages/cli/engine/pulumiStack.ts": [["the stack's state, which has no cluster", "… … stack rm … --force"]],
    "packages/cli/preflight/existingNamespaces.ts": [
        [
            "a namespace that the stack has created, in the stack's config",
            "and would delete it with everything in it. Nothing was changed. Take it off the list.",
        ],
    ],
    "packages/cli/recovery/ownership.ts": [
        [
            "the mark of a stack of this program that is gone; the message has its users asked first",
            "cluster, take its mark away:\\n  … annotate namespace … …-",
        ],
    ],
    "packages/cli/preflight/otherIstio.ts": [
        [
            "marks for Helm on CRDs of an Istio whose release is gone; the message has its users asked first",
            "… label --overwrite crd … app.kubernetes.io/managed-by=Helm",
            "… annotate --overwrite crd … …=… …=…",
        ],
    ],
    "packages/cli/recovery/lock.ts": [
        [
            "a lock of the stack",
            "rm …",
            "Run this again after that has ended. If you know that its machine, its container or the process is gone, remove its lock:",
        ],
    ],
    "packages/cli/stack/record.ts": [
        ["a file of this clone", "…, the record of what was deployed, is damaged; remove it to start again"],
    ],
    "packages/cli/stack/stack.ts": [
        [
            "the stack",
            'stack "…" makes its own cluster on Google Cloud: deploy it with \\`pulumi up --stack …\\` and remove it',
            "with \\`pulumi destroy --stack …\\`. To look at it with verify, load or dashboard, run what",
        ],
    ],
    "packages/cli/verify/objects.ts": [["a Deployment of the program", "… scale … --replicas 1"]],
    "packages/cli/verify/page.ts": [["Bookinfo's Deployments", "… --namespace … scale deployment … --replicas 1"]],
    "packages/cli/verify/sidecars.ts": [
        [
            "Bookinfo's Deployments",
            "replace the pods, because new ones get a sidecar: …",
            "… rollout restart deployment …",
        ],
    ],
    "packages/leftovers/leftovers.ts": [["the rest of a stack whose cluster is gone", "pulumi destroy"]],
    "packages/leftovers/network.ts": [
        ["the stack", "Google has left … in …, and has not deleted it in … minutes. Run pulumi destroy again."],
    ],
    "packages/policy/rules/labels.ts": [
        ["a resource of the stack", "Set the label \\`…\\` in …, or in the stack's config."],
    ],
    "packages/policy/rules/loadBalancers.ts": [
        [
            "an Ingress of the stack",
            "Replace the Ingress, which gets its own address, by a Gateway and a VirtualService.",
        ],
    ],
    "packages/policy/rules/pods.ts": [
        [
            "pods of the stack",
            "Replace the hostPath of volume …: it is a folder of the node.",
            "Set the label `app` on the pods.",
        ],
    ],
    "packages/cli/preflight/grant.ts": [
        [
            "what an administrator has granted by the command above it",
            "kubectl delete clusterrolebinding,clusterrole … --ignore-not-found",
            "kubectl delete rolebinding,role … --ignore-not-found --namespace …",
        ],
    ],
    "packages/policy/rules/rbac.ts": [
        [
            "a role of the stack",
            'Replace "*" in rules[…].… by what is needed.',
            "Replace cluster-admin by a role with the permissions that are needed.",
        ],
    ],
    "packages/policy/rules/services.ts": [
        [
            "a Gateway of the stack",
            "Replace the Gateway by one of networking.istio.io, which uses the ingress gateway.",
        ],
    ],
    "packages/sandbox/start.ts": [
        ["the sandbox", "another version of this clone started the sandbox; remove it first: …"],
    ],
};

/** Commands of the documents, by file. */
const IN_DOCUMENTS: Record<string, [what: string, ...commands: string[]][]> = {
    "README.md": [
        [
            "the stack",
            "pulumi destroy",
            "pulumi destroy                          # with the Pulumi CLI alone; run it in this folder, after npm ci",
        ],
    ],
    "docs/architecture.md": [
        ["the stack", "pulumi destroy"],
        [
            "a drawing",
            'label["NamespacePatch default<br/>istio-injection=enabled"]',
            "label --> istiod",
            "workloads --> label",
        ],
    ],
    "docs/benchmarks.md": [
        ["the stack", "pulumi destroy"],
        ["the script that is measured, on the sandbox", "kubectl label namespace default istio-injection=enabled"],
    ],
    "docs/ci.md": [["the stack", "pulumi destroy"]],
    "docs/gke.md": [["the stack", "pulumi destroy"]],
    "docs/security.md": [["the stack", "pulumi destroy"]],
    "docs/troubleshooting.md": [
        ["the stack", "pulumi destroy"],
        [
            "the program's Deployments and releases",
            "kubectl rollout restart deployment istiod istio-ingressgateway --namespace istio-system",
            "helm uninstall --namespace istio-system NAME",
        ],
    ],
    "packages/leftovers/README.md": [["the stack", "pulumi destroy"]],
    "packages/sandbox/README.md": [
        ["the sandbox", "npm run sandbox -- down            # remove everything but the cache"],
    ],
};

describe("what takes away or changes", () => {
    it("is in the sources only about what the stack owns", () => {
        const sources = ["index.ts", ...["components", "config", "packages"].flatMap(sourcesIn)];
        const found = sources
            .filter((file) => !ELSEWHERE.test(file))
            .map((file) => [file, textsWithVerb(readFileSync(path.join(ROOT, file), "utf8"))] as const)
            .filter(([, texts]) => texts.length > 0);
        const files = new Set([...Object.keys(NO_ADVICE), ...Object.keys(ABOUT_OWN)]);
        const listed = [...files].map(
            (file) => [file, [...(NO_ADVICE[file] ?? []), ...texts(ABOUT_OWN[file])]] as const,
        );
        expect(sorted(found)).toEqual(sorted(listed));
    });

    it("is in the documents only about what the stack owns", () => {
        const documents = [
            ...["README.md", "CONTRIBUTING.md"],
            ...readdirSync(path.join(ROOT, "docs")).map((file) => `docs/${file}`),
            ...readdirSync(path.join(ROOT, "packages")).map((room) => `packages/${room}/README.md`),
        ].filter((file) => file.endsWith(".md"));
        const found = documents
            .map((file) => [file, commandsWithVerb(readFileSync(path.join(ROOT, file), "utf8"))] as const)
            .filter(([, commands]) => commands.length > 0);
        expect(sorted(found)).toEqual(sorted(Object.entries(IN_DOCUMENTS).map(([file, list]) => [file, texts(list)])));
    });

    it.each([
        ["`kubectl delete pod ${name}`", "kubectl delete pod …"],
        ['`${kubectl} delete crd ${names.join(" ")}`', "… delete crd …"],
        ['["Ask, or run", "  helm uninstall istiod"]', "helm uninstall istiod"],
        ['`run ${ok ? "kubectl delete ns x" : ""}`', "kubectl delete ns x"],
        [
            "`Two lines:\n  ${kubectl} label namespace default istio-injection-`;",
            "… label namespace default istio-injection-",
        ],
        ["const verb = 'delete';", "delete"],
        ['"…finalizers", "--force"', "--force"],
    ])("would be found: %s", (source, text) => {
        expect(textsWithVerb(source)).toContain(text);
    });

    it("is not in comments, names of methods, or words that contain it", () => {
        expect(textsWithVerb('/** kubectl delete */\napi.delete(x); // "delete"\nsay("is deleted, removed");')).toEqual(
            [],
        );
    });
});

/** What nobody may be told to do with something of others, in a text as users see it. */
const HARM =
    /\b(?:delete|uninstall|purge|patch|drain|--force)\b|failurePolicy|"finalizers":null|\blabel [^\n]*[\w/]-(?:\s|$)/i;

describe("a remedy as users see it", () => {
    const cluster = new FakeCluster();
    const api = cluster.api;
    const messageOf = (result: Promise<unknown>) =>
        result.then(
            (value) => value as string | undefined,
            (error: unknown) => (error as Error).message,
        );
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: ISTIO_NAMESPACE, uid: "theirs" } };

    it("harms nobody: refusals, webhooks, crashes", () => {
        const crash = {
            pod: pod("n", "p", {}, { c: true }),
            container: "istio-init",
            image: "",
            end: {},
            restarts: 9,
            waits: true,
        };
        const urls = [
            "istiod.istio-system.svc:443/inject",
            "istiod-canary.istio-system.svc",
            "guard.policies.svc",
            "example.com",
        ];
        const webhooks = ["namespace.sidecar-injector.istio.io", "rev.validation.istio.io", "policy.example.com"];
        const reasons = [
            "context deadline exceeded",
            "EOF",
            "Service Unavailable",
            "x509: unknown",
            "no endpoints available",
        ];
        const calls = webhooks.flatMap((name) =>
            urls.flatMap((url) =>
                reasons.flatMap(
                    (reason) =>
                        failedCallIn(`failed calling webhook "${name}": Post "https://${url}": ${reason}`) ?? [],
                ),
            ),
        );
        const ways = [...PLATFORMS.flatMap(({ way }) => way ?? []), undefined];
        const verdicts = calls.flatMap((call) =>
            ways.flatMap((way) =>
                [deployment(ISTIO_NAMESPACE, "istiod"), undefined].map((istiod) => {
                    const facts = {
                        istiod,
                        configurations: [],
                        controlPlane: { way, proxied: false },
                        kubectl: "kubectl",
                    };
                    return callVerdict(call, facts).remedy;
                }),
            ),
        );
        expect(verdicts.length).toBe(480);
        const remedies = [
            ...REFUSALS.map(([, remedy]) => remedy),
            ...CAUSES.map(({ remedy }) => remedy(crash)),
            ...calls.map(callRemedy),
            ...verdicts,
        ];
        expect([...new Set(remedies)].filter((remedy) => HARM.test(remedy ?? ""))).toEqual([]);
    });

    it("harms nobody: another Istio, its releases, its CRDs, and what stays of ours", async () => {
        const crd: KubernetesObject = {
            apiVersion: "apiextensions.k8s.io/v1",
            kind: "CustomResourceDefinition",
            metadata: { name: "gateways.networking.istio.io" },
        };
        const istiod = deployment("other", "istiod");
        const labels = { owner: "helm", name: "istiod", version: "1", status: "deployed" };
        const secret = {
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: "r", namespace: ISTIO_NAMESPACE, labels },
        };
        const annotations = { "meta.helm.sh/release-name": "r", "meta.helm.sh/release-namespace": "n" };
        const byHelm = { ...deployment(ISTIO_NAMESPACE, "grafana") };
        byHelm.metadata = { ...byHelm.metadata, annotations };
        const used = {
            ...namespace,
            metadata: { ...namespace.metadata, annotations: { [STACK_ANNOTATION]: "other" } },
        };
        const messages: (string | undefined)[] = [];
        for (const objects of [[crd], [istiod], [secret], [namespace], [byHelm], [used]]) {
            cluster.objects = objects;
            messages.push(
                await messageOf(otherIstio(api, await readDefinitions(api))),
                await messageOf(refuseForeignReleases("mine", api)),
                await messageOf(refuseForeignMesh("mine", "ours", api, "forget it")),
                await messageOf(refuseLostState("mine", "file://~", api, { forget: "forget it" })),
                await messageOf(refuseTakenNames(stackOf(), api, () => false)),
            );
        }
        const gateway = { apiVersion: "networking.istio.io/v1", kind: "Gateway", metadata: { name: "theirs" } };
        const left = { definitions: [crd], written: [], inUse: [gateway], controlPlanes: [] };
        messages.push(chooseLeftovers(left, "kubectl").notice);
        const plugin = { ...deployment("kube-system", CNI_DAEMON_SET), kind: "DaemonSet" };
        const file = { config: { "bookinfo-mesh:istio": { cni: { enabled: true } } } };
        const stack = stackOf({ file, existingNamespaces: [ISTIO_NAMESPACE] });
        const fields = { "f:metadata": { "f:labels": { [`f:${POD_SECURITY_LABEL}`]: {} } } };
        const theirs = {
            ...namespace,
            metadata: {
                ...namespace.metadata,
                labels: { [POD_SECURITY_LABEL]: "restricted" },
                managedFields: [{ manager: "theirs", fieldsV1: fields }],
            },
        };
        cluster.objects = [theirs, plugin];
        const findings = await checkFit({ stack, api }, await readFacts(api, stack));
        messages.push(...findings.map(({ text }) => text));
        const said = messages.filter((message) => message !== undefined);
        expect(said).toHaveLength(11);
        expect(said.filter((message) => HARM.test(message))).toEqual([]);
    });

    it("would be refused if it harmed", () => {
        const harmful = [
            "kubectl delete mutatingwebhookconfiguration istio-sidecar-injector",
            "helm uninstall istiod",
            'kubectl patch KIND NAME --patch \'{"metadata":{"finalizers":null}}\'',
            "kubectl label namespace default istio-injection-",
            "set its failurePolicy to Ignore",
        ];
        expect(harmful.filter((text) => !HARM.test(text))).toEqual([]);
    });
});

/** The string literals of a source that have such a word, with `…` for each value. Comments do not count. */
function textsWithVerb(source: string): string[] {
    const found: string[] = [];
    let inTemplate = false;
    for (const line of source.replace(/\/\*[^]*?\*\//g, "").split("\n")) {
        const code = line.replace(/(^|\s)\/\/ .*$/, "");
        if (inTemplate) {
            found.push(...partsOf(code.split("`")[0] ?? ""));
        } else if (!/^\s*import\b|\bfrom "/.test(code)) {
            const literals = code.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`?/g) ?? [];
            found.push(...literals.flatMap((literal) => partsOf(literal.slice(1).replace(/["'`]$/, ""))));
        }
        if ((code.match(/(?<!\\)`/g) ?? []).length % 2 === 1) {
            inTemplate = !inTemplate;
        }
    }
    return [...new Set(found.map((text) => text.trim()).filter((text) => VERB.test(text)))];
}

/** A literal without its values, and the literals in these. */
function partsOf(literal: string): string[] {
    const hole = /\$\{[^{}]*\}/g;
    const nested = (literal.match(hole) ?? []).flatMap((value) =>
        [...value.matchAll(/"([^"]*)"/g)].map(([, text = ""]) => text),
    );
    return [literal.replace(hole, "…"), ...nested];
}

/** The commands in a document that have such a word: lines of blocks, and code in the text of more than one word. */
function commandsWithVerb(document: string): string[] {
    const blocks = [...document.matchAll(/^```[^\n]*\n([^]*?)^```/gm)].flatMap(([, block = ""]) => block.split("\n"));
    const spans = [...document.replace(/^```[^]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
    const commands = [...blocks, ...spans].map((command) => command.trim());
    return [...new Set(commands.filter((command) => VERB.test(command) && /\s/.test(command)))];
}

function texts(list: [what: string, ...texts: string[]][] = []): string[] {
    return list.flatMap(([, ...each]) => each);
}

/** One line for each text, so that a difference shows only what differs. */
function sorted(found: Iterable<readonly [file: string, texts: readonly string[]]>): string[] {
    return [...found].flatMap(([file, each]) => each.map((text) => `${file}: ${text}`)).sort();
}

/** The program texts in a folder, without tests. */
function sourcesIn(folder: string): string[] {
    return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
        const file = path.posix.join(folder, entry.name);
        if (entry.isDirectory()) {
            return /^(?:\.|node_modules$|testing$)/.test(entry.name) ? [] : sourcesIn(file);
        }
        return /\.(?:ts|js)$/.test(entry.name) && !entry.name.endsWith(".test.ts") ? [file] : [];
    });
}
