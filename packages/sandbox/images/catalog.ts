import { pauseImage } from "../node/containerd";
import {
    bookinfoVersion,
    grafanaVersion,
    istioVersion,
    jaegerVersion,
    kialiVersion,
    nodeVersion,
    prometheusVersion,
} from "../settings";
import { program, toolchainFiles } from "../toolchain/toolchain";
import { debianTree, type Layer } from "./layers";

/** What needs an image: the page, which comes first, the add-ons, or Istio's CNI plugin. */
export type Stage = "page" | "addons" | "cni";

/** An image that the node needs before pods start, because the node itself reaches no registry. */
export interface CatalogImage {
    /** Full name with registry and tag, as in a pod. */
    name: string;
    stage: Stage;
}

/** An image that is assembled here if no registry is reachable. */
export interface AssembledImage extends CatalogImage {
    /** Whether the assembled image contains a program of this project instead of the original. */
    isStandIn: boolean;
    layers: readonly Layer[];
    config: ImageConfig;
}

/** What a runtime reads of an image's configuration (OCI image specification, "config"). */
interface ImageConfig {
    Entrypoint?: readonly string[];
    Cmd?: readonly string[];
    Env?: readonly string[];
    User?: string;
}

const layer = (name: string, files: Record<string, string>): Layer => ({ name, files });

const searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Istio's two images, with paths as in its charts and injection template. Istio's iptables rules let user 1337 pass. */
const istioImages: AssembledImage[] = [
    {
        name: `docker.io/istio/pilot:${istioVersion}`,
        stage: "page",
        isStandIn: false,
        layers: [debianTree, layer("pilot", { "usr/local/bin/pilot-discovery": program("istio", "pilot-discovery") })],
        config: { Entrypoint: ["/usr/local/bin/pilot-discovery"], Env: [searchPath], User: "1337:1337" },
    },
    {
        name: `docker.io/istio/proxyv2:${istioVersion}`,
        stage: "page",
        isStandIn: false,
        layers: [
            debianTree,
            layer("proxy", {
                "usr/local/bin/pilot-agent": program("istio", "pilot-agent"),
                "usr/local/bin/envoy": toolchainFiles.envoy,
                "var/lib/istio/envoy/envoy_bootstrap_tmpl.json": toolchainFiles.envoyBootstrap,
            }),
        ],
        config: { Entrypoint: ["/usr/local/bin/pilot-agent"], Env: [searchPath], User: "1337:1337" },
    },
];

/** With paths as in Istio's cni/deployments/kubernetes/Dockerfile.install-cni. */
const cniImage: AssembledImage = {
    name: `docker.io/istio/install-cni:${istioVersion}`,
    stage: "cni",
    isStandIn: false,
    layers: [
        debianTree,
        layer("cni", {
            "opt/cni/bin/istio-cni": program("istio-cni", "istio-cni"),
            "usr/local/bin/install-cni": program("istio-cni", "install-cni"),
        }),
    ],
    config: { Cmd: ["/usr/local/bin/install-cni"], Env: [`${searchPath}:/opt/cni/bin`] },
};

const bookinfo = layer("bookinfo", { "usr/local/bin/bookinfo": program("bookinfo", "bookinfo") });

const withRatings = (version: string) => [`SERVICE_VERSION=${version}`, "ENABLE_RATINGS=true"];

/** Role, version and environment of each Bookinfo image, as in istio/istio's samples/bookinfo/src. */
const bookinfoRoles = [
    { role: "productpage", version: "v1", user: "1000", env: [] },
    { role: "details", version: "v1", user: "1000", env: [] },
    { role: "ratings", version: "v1", user: "1000", env: ["SERVICE_VERSION=v1"] },
    { role: "reviews", version: "v1", user: "1001", env: ["SERVICE_VERSION=v1", "ENABLE_RATINGS=false"] },
    { role: "reviews", version: "v2", user: "1001", env: [...withRatings("v2"), "STAR_COLOR=black"] },
    { role: "reviews", version: "v3", user: "1001", env: [...withRatings("v3"), "STAR_COLOR=red"] },
];

const bookinfoImages = bookinfoRoles.map(({ role, version, user, env }): AssembledImage => ({
    name: `docker.io/istio/examples-bookinfo-${role}-${version}:${bookinfoVersion}`,
    stage: "page",
    isStandIn: true,
    layers: [debianTree, bookinfo],
    config: { Entrypoint: ["/usr/local/bin/bookinfo", role], Env: [searchPath, ...env], User: user },
}));

/** Images beside the mesh, with the paths and entry points of the published images. */
const addonImages: AssembledImage[] = [
    {
        name: `docker.io/prom/prometheus:v${prometheusVersion}`,
        stage: "addons",
        isStandIn: false,
        layers: [debianTree, layer("prometheus", { "bin/prometheus": program("prometheus", "prometheus") })],
        config: {
            Entrypoint: ["/bin/prometheus"],
            Cmd: ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
            Env: [searchPath],
            User: "nobody",
        },
    },
    {
        name: `docker.io/jaegertracing/jaeger:${jaegerVersion}`,
        stage: "addons",
        isStandIn: false,
        layers: [debianTree, layer("jaeger", { "cmd/jaeger/jaeger-linux": program("jaeger", "jaeger") })],
        config: {
            Entrypoint: ["/cmd/jaeger/jaeger-linux"],
            // As in the published image. By default Jaeger listens only on loopback.
            Env: [searchPath, "JAEGER_LISTEN_HOST=0.0.0.0"],
            User: "10001",
        },
    },
    {
        name: `docker.io/library/node:${nodeVersion}-bookworm-slim`,
        stage: "addons",
        isStandIn: false,
        layers: [debianTree, layer("node", { "usr/local/bin/node": toolchainFiles.node })],
        config: { Cmd: ["node"], Env: [searchPath] },
    },
];

/** All images of the sandbox. */
export const catalog: readonly (AssembledImage | CatalogImage)[] = [
    {
        name: pauseImage,
        stage: "page",
        isStandIn: true,
        layers: [layer("pause", { pause: program("bookinfo", "pause") })],
        config: { Entrypoint: ["/pause"] },
    },
    ...istioImages,
    cniImage,
    ...bookinfoImages,
    ...addonImages,
    // These can only be pulled.
    { name: `docker.io/grafana/grafana:${grafanaVersion}`, stage: "addons" },
    { name: `quay.io/kiali/kiali:v${kialiVersion}`, stage: "addons" },
];

/** Whether an image can be assembled here. */
export function canBeAssembled(image: AssembledImage | CatalogImage): image is AssembledImage {
    return "layers" in image;
}

/** The files of this machine that an assembled image consists of. */
export function filesOf({ layers }: AssembledImage): string[] {
    return layers.flatMap(({ files = {}, tree }) => [...Object.values(files), ...(tree === undefined ? [] : [tree])]);
}
