import type * as Stacks from "../cli/stack/stack";
import { stackOf } from "../cli/testing/stack";
import { ClusterApi } from "../kubernetes/api";
import type { KubernetesObject } from "../kubernetes/object";
import { FakeCluster, pod } from "../kubernetes/testing/fakeCluster";
import { BenchCluster } from "./cluster";

jest.mock("../cli/stack/stack", (): typeof Stacks => ({
    ...jest.requireActual<typeof Stacks>("../cli/stack/stack"),
    findStack: () => stackOf({ name: "local" }),
}));

const fake = new FakeCluster();
const mesh: KubernetesObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } };
const bookinfo = pod("default", "reviews", {}, { reviews: true });
const deleted = (object: KubernetesObject): KubernetesObject => ({
    ...object,
    metadata: { ...object.metadata, deletionTimestamp: "2026-01-02T03:04:05Z" },
});

beforeEach(() => {
    jest.spyOn(ClusterApi, "connect").mockResolvedValue(fake.api);
});

describe("the benchmark's cluster", () => {
    it.each([
        ["the mesh", mesh, "Namespace istio-system"],
        ["Bookinfo", bookinfo, "Pod default/reviews"],
    ])("is refused at once if %s is deployed to it", async (_, object, name) => {
        fake.objects = [object];
        const began = performance.now();
        await expect(BenchCluster.connect()).rejects.toThrow(
            new RegExp(`needs an empty sandbox, and it has ${name}\n.*npx bookinfo down.*npx bookinfo sandbox down`),
        );
        expect(performance.now() - began).toBeLessThan(1000);
        expect(fake.objects).toEqual([object]);
    });

    it("may still have objects that are being deleted, or that belong to others", async () => {
        const dns = pod("kube-system", "coredns", {}, { dns: true });
        fake.objects = [deleted(mesh), deleted(bookinfo), dns];
        expect((await BenchCluster.connect()).stack.name).toBe("local");
    });
});
