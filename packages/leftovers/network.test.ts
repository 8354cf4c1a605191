import path from "node:path";
import { removeFromNetwork } from "./network";
import { useFakeGoogle } from "./testing/fakeGoogle";

/* What Google leaves in a network, with an API on loopback. */

const labels = { app: "bookinfo-mesh", stack: "dev" };
const place = { project: "p", network: "projects/p/global/networks/cluster-network", labels };
const own = `https://www.googleapis.com/compute/v1/${place.network}`;
const other = own.replace("cluster-network", "corporate");

/** What is in the project: paths in the API of firewall rules and endpoint groups, with their networks. */
let objects: Map<string, string>;
/** Names of clusters, with their networks and the value of their label `stack`. */
let clusters: Record<string, [network: string, stack?: string]>;
let xpnProjectStatus: string | undefined;
/** How many requests for a deletion something needs until it is gone. Default: one. */
let stubborn: Record<string, number>;
let refusal: number | undefined;

const listed = (kind: string) =>
    [...objects]
        .filter(([name]) => name.includes(kind))
        .map(([name, network]) => ({ name: path.basename(name), network, selfLink: `http://any/compute/v1/${name}` }));

/** Google's answer. Lists have one object a page. */
const requests = useFakeGoogle((method, at, query) => {
    if (refusal !== undefined) {
        return [refusal, { error: { message: "not allowed" } }];
    }
    if (method === "DELETE") {
        stubborn[at] = (stubborn[at] ?? 1) - 1;
        if (stubborn[at] <= 0) {
            objects.delete(at);
            clusters = Object.fromEntries(
                Object.entries(clusters).filter(([name]) => !at.endsWith(`/clusters/${name}`)),
            );
        }
        return stubborn[at] > 0 ? [400, { error: { message: "resourceInUse" } }] : [200, {}];
    }
    const page = Number(query.get("pageToken") ?? 0);
    switch (at) {
        case "projects/p":
            return [200, { xpnProjectStatus }];
        case "projects/p/locations/-/clusters": {
            const list = Object.entries(clusters).map(([name, [network, stack]]) => ({
                name,
                location: "a",
                networkConfig: { network },
                ...(stack !== undefined && { resourceLabels: { app: "bookinfo-mesh", stack, team: "mesh" } }),
            }));
            return [200, list.length > 0 ? { clusters: list } : {}];
        }
        case "projects/p/global/firewalls": {
            const rules = listed("firewalls");
            const next = page + 1 < rules.length ? { nextPageToken: String(page + 1) } : {};
            return [200, { ...(rules[page] && { items: [rules[page]] }), ...next }];
        }
        case "projects/p/aggregated/networkEndpointGroups":
            return [
                200,
                { items: { "zones/a": { networkEndpointGroups: listed("Groups") }, "zones/b": { warning: {} } } },
            ];
        default:
            return [404, { error: { message: at } }];
    }
});

beforeEach(() => {
    objects = new Map([
        ["projects/p/global/firewalls/k8s-1a2b-node-http-hc", own],
        ["projects/p/global/firewalls/gke-cluster-1a2b-all", own],
        ["projects/p/zones/a/networkEndpointGroups/k8s1-9f-istio-system-gateway-80", own],
        ["projects/p/global/firewalls/cluster-webhooks-1a2b", own],
        ["projects/p/global/firewalls/k8s-9f-node-http-hc", other],
    ]);
    clusters = { theirs: [other, "dev"] };
    xpnProjectStatus = undefined;
    stubborn = {};
    refusal = undefined;
});

const remove = (timeout = 2000) =>
    removeFromNetwork(place, new AbortController().signal, { timeout, interval: 10, clusters: 2000 });

const KEPT = ["projects/p/global/firewalls/cluster-webhooks-1a2b", "projects/p/global/firewalls/k8s-9f-node-http-hc"];

it("B3: removes what clusters have left there, and nothing else, and says what", async () => {
    stubborn["projects/p/zones/a/networkEndpointGroups/k8s1-9f-istio-system-gateway-80"] = 3;
    expect(await remove()).toBe(
        "Removed what Google had left in projects/p/global/networks/cluster-network: firewall rule k8s-1a2b-node-http-hc, " +
            "firewall rule gke-cluster-1a2b-all, network endpoint group k8s1-9f-istio-system-gateway-80.",
    );
    expect([...objects.keys()]).toEqual(KEPT);
});

it("says nothing if there is nothing", async () => {
    objects = new Map(KEPT.map((name) => [name, name === KEPT[1] ? other : own]));
    expect(await remove()).toBeUndefined();
    expect(requests.filter((request) => request.startsWith("DELETE"))).toEqual([]);
});

it.each<[string, () => unknown, RegExp]>([
    [
        "another cluster is in the network",
        () => (clusters = { mine: [place.network], own: [place.network, "dev"] }),
        /may still be there\. Other clusters use the network: mine\. So nothing was removed there\.$/,
    ],
    ["a cluster of another stack is in it", () => (clusters = { mine: [place.network, "prod"] }), /\. Other clusters/],
    [
        "the network is another one's by the number of the project",
        () => (clusters = { mine: ["projects/123/global/networks/cluster-network"] }),
        /\. Other clusters use the network: mine/,
    ],
    ["the project shares its networks", () => (xpnProjectStatus = "HOST"), /\. The project p shares its networks/],
    ["Google does not allow it", () => (refusal = 403), /\. Google answers 403: not allowed\.$/],
    ["the plugin is missing", () => (process.env.PATH = "/none"), /gke-gcloud-auth-plugin is not on PATH\.$/],
])("removes nothing, and says why, if %s", async (_, change, message) => {
    const before = [...objects.keys()];
    change();
    expect(await remove()).toMatch(message);
    expect([...objects.keys()]).toEqual(before);
});

it("removes a cluster of the stack that its state does not know, as soon as Google allows it", async () => {
    clusters.own = [place.network, "dev"];
    stubborn["projects/p/locations/a/clusters/own"] = 3;
    expect(await remove()).toMatch(/: cluster own of an interrupted deployment, firewall rule k8s-/);
    expect(Object.keys(clusters)).toEqual(["theirs"]);
});

it("leaves alone a cluster of others that comes meanwhile", async () => {
    clusters.own = [place.network, "dev"];
    stubborn["projects/p/locations/a/clusters/own"] = 3;
    setTimeout(() => (clusters.theirs = [place.network]), 5);
    expect(await remove()).toMatch(/Other clusters use the network: theirs/);
    expect(Object.keys(clusters)).toContain("theirs");
    expect(requests.filter((request) => /DELETE .*(firewalls|Groups)/.test(request))).toEqual([]);
});

it("ends if Google does not end", async () => {
    stubborn["projects/p/global/firewalls/k8s-1a2b-node-http-hc"] = Infinity;
    expect(await remove(100)).toMatch(/^Google has left .+k8s-1a2b-node-http-hc.+ Run pulumi destroy again\.$/);
});
