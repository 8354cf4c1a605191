import type { KubernetesObject } from "../../kubernetes/object";
import { problemsOfPod } from "./pods";
import { remedyOf } from "./refusals";

const IMAGE = "mirror.example.com/docker/istio/pilot:1.31.1";

/** A pod whose container waits for an image, as kubelets report it. */
function waiting(message: string, image = IMAGE, secrets: string[] = []): KubernetesObject {
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "istiod-1", namespace: "istio-system" },
        spec: { containers: [{ name: "discovery", image }], imagePullSecrets: secrets.map((name) => ({ name })) },
        status: {
            phase: "Pending",
            containerStatuses: [
                { name: "discovery", ready: false, state: { waiting: { reason: "ErrImagePull", message } } },
            ],
        },
    };
}

/** What containerd says in front of a cause. */
const pulling = (image = IMAGE) =>
    `Failed to pull image "${image}": failed to pull and unpack image "${image}": failed to resolve reference "${image}": `;

// In the words of containerd 2, with those of registries that it passes on.
const DOCKER_HUB =
    'Failed to pull image "docker.io/istio/pilot:1.31.1": failed to pull and unpack image "docker.io/istio/pilot:1.31.1": failed to ' +
    "copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/istio/pilot/manifests/" +
    `sha256:${"0".repeat(64)}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. ` +
    "You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit";

describe("A4: Docker Hub's limit of pulls", () => {
    const [problem] = problemsOfPod(waiting(DOCKER_HUB, "docker.io/istio/pilot:1.31.1"));

    it("is called a rate limit, before the message is cut", () => {
        expect(problem?.why.length).toBeLessThanOrEqual(240);
        expect(problem?.why).toMatch(/^discovery ErrImagePull: rate limit of the registry \(unexpected status code /);
    });

    it("does not end by waiting, and names the mirror and the pull secret", () => {
        expect(problem?.final).toBe(true);
        expect(problem?.remedy).toMatch(/images\.dockerConfig, or images\.pullSecrets .*images\.mirror/);
        expect(problem?.remedy).toContain("docker.io/istio/pilot:1.31.1 is set by istio.hub");
    });
});

describe("A4: an image that cannot be pulled", () => {
    const get = "https://mirror.example.com/v2/docker/istio/pilot/manifests/1.31.1";

    it.each<[string, string, boolean, RegExp]>([
        [
            "429 of another registry",
            `${pulling()}unexpected status from HEAD request to ${get}: 429 Too Many Requests`,
            false,
            /rate limit .*images\.dockerConfig.*images\.mirror/s,
        ],
        [
            "no login",
            `${pulling()}failed to authorize: failed to fetch anonymous token: unexpected status from GET request to ` +
                "https://mirror.example.com/token: 401 Unauthorized",
            true,
            /refuses access .*wants credentials for mirror\.example\.com\/docker\S+, or does not have it\. Set images\.dockerConfig/s,
        ],
        [
            "a wrong password",
            `${pulling()}pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
            true,
            /refuses access/,
        ],
        [
            "no permission",
            `${pulling()}unexpected status from HEAD request to ${get}: 403 Forbidden: denied: requested access to the resource is denied`,
            true,
            /refuses access/,
        ],
        ["no image", `${pulling()}${IMAGE}: not found`, true, /does not have the image .*copy it there/s],
        ["no image, in other words", `${pulling()}manifest unknown`, true, /does not have the image/],
        [
            "an unknown authority",
            `${pulling()}failed to do request: Head "${get}": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
            true,
            /does not trust .*container runtime of each node \(containerd: certs\.d\/mirror\.example\.com\)/s,
        ],
        [
            "an unknown authority while logging in",
            `${pulling()}failed to authorize: failed to fetch anonymous token: Get "https://mirror.example.com/token": x509: certificate signed by unknown authority`,
            true,
            /does not trust/,
        ],
        [
            "plain HTTP",
            `${pulling()}failed to do request: Head "${get}": http: server gave HTTP response to HTTPS client`,
            true,
            /has no TLS .*certs\.d/s,
        ],
        [
            "an unknown name",
            `${pulling()}failed to do request: Head "${get}": dial tcp: lookup mirror.example.com on 10.96.0.10:53: no such host`,
            false,
            /does not find the registry's name .*Is mirror\.example\.com the right name/s,
        ],
        [
            "a firewall",
            `${pulling()}failed to do request: Head "${get}": dial tcp 192.0.2.1:443: i/o timeout`,
            false,
            /does not reach the registry .*Do the nodes reach mirror\.example\.com/s,
        ],
        ["another architecture", `${pulling()}no match for platform in manifest: not found`, true, /all platforms/],
    ])("because of %s, says so first, and what to do", (_, message, final, expected) => {
        const [problem] = problemsOfPod(waiting(message));
        expect(`${problem?.why ?? ""}\n${problem?.remedy ?? ""}`).toMatch(expected);
        expect(problem?.final).toBe(final);
        // The name of the image is not repeated in front of the cause.
        expect(problem?.why).not.toContain("failed to pull");
    });

    it("because a pull secret does not help, is asked for that secret", () => {
        const message = `${pulling()}unexpected status from HEAD request to ${get}: 401 Unauthorized`;
        const [problem] = problemsOfPod(waiting(message, IMAGE, ["regcred", "image-registries"]));
        expect(problem?.remedy).toContain("is mirror.example.com in the pull secret regcred or image-registries");
    });

    it("is described in the words of a back-off too", () => {
        const message = `Back-off pulling image "${IMAGE}": ErrImagePull: ${pulling()}${IMAGE}: not found`;
        expect(problemsOfPod(waiting(message))[0]?.why).toBe(
            `discovery ErrImagePull: the registry does not have the image (${IMAGE}: not found)`,
        );
    });

    it("for an unknown reason, has the whole message", () => {
        const [problem] = problemsOfPod(waiting("disk is full"));
        expect(problem).toMatchObject({ why: "discovery ErrImagePull: disk is full", final: false });
        expect(problem?.remedy).toMatch(/^Does the registry have mirror\.example\.com/);
    });
});

describe("A3: a chart repository that refuses the login", () => {
    it.each([
        'looks like "https://charts.example.com" is not a valid chart repository or cannot be reached: failed to fetch https://charts.example.com/index.yaml : 401 Unauthorized',
        "failed to fetch https://charts.example.com/istiod-1.31.1.tgz : 401 Unauthorized",
        'authenticating to "charts.example.com": GET "https://charts.example.com/v2/": response status code 401: Unauthorized',
        'failed to perform "FetchReference" on source: response status code 403: denied: no access',
    ])("is asked for credentials of that repository: %s", (message) => {
        expect(remedyOf(`helm cannot download the chart istiod: ${message}`)).toMatch(
            /istio\.chartCredentials .*istio\.kiali\.chartCredentials/,
        );
    });

    it("is not confused with an expired kubeconfig", () => {
        expect(remedyOf("error: Unauthorized")).toContain("The kubeconfig's credentials have expired");
    });
});
