import { ApiError } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import { stackOf } from "../testing/stack";
import { preflight } from "./preflight";
import { pullSecretProblem } from "./pullSecrets";

const DOCKER = "kubernetes.io/dockerconfigjson";
const stack = stackOf({
    file: {
        config: {
            "bookinfo-mesh:images": { pullSecrets: ["regcred"], dockerConfig: { secure: "v1:encrypted" } },
            "bookinfo-mesh:app": { namespace: "bookinfo" },
        },
    },
});

function secret(namespace: string, type?: string, name = "regcred"): KubernetesObject {
    return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, type, data: { token: "marker" } };
}

const problem = (...objects: KubernetesObject[]) => {
    const cluster = new FakeCluster();
    cluster.objects = objects;
    return pullSecretProblem(stack, cluster.api);
};

describe("A4: a pull secret of the config", () => {
    it("must be in both namespaces, in a form that nodes read", async () => {
        expect(await problem(secret("istio-system", DOCKER), secret("bookinfo", "kubernetes.io/dockercfg"))).toBe(
            undefined,
        );
    });

    it("is named with its namespace if there is none, with the command that makes it from a file", async () => {
        const message = await problem(secret("bookinfo", DOCKER), secret("elsewhere", DOCKER));
        expect(message).toMatch(/^ {2}regcred in istio-system: there is no such Secret$/m);
        expect(message).not.toContain("regcred in bookinfo");
        expect(message).toContain("kubectl --kubeconfig /k --context mine create namespace NAMESPACE");
        expect(message).toContain(
            "create secret generic NAME --type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson=FILE",
        );
        expect(message).toContain("images.dockerConfig");
    });

    it("is refused with another type, without a word of its content, and nothing is to be deleted", async () => {
        const message = await problem(secret("istio-system", DOCKER), secret("bookinfo", "Opaque"));
        expect(message).toContain("regcred in bookinfo: its type is Opaque, so nodes do not read it");
        expect(message).not.toMatch(/marker|delete/);
    });

    it("is not checked if this user may not read it, or if the config names none", async () => {
        const { api } = new FakeCluster();
        api.read = () => Promise.reject(new ApiError(403, "forbidden"));
        expect(await pullSecretProblem(stack, api)).toBeUndefined();
        api.read = () => Promise.reject(new ApiError(500, "broken"));
        await expect(pullSecretProblem(stack, api)).rejects.toThrow("broken");
        expect(await pullSecretProblem(stackOf(), api)).toBeUndefined();
    });

    it("is looked for before anything is deployed", async () => {
        const { api } = new FakeCluster();
        const checked = preflight({ stack, api, identity: "its-uid" }, new AbortController().signal);
        await expect(checked).rejects.toThrow(/images\.pullSecrets names [^]*Nothing was changed/);
    });
});
