/** Where a cluster is: in a zone, such as `us-central1-a`, or in all of a region, such as `us-central1`. */
export interface Location {
    name: string;
    /** The region itself, or the zone's. */
    region: string;
    /** Whether the cluster has control planes and nodes in several zones of the region. */
    regional: boolean;
}

/** A location out of the name of a zone or region; undefined if it has the form of neither. Whether it exists, Google knows. */
export function parseLocation(name: string): Location | undefined {
    const [, region, zone] = /^([a-z]+-[a-z]+\d+)(-(?:ai\d+)?[a-z])?$/.exec(name) ?? [];
    return region === undefined ? undefined : { name, region, regional: zone === undefined };
}
