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
import { addonFiles, debianTree, istioFiles, type Layer } from "./layers";
import { program } from "../toolchain/toolchain";

/** An image that the node should have before pods start: the node itself reaches no registry. */
export interface CatalogImage {
    /** Full name with registry and tag, as a pod names it. */
    name: string;
}

/** An image that is made here where no registry is reachable. */
export interface AssembledImage extends CatalogImage {
    /** Whether the assembled image is a program of this project, and not that of its name. */
    isStandIn: boolean;
    layers: readonly Layer[];
    config: ImageConfig;
}

/** The part of an image's configuration that a runtime reads (OCI image specification, "config"). */
export interface ImageConfig {
    Entrypoint?: readonly string[];
    Cmd?: readonly string[];
    Env?: readonly string[];
    User?: string;
}

const searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Istio's two images; the proxy's process is user 1337, whom Istio's iptables rules let pass. */
const istioImages: AssembledImage[] = [
    {
        name: `docker.io/istio/pilot:${istioVersion}`,
        isStandIn: false,
        layers: [debianTree, istioFiles.pilot],
        config: { Entrypoint: ["/usr/local/bin/pilot-discovery"], Env: [searchPath], User: "1337:1337" },
    },
    {
        name: `docker.io/istio/proxyv2:${istioVersion}`,
        isStandIn: false,
        layers: [debianTree, istioFiles.proxy],
        config: { Entrypoint: ["/usr/local/bin/pilot-agent"], Env: [searchPath], User: "1337:1337" },
    },
];

const bookinfo: Layer = { name: "bookinfo", files: { "usr/local/bin/bookinfo": program("bookinfo", "bookinfo") } };
const pause: Layer = { name: "pause", files: { pause: program("bookinfo", "pause") } };

/** Role, version and environment of each Bookinfo image, as istio/istio's samples/bookinfo/src build them. */
const bookinfoRoles = [
    { role: "productpage", version: "v1", user: "1000", env: [] },
    { role: "details", version: "v1", user: "1000", env: [] },
    { role: "ratings", version: "v1", user: "1000", env: ["SERVICE_VERSION=v1"] },
    { role: "reviews", version: "v1", user: "1001", env: ["SERVICE_VERSION=v1", "ENABLE_RATINGS=false"] },
    {
        role: "reviews",
        version: "v2",
        user: "1001",
        env: ["SERVICE_VERSION=v2", "ENABLE_RATINGS=true", "STAR_COLOR=black"],
    },
    {
        role: "reviews",
        version: "v3",
        user: "1001",
        env: ["SERVICE_VERSION=v3", "ENABLE_RATINGS=true", "STAR_COLOR=red"],
    },
];

const bookinfoImages = bookinfoRoles.map(({ role, version, user, env }): AssembledImage => ({
    name: `docker.io/istio/examples-bookinfo-${role}-${version}:${bookinfoVersion}`,
    isStandIn: true,
    layers: [debianTree, bookinfo],
    config: { Entrypoint: ["/usr/local/bin/bookinfo", role], Env: [searchPath, ...env], User: user },
}));

/** What runs beside the mesh, with the entry points of the published images. */
const addonImages: AssembledImage[] = [
    {
        name: `docker.io/prom/prometheus:v${prometheusVersion}`,
        isStandIn: false,
        layers: [debianTree, addonFiles.prometheus],
        config: {
            Entrypoint: ["/bin/prometheus"],
            Cmd: ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
            Env: [searchPath],
            User: "nobody",
        },
    },
    {
        name: `docker.io/jaegertracing/jaeger:${jaegerVersion}`,
        isStandIn: false,
        layers: [debianTree, addonFiles.jaeger],
        config: {
            Entrypoint: ["/cmd/jaeger/jaeger-linux"],
            // Jaeger listens on loopback unless it is told otherwise; its published image tells it so.
            Env: [searchPath, "JAEGER_LISTEN_HOST=0.0.0.0"],
            User: "10001",
        },
    },
    {
        name: `docker.io/library/node:${nodeVersion}-bookworm-slim`,
        isStandIn: false,
        layers: [debianTree, addonFiles.node],
        config: { Cmd: ["node"], Env: [searchPath] },
    },
];

/** Programs that are to be had in no other way than as images. */
const pulledImages: CatalogImage[] = [
    { name: `docker.io/grafana/grafana:${grafanaVersion}` },
    { name: `quay.io/kiali/kiali:v${kialiVersion}` },
];

/** Every image of the sandbox. */
export const catalog: readonly (AssembledImage | CatalogImage)[] = [
    {
        name: pauseImage,
        isStandIn: true,
        layers: [pause],
        config: { Entrypoint: ["/pause"] },
    },
    ...istioImages,
    ...bookinfoImages,
    ...addonImages,
    ...pulledImages,
];

/** Whether an image can be made here. */
export function canBeAssembled(image: AssembledImage | CatalogImage): image is AssembledImage {
    return "layers" in image;
}
