import type { Location } from "../components/gke/location";

/** Parses the name of a zone or region; undefined if it has neither form. Only Google knows whether it exists. */
export function parseLocation(name: string): Location | undefined {
    const [, region, zone] = /^([a-z]+-[a-z]+\d+)(-(?:ai\d+)?[a-z])?$/.exec(name) ?? [];
    return region === undefined ? undefined : { name, region, regional: zone === undefined };
}
