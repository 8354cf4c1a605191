import { waitForApis } from "./apis";
import { useFakeGoogle } from "./testing/fakeGoogle";

const DISABLED = { error: { message: "disabled", details: [{ reason: "SERVICE_DISABLED" }] } };

/** How many requests to each API are refused because it is not known to be enabled. */
let unknown: number;
let others: [status: number, body: object];

const requests = useFakeGoogle((_, path) =>
    requests.filter((request) => request.endsWith(path)).length <= unknown ? [403, DISABLED] : others,
);

beforeEach(() => {
    unknown = 0;
    others = [200, {}];
});

const wait = (timeout = 2000) => waitForApis({ project: "p" }, new AbortController().signal, { timeout, interval: 10 });

it("waits until the three APIs answer that a cluster needs", async () => {
    unknown = 3;
    expect(await wait()).toBeUndefined();
    const asked = ["projects/p", "projects/p/locations/-/clusters", "projects/p/serviceAccounts"];
    expect([...requests].sort()).toEqual(asked.flatMap((path) => Array<string>(4).fill(`GET ${path}`)).sort());
});

it("does not wait if a permission is missing", async () => {
    others = [403, { error: { message: "Permission iam.serviceAccounts.list denied" } }];
    expect(await wait()).toBeUndefined();
    expect(requests).toHaveLength(3);
});

it("goes on after a while, and says so", async () => {
    unknown = Infinity;
    expect(await wait(50)).toMatch(/^Google's APIs do not answer/);
});

it("goes on without gcloud's plugin, and says so", async () => {
    process.env.PATH = "/none";
    expect(await wait()).toBe("It is not known whether Google's APIs answer: gke-gcloud-auth-plugin is not on PATH.");
});
