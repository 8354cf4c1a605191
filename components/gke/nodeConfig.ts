import type * as inputs from "@pulumi/gcp/types/input";
import type * as pulumi from "@pulumi/pulumi";
import { type DiskType, knownSeries } from "./machineSeries";

/** The nodes of a cluster. */
export interface NodeSettings {
    machineType: string;
    /** Spot VMs cost a fraction, but Google may take them away at any time. */
    spot: boolean;
    /** Size of each node's disk in GB. */
    diskSizeGb: number;
    /** Default: what the machine series boots from; Google's default if the series is not known. */
    diskType?: DiskType;
    /** The key that encrypts the nodes' disks: `projects/…/cryptoKeys/NAME`. Default: Google's own. */
    kmsKey?: string;
    /** Email of the service account that nodes run as. */
    serviceAccount: pulumi.Input<string>;
    labels: Readonly<Record<string, string>>;
}

/** How Google makes a node. */
export function nodeConfig(settings: NodeSettings): inputs.container.NodePoolNodeConfig {
    const series = knownSeries(settings.machineType);
    const diskType = settings.diskType ?? series?.disks[0];
    return {
        machineType: settings.machineType,
        spot: settings.spot,
        diskSizeGb: settings.diskSizeGb,
        ...(diskType && { diskType }),
        ...(settings.kmsKey !== undefined && { bootDiskKmsKey: settings.kmsKey }),
        imageType: "COS_CONTAINERD",
        serviceAccount: settings.serviceAccount,
        // The account's roles restrict the nodes; scopes are the older mechanism.
        oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"],
        shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
        workloadMetadataConfig: { mode: "GKE_METADATA" },
        metadata: { "disable-legacy-endpoints": "true" },
        kubeletConfig: { insecureKubeletReadonlyPortEnabled: "FALSE" },
        resourceLabels: settings.labels,
        // GKE taints nodes with Arm's CPUs, and no pod of the charts tolerates that. The images are for both kinds.
        ...(series?.arm && { taintConfig: { architectureTaintBehavior: "NONE" } }),
    };
}
