import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { addonDeployment, type AddonSpec, labelsOf, portOf } from "./deployment";

export interface AddonArgs extends AddonSpec {
    namespace: pulumi.Input<string>;
    /** Its Services: the names of the ports that each one has. By default one of the add-on's name with all ports. */
    services?: Record<string, string[]>;
    /** What it may do in the whole cluster. Without, its pod gets no token for the API server. */
    permissions?: k8s.types.input.rbac.v1.PolicyRule[];
}

/** An add-on's Deployment, with the Services, configuration, storage and permissions that it needs. */
export class Addon extends pulumi.ComponentResource {
    constructor(name: string, args: AddonArgs, opts?: pulumi.ComponentResourceOptions) {
        // The files, large as they may be, are in the state already: with their ConfigMaps.
        const { config = {}, ...inputs } = args;
        super("bookinfo-mesh:addons:Addon", name, inputs, opts);

        const { namespace, services = { [args.name]: Object.keys(args.ports) } } = args;
        const labels = labelsOf(args.name);
        const childOpts = { parent: this };

        for (const [service, ports] of Object.entries(services)) {
            new k8s.core.v1.Service(
                `${name}-${service}`,
                {
                    metadata: {
                        name: service,
                        namespace,
                        labels,
                        // As with Bookinfo: the Deployment is awaited, its endpoints come with it.
                        annotations: { "pulumi.com/skipAwait": "true" },
                    },
                    spec: {
                        type: "ClusterIP",
                        selector: { app: args.name },
                        ports: ports.map((port) => ({ name: port, port: portOf(args, port), targetPort: port })),
                    },
                },
                childOpts,
            );
        }

        const serviceAccount = new k8s.core.v1.ServiceAccount(
            `${name}-account`,
            { metadata: { name: args.name, namespace, labels } },
            childOpts,
        ).metadata.name;
        if (args.permissions) {
            const role = new k8s.rbac.v1.ClusterRole(
                `${name}-role`,
                { metadata: { labels }, rules: args.permissions },
                childOpts,
            );
            new k8s.rbac.v1.ClusterRoleBinding(
                `${name}-role`,
                {
                    metadata: { labels },
                    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
                    subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace }],
                },
                childOpts,
            );
        }

        const configMaps = mapValues(
            config,
            ({ files }, volume) =>
                // Named by Pulumi: a changed one is another one, and the old pod keeps its own until it is gone.
                new k8s.core.v1.ConfigMap(
                    `${name}-${volume}`,
                    { metadata: { namespace, labels }, data: files },
                    childOpts,
                ).metadata.name,
        );
        const persistent = Object.entries(args.storage ?? {}).filter(([, storage]) => storage.persistent);
        const claims = mapValues(
            Object.fromEntries(persistent),
            ({ size }, volume) =>
                new k8s.core.v1.PersistentVolumeClaim(
                    `${name}-${volume}`,
                    {
                        metadata: {
                            namespace,
                            labels,
                            // Many storage classes make no volume before there is a pod for it.
                            annotations: { "pulumi.com/skipAwait": "true" },
                        },
                        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } } },
                    },
                    childOpts,
                ).metadata.name,
        );

        new k8s.apps.v1.Deployment(
            `${name}-deployment`,
            {
                metadata: { name: args.name, namespace, labels },
                spec: addonDeployment(args, {
                    serviceAccount,
                    configMaps,
                    claims,
                    talksToApiServer: args.permissions !== undefined,
                }),
            },
            childOpts,
        );
        this.registerOutputs({});
    }
}

function mapValues<T, U>(record: Record<string, T>, map: (value: T, key: string) => U): Record<string, U> {
    return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
