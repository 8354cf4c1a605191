/** What depends on the series of a machine type, such as `e2` of `e2-standard-2`. */

/** The boot disks of GKE's nodes (https://cloud.google.com/kubernetes-engine/docs/how-to/custom-boot-disks). */
export const DISK_TYPES = ["pd-balanced", "pd-ssd", "pd-standard", "hyperdisk-balanced"] as const;

export type DiskType = (typeof DISK_TYPES)[number];

interface MachineSeries {
    /** The disks that its machines can boot from; the first is the default. */
    disks: readonly [DiskType, ...DiskType[]];
    /** Whether its CPUs are Arm's. Default: they are x86's. */
    arm?: true;
}

const PERSISTENT = { disks: ["pd-balanced", "pd-ssd", "pd-standard"] } as const;
const WITHOUT_STANDARD = { disks: ["pd-balanced", "pd-ssd", "hyperdisk-balanced"] } as const;
const HYPERDISK = { disks: ["hyperdisk-balanced"] } as const;

/**
 * The series as of November 2026. Sources: the table "Machine series support" of each kind of disk
 * (https://cloud.google.com/compute/docs/disks/persistent-disks#machine_series_support and
 * https://cloud.google.com/compute/docs/disks/hyperdisks#machine-type-support), and reports of machines that did not start:
 * hashicorp/terraform-provider-google#19890 and #20247, GoogleCloudPlatform/cloud-foundation-fabric#3627.
 */
const SERIES: Readonly<Record<string, MachineSeries>> = {
    e2: PERSISTENT,
    n1: PERSISTENT,
    n2: PERSISTENT,
    n2d: PERSISTENT,
    c2: PERSISTENT,
    c2d: PERSISTENT,
    t2d: PERSISTENT,
    a2: PERSISTENT,
    g2: { disks: ["pd-balanced", "pd-ssd"] },
    c3: WITHOUT_STANDARD,
    c3d: WITHOUT_STANDARD,
    n4: HYPERDISK,
    n4d: HYPERDISK,
    c4: HYPERDISK,
    c4d: HYPERDISK,
    t2a: { ...PERSISTENT, arm: true },
    c4a: { ...HYPERDISK, arm: true },
    n4a: { ...HYPERDISK, arm: true },
};

/** The series of a machine type, such as `e2` of `e2-standard-2`. */
export function seriesOf(machineType: string): string {
    return machineType.split("-", 1)[0] ?? "";
}

/** What is known of the machine type's series; undefined if nothing is. */
export function knownSeries(machineType: string): MachineSeries | undefined {
    return SERIES[seriesOf(machineType)];
}
