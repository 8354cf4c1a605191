import * as pulumi from "@pulumi/pulumi";
import { Deployment, Service, ServiceAccount } from "../kubernetes";
import { BACKGROUND_DELETION, SKIP_AWAIT } from "../annotations";
import { BOOKINFO_PORT } from "../names";
import { type ImageCredentials, pullSecretsIn } from "../pullSecrets";
import { type BookinfoPods, deploymentSpec } from "./deployment";
import { BOOKINFO_SERVICES, serviceAccountOf } from "./services";

export interface BookinfoArgs extends BookinfoPods {
    namespace: pulumi.Input<string>;
    /** What only the pods wait for: `injection` of an `InjectedNamespace`. */
    injection: pulumi.Resource[];
    /** Credentials for the images. */
    images: ImageCredentials;
}

/** Istio's sample application: productpage, details, ratings, and reviews in three versions. */
export class Bookinfo extends pulumi.ComponentResource {
    constructor(name: string, { injection, images, ...args }: BookinfoArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:bookinfo:Bookinfo", name, args, opts);

        const { namespace } = args;
        const childOpts = { parent: this };
        const pullSecrets = pullSecretsIn(name, namespace, images, childOpts);
        for (const service of BOOKINFO_SERVICES) {
            const labels = { app: service.name, service: service.name };
            new Service(
                `${name}-${service.name}`,
                {
                    // Without the wait for endpoints each Service is 10 s faster. Nothing is missed: the Deployments are
                    // awaited, and a Service of type ClusterIP has nothing else to wait for.
                    metadata: { name: service.name, namespace, labels, annotations: SKIP_AWAIT },
                    spec: {
                        type: "ClusterIP",
                        selector: { app: service.name },
                        ports: [{ name: "http", port: BOOKINFO_PORT, targetPort: "http" }],
                    },
                },
                childOpts,
            );

            // One service account for each service: Istio derives a workload's identity from it.
            const serviceAccount = new ServiceAccount(
                `${name}-${service.name}`,
                { metadata: { name: serviceAccountOf(service.name), namespace, labels: { account: service.name } } },
                childOpts,
            );

            for (const version of service.versions) {
                const workload = `${service.name}-${version}`;
                new Deployment(
                    `${name}-${workload}`,
                    {
                        metadata: {
                            name: workload,
                            namespace,
                            labels: { app: service.name, version },
                            // On destroy, istiod does not have to run until the last pod has ended.
                            annotations: BACKGROUND_DELETION,
                        },
                        spec: deploymentSpec(service, version, args, serviceAccount.metadata.name, pullSecrets),
                    },
                    { ...childOpts, dependsOn: injection },
                );
            }
        }
        this.registerOutputs({});
    }
}
