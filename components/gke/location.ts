/** The location of a cluster: a zone, such as `us-central1-a`, or a region, such as `us-central1`. */
export interface Location {
    name: string;
    /** The region itself, or the region of the zone. */
    region: string;
    /** Whether it is a region: the cluster then has control planes and nodes in several zones. */
    regional: boolean;
}
