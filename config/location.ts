import type { Location } from "../components/gke/location";

/** A location out of the name of a zone or region; undefined if it has the form of neither. Whether it exists, Google knows. */
export function parseLocation(name: string): Location | undefined {
    const [, region, zone] = /^([a-z]+-[a-z]+\d+)(-(?:ai\d+)?[a-z])?$/.exec(name) ?? [];
    return region === undefined ? undefined : { name, region, regional: zone === undefined };
}
