import { pauseImage } from "../node/containerd";
import { bookinfoVersion, istioVersion } from "../settings";
import { debianTree, istioFiles, type Layer } from "./layers";
import { program } from "../toolchain/toolchain";

/** An image that the node must have before pods can start, and how it is made where no registry is reachable. */
export interface CatalogImage {
    /** Full name with registry and tag, as a pod names it. */
    name: string;
    /** Whether the assembled image is a program of this project, and not that of its name. */
    isStandIn: boolean;
    layers: readonly Layer[];
    config: ImageConfig;
}

/** The part of an image's configuration that a runtime reads (OCI image specification, "config"). */
export interface ImageConfig {
    Entrypoint: readonly string[];
    Env?: readonly string[];
    User?: string;
}

const searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Istio's two images; the proxy's process is user 1337, whom Istio's iptables rules let pass. */
const istioImages: CatalogImage[] = [
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

const bookinfoImages = bookinfoRoles.map(({ role, version, user, env }): CatalogImage => ({
    name: `docker.io/istio/examples-bookinfo-${role}-${version}:${bookinfoVersion}`,
    isStandIn: true,
    layers: [debianTree, bookinfo],
    config: { Entrypoint: ["/usr/local/bin/bookinfo", role], Env: [searchPath, ...env], User: user },
}));

/** Every image of the sandbox. */
export const catalog: readonly CatalogImage[] = [
    {
        name: pauseImage,
        isStandIn: true,
        layers: [pause],
        config: { Entrypoint: ["/pause"] },
    },
    ...istioImages,
    ...bookinfoImages,
];
