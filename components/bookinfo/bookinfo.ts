import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { BOOKINFO_PORT } from "../names";
import { DELETED_AT_ONCE } from "../annotations";
import { type BookinfoImages, deploymentSpec } from "./deployment";
import { BOOKINFO_SERVICES } from "./services";

export interface BookinfoArgs extends BookinfoImages {
    namespace: pulumi.Input<string>;
    /** What the pods wait for, and nothing else does: that of an `InjectedNamespace`. */
    injection: pulumi.Resource[];
}

/** Istio's sample application: productpage, details, ratings, and reviews in three versions. */
export class Bookinfo extends pulumi.ComponentResource {
    constructor(name: string, { injection, ...args }: BookinfoArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:bookinfo:Bookinfo", name, args, opts);

        const { namespace } = args;
        const childOpts = { parent: this };
        for (const service of BOOKINFO_SERVICES) {
            const labels = { app: service.name, service: service.name };
            new k8s.core.v1.Service(
                `${name}-${service.name}`,
                {
                    metadata: {
                        name: service.name,
                        namespace,
                        labels,
                        // Not to wait for endpoints saves 10 s for each Service: the Deployments are awaited, and
                        // a Service of type ClusterIP has nothing more to become ready.
                        annotations: { "pulumi.com/skipAwait": "true" },
                    },
                    spec: {
                        type: "ClusterIP",
                        selector: { app: service.name },
                        ports: [{ name: "http", port: BOOKINFO_PORT, targetPort: "http" }],
                    },
                },
                childOpts,
            );

            // A service account for each: Istio takes it for the identity of a workload.
            const serviceAccount = new k8s.core.v1.ServiceAccount(
                `${name}-${service.name}`,
                { metadata: { name: `bookinfo-${service.name}`, namespace, labels: { account: service.name } } },
                childOpts,
            );

            for (const version of service.versions) {
                const workload = `${service.name}-${version}`;
                new k8s.apps.v1.Deployment(
                    `${name}-${workload}`,
                    {
                        // Deleted at once: istiod need not run on until the last pod has ended.
                        metadata: {
                            name: workload,
                            namespace,
                            labels: { app: service.name, version },
                            annotations: DELETED_AT_ONCE,
                        },
                        spec: deploymentSpec(service, version, args, serviceAccount.metadata.name),
                    },
                    { ...childOpts, dependsOn: injection },
                );
            }
        }
        this.registerOutputs({});
    }
}
