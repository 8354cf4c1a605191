/** Where a cluster is: in a zone, such as `us-central1-a`, or in all of a region, such as `us-central1`. */
export interface Location {
    name: string;
    /** The region itself, or the zone's. */
    region: string;
    /** Whether the cluster has control planes and nodes in several zones of the region. */
    regional: boolean;
}
