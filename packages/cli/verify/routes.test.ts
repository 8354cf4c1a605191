import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import type { KubernetesObject } from "../../kubernetes/object";
import type { Mesh } from "../mesh/mesh";
import { checkRoutes } from "./routes";

const apiVersion = "networking.istio.io/v1";
const REDEPLOY = "the command that deploys";

/** What `bookinfo.traffic.reviews.weights` of the tests gives. */
const OWN: KubernetesObject[] = [
    {
        apiVersion,
        kind: "DestinationRule",
        metadata: { name: "reviews", namespace: "default" },
        spec: { host: "reviews", subsets: ["v1", "v2", "v3"].map((name) => ({ name, labels: { version: name } })) },
    },
    {
        apiVersion,
        kind: "VirtualService",
        metadata: { name: "reviews", namespace: "default" },
        spec: {
            hosts: ["reviews"],
            http: [
                {
                    route: [
                        { destination: { host: "reviews", subset: "v1" }, weight: 90 },
                        { destination: { host: "reviews", subset: "v3" }, weight: 10 },
                    ],
                },
            ],
        },
    },
];

const foreign = (kind: string, namespace: string, spec: object): KubernetesObject => ({
    apiVersion,
    kind,
    metadata: { name: "theirs", namespace },
    spec,
});

function check(objects: KubernetesObject[], traffic: Mesh["traffic"]) {
    const cluster = new FakeCluster();
    cluster.objects = structuredClone(objects);
    const commands = { redeploy: REDEPLOY };
    return checkRoutes({ api: cluster.api, appNamespace: "default", traffic, commands } as unknown as Mesh);
}

const traffic = { reviews: { weights: { v1: 90, v3: 10 } } };

it("routes are ok if they are those of the config", async () => {
    expect(await check(OWN, traffic)).toEqual({ status: "ok", found: "those of reviews are as configured" });
    expect(await check([], {})).toEqual({ status: "off", found: "bookinfo.traffic sets nothing" });
});

it("routes are unknown if the config cannot be read", async () => {
    expect(await check(OWN, undefined)).toMatchObject({ status: "off" });
});

it.each(OWN.map((object) => [object.kind, object] as const))(
    "a missing or changed %s is a failure",
    async (kind, own) => {
        const others = OWN.filter((object) => object !== own);
        expect(await check(others, traffic)).toMatchObject({
            status: "failed",
            found: `${kind} default/reviews is missing`,
            remedy: REDEPLOY,
        });
        const changed = { ...own, spec: { ...(own.spec as object), exportTo: ["."] } };
        expect(await check([...others, changed], traffic)).toMatchObject({
            status: "failed",
            found: `${kind} default/reviews is not as configured`,
            remedy: REDEPLOY,
        });
    },
);

const HOSTS = ["reviews", "reviews.default", "reviews.default.svc.cluster.local", "*.default.svc.cluster.local", "*"];

it.each(HOSTS)(
    "a VirtualService of somebody else for %s is a failure, without a remedy that touches it",
    async (host) => {
        const theirs = foreign("VirtualService", "default", { hosts: [host] });
        const { status, found, remedy } = await check([...OWN, theirs], traffic);
        expect({ status, found }).toEqual({
            status: "failed",
            found: "VirtualService default/theirs is about reviews too, and Istio may use that instead",
        });
        expect(remedy).toBe("ask its owner, or take reviews out of bookinfo.traffic");
    },
);

it("somebody else's DestinationRule is a failure, and a note for a service without settings", async () => {
    const theirs = foreign("DestinationRule", "team", { host: "ratings.default.svc.cluster.local" });
    expect(await check([...OWN, theirs], { ...traffic, ratings: { circuitBreaker: { pending: 1 } } })).toMatchObject({
        status: "failed",
    });
    expect(await check([...OWN, theirs], traffic)).toEqual({
        status: "ok",
        found: "those of reviews are as configured",
        note: "DestinationRule team/theirs is not of this stack, and in effect.",
    });
});

it.each<[string, string, object]>([
    ["routes of a gateway", "default", { hosts: ["*"], gateways: ["bookinfo-gateway"] }],
    ["a service of the same name elsewhere", "team", { hosts: ["reviews"] }],
    ["another service", "default", { hosts: ["reviews-admin", "my-reviews.default.svc.cluster.local"] }],
    ["another namespace", "team", { hosts: ["reviews.team.svc.cluster.local", "*.team.svc.cluster.local"] }],
])("%s is no concern", async (_, namespace, spec) => {
    expect(await check([...OWN, foreign("VirtualService", namespace, spec)], traffic)).toEqual({
        status: "ok",
        found: "those of reviews are as configured",
    });
});
