import * as pulumi from "@pulumi/pulumi";
import { ADDONS } from "../names";
import { ENTRY, serverFiles } from "../../packages/servicegraph/bundle";
import { Addon, type AddonPlace } from "./addon";
import type { AddonSpec } from "./deployment";

export interface ServicegraphArgs extends AddonPlace {
    /** An image with Node 20.20 or newer, with its tag. */
    image: string;
    /** Prometheus, as the server reaches it. */
    prometheusUrl: string;
}

/** Servicegraph, this project's own server. A ConfigMap has its files, so any image with Node can run it. */
export class Servicegraph extends pulumi.ComponentResource {
    constructor(name: string, args: ServicegraphArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:addons:Servicegraph", name, args, opts);

        const { namespace, pullSecrets, clusterAssignsUsers } = args;
        new Addon(name, { ...servicegraphSpec(args), namespace, pullSecrets, clusterAssignsUsers }, { parent: this });
        this.registerOutputs({});
    }
}

const APP_PATH = "/app";

export function servicegraphSpec({
    image,
    prometheusUrl,
}: Omit<ServicegraphArgs, "namespace" | "pullSecrets">): AddonSpec {
    return {
        name: "servicegraph",
        image,
        command: ["node", `${APP_PATH}/${ENTRY}`],
        args: [`--bindAddr=:${ADDONS.servicegraph.port}`, `--prometheusAddr=${prometheusUrl}`],
        // The image's user "node".
        user: 1000,
        ports: { http: ADDONS.servicegraph.port },
        probes: { port: "http", live: "/healthz", ready: "/healthz" },
        metrics: { port: "http", path: "/metrics" },
        config: { app: { path: APP_PATH, files: serverFiles() } },
        resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { memory: "384Mi" } },
    };
}
