/**
 * The images that the program uses by default, each with the digest of its index for all platforms, if that is known. A digest fixes what
 * a node runs, also if its tag moves later. None was read from a registry here: the sources are public repositories that pin it.
 *
 * | image | source of the digest |
 * | --- | --- |
 * | pilot, proxyv2 | tetral-ai/tetral, deploy/dependencies.lock.json; eclipse-xfsc/facis-zero-trust-demonstrator, deployment/helm/values |
 * | install-cni | eclipse-xfsc/facis-zero-trust-demonstrator, deployment/helm/values/istio-cni.yaml |
 * | kiali | MicroTodoSuite/microservice-app-gitops, scripts/managed/full-profile-toolchain.lock |
 * | jaeger | the same, and this project before |
 * | node | none: the tag is built again from time to time, and public files name three digests for it |
 * | prometheus, grafana | this project before |
 * | examples-bookinfo-* 1.20.3 | none found: they stay at their tags |
 */
const DIGESTS = {
    "docker.io/istio/pilot:1.31.1": "212ca088ada22f48be1576e6b688972b8aa7495710abb7c5f1febca856a15577",
    "docker.io/istio/proxyv2:1.31.1": "d86cba0dd1eb15c00b6901c69ce5ae3d2d5f8427a47751098cf8c3ab2a4a62e9",
    "docker.io/istio/install-cni:1.31.1": "49140cc9a9d742cea829f452d93956896e85c4f47bbc7b69cf76484b63cce8b1",
    "quay.io/kiali/kiali:v2.31.0": "df636734606c220263c1eae85f473940b52ced3c026abfe7110c64014098fb41",
    "docker.io/jaegertracing/jaeger:2.20.0": "46a886260e04002d8f45e213fc39063fa11a50446048fdaa64786fc0840cb9f8",
    "docker.io/prom/prometheus:v3.15.0": "efd719c99d83b060d9daefdcf00360461adf279f45ef5391f8d111892118753e",
    "docker.io/grafana/grafana:13.2.2": "ac461fb352abc50da10a51c7d02462e9c05488f11f53f14b3ad79a8145f638a0",
} as const;

/** The hexadecimal digest of an image; undefined if it is not in the table. */
export function digestOf(image: string): string | undefined {
    return (DIGESTS as Readonly<Record<string, string>>)[image];
}

/** An image of the table with its digest. */
export function pinned(image: keyof typeof DIGESTS): string {
    return `${image}@sha256:${DIGESTS[image]}`;
}
