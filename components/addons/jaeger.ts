import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import { ADDONS, JAEGER } from "../names";
import { Addon, type AddonPlace } from "./addon";
import type { AddonSpec } from "./deployment";

export interface JaegerArgs extends AddonPlace {
    /** The image with its tag, of Jaeger 2. */
    image: string;
}

/** Jaeger 2, which stores the latest traces in memory. */
export class Jaeger extends pulumi.ComponentResource {
    constructor(name: string, args: JaegerArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:addons:Jaeger", name, args, opts);

        new Addon(
            name,
            {
                ...jaegerSpec(args.image),
                namespace: args.namespace,
                pullSecrets: args.pullSecrets,
                clusterAssignsUsers: args.clusterAssignsUsers,
                services: {
                    [JAEGER.query]: ["http-query", "grpc-query"],
                    [JAEGER.collector]: ["grpc-otlp", "http-otlp"],
                },
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

const CONFIG_PATH = "/etc/jaeger";

/** Maximum number of traces; the oldest are dropped first. A trace of ten spans takes about 50 KiB. */
const MAX_TRACES = 5_000;

const PORTS = {
    "http-query": ADDONS.jaeger.port,
    "grpc-query": JAEGER.queryGrpcPort,
    "grpc-otlp": JAEGER.otlpGrpcPort,
    "http-otlp": JAEGER.otlpHttpPort,
    health: 13133,
};

export function jaegerSpec(image: string): AddonSpec {
    return {
        name: "jaeger",
        image,
        args: [`--config=${CONFIG_PATH}/config.yaml`],
        // Go then collects garbage before the memory limit below ends the container.
        env: { GOMEMLIMIT: "900MiB" },
        // The image's own user.
        user: 10001,
        ports: PORTS,
        probes: { port: "health", live: "/status", ready: "/status" },
        config: { config: { path: CONFIG_PATH, files: { "config.yaml": stringify(jaegerConfig()) } } },
        resources: { requests: { cpu: "20m", memory: "128Mi" }, limits: { memory: "1Gi" } },
    };
}

/**
 * Jaeger's configuration: that of an OpenTelemetry collector, with Jaeger's storage and user interface as extensions
 * (cmd/jaeger/internal/all-in-one.yaml). It has no `base_path`, because since Jaeger 2.16 only pages below that are served,
 * and ours are at `/`.
 */
export function jaegerConfig() {
    const listenOn = (port: keyof typeof PORTS) => ({ endpoint: `:${PORTS[port]}` });
    return {
        service: {
            extensions: ["jaeger_storage", "jaeger_query", "healthcheckv2"],
            pipelines: {
                traces: { receivers: ["otlp"], processors: ["batch"], exporters: ["jaeger_storage_exporter"] },
            },
        },
        extensions: {
            healthcheckv2: { use_v2: true, http: listenOn("health") },
            jaeger_storage: { backends: { memory: { memory: { max_traces: MAX_TRACES } } } },
            jaeger_query: {
                storage: { traces: "memory" },
                http: listenOn("http-query"),
                grpc: listenOn("grpc-query"),
                // Otherwise Jaeger's own requests appear among those of the mesh.
                enable_tracing: false,
            },
        },
        receivers: { otlp: { protocols: { grpc: listenOn("grpc-otlp"), http: listenOn("http-otlp") } } },
        processors: { batch: {} },
        exporters: { jaeger_storage_exporter: { trace_storage: "memory" } },
    };
}
