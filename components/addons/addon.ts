import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
    ConfigMap,
    Deployment,
    PersistentVolumeClaim,
    Role,
    RoleBinding,
    Service,
    ServiceAccount,
} from "../kubernetes";
import { SKIP_AWAIT } from "../annotations";
import type { PullSecrets } from "../pullSecrets";
import type { UserChoice } from "../restrictedPod";
import { addonDeployment, type AddonSpec, labelsOf, portOf } from "./deployment";

/** Where an add-on runs, and what its pod needs there. */
export interface AddonPlace extends UserChoice {
    namespace: pulumi.Input<string>;
    /** Pull secrets in the namespace. */
    pullSecrets?: PullSecrets;
}

export interface AddonArgs extends AddonSpec, AddonPlace {
    /** Its Services, each with the names of its ports. By default there is one with the add-on's name and all ports. */
    services?: Record<string, string[]>;
    /** Its permissions. Without them, its pod gets no token for the API server. */
    permissions?: Permissions;
}

export interface Permissions {
    rules: k8s.types.input.rbac.v1.PolicyRule[];
    /** The namespaces in which it has them: their names, each as it is known once the namespace exists. */
    namespaces: Record<string, pulumi.Input<string>>;
}

/** An add-on's Deployment with its Services, configuration, storage and permissions. */
export class Addon extends pulumi.ComponentResource {
    constructor(name: string, args: AddonArgs, opts?: pulumi.ComponentResourceOptions) {
        // The files can be large, and their ConfigMaps have them in the state already. The component would wait for namespaces.
        const { config = {}, permissions, ...inputs } = args;
        super("bookinfo-mesh:addons:Addon", name, inputs, opts);

        const { namespace, services = { [args.name]: Object.keys(args.ports) } } = args;
        const labels = labelsOf(args.name);
        const childOpts = { parent: this };

        for (const [service, ports] of Object.entries(services)) {
            new Service(
                `${name}-${service}`,
                {
                    // As with Bookinfo: the Deployment is awaited, and with it the endpoints.
                    metadata: { name: service, namespace, labels, annotations: SKIP_AWAIT },
                    spec: {
                        type: "ClusterIP",
                        selector: { app: args.name },
                        ports: ports.map((port) => ({ name: port, port: portOf(args, port), targetPort: port })),
                    },
                },
                childOpts,
            );
        }

        const serviceAccount = new ServiceAccount(
            `${name}-account`,
            { metadata: { name: args.name, namespace, labels } },
            childOpts,
        ).metadata.name;
        for (const [where, place] of Object.entries(permissions?.namespaces ?? {})) {
            const metadata = { namespace: place, labels };
            const role = new Role(`${name}-role-${where}`, { metadata, rules: permissions?.rules }, childOpts);
            new RoleBinding(
                `${name}-role-${where}`,
                {
                    metadata,
                    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
                    subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace }],
                },
                childOpts,
            );
        }

        const configMaps = mapValues(
            config,
            ({ files }, volume) =>
                // Named by Pulumi: a change creates a new ConfigMap, and the old pod keeps the old one until it ends.
                new ConfigMap(`${name}-${volume}`, { metadata: { namespace, labels }, data: files }, childOpts).metadata
                    .name,
        );
        const persistent = Object.entries(args.storage ?? {}).filter(([, storage]) => storage.persistent);
        const claims = mapValues(
            Object.fromEntries(persistent),
            ({ size }, volume) =>
                new PersistentVolumeClaim(
                    `${name}-${volume}`,
                    {
                        // Many storage classes create a volume only when a pod uses it.
                        metadata: { namespace, labels, annotations: SKIP_AWAIT },
                        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } } },
                    },
                    childOpts,
                ).metadata.name,
        );

        new Deployment(
            `${name}-deployment`,
            {
                metadata: { name: args.name, namespace, labels },
                spec: addonDeployment(args, {
                    serviceAccount,
                    pullSecrets: args.pullSecrets,
                    configMaps,
                    claims,
                    talksToApiServer: permissions !== undefined,
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
