import { ISTIO_MINOR } from "../../../config/schema";

/** The minor versions that Istio 1.31 supports (https://istio.io/latest/news/releases/1.31.x/announcing-1.31/). */
const SUPPORTED = { from: 32, to: 36 };

/** The same in words. */
export const SUPPORTED_VERSIONS = `Istio ${ISTIO_MINOR} supports 1.${SUPPORTED.from} to 1.${SUPPORTED.to}`;

export const NEWEST_SUPPORTED = `1.${SUPPORTED.to}`;

/**
 * The minor version of Kubernetes 1 in the words of any vendor, such as `v1.30.5-eks-1552ad0`, `v1.29.8+k3s1` or `1.31+`;
 * undefined if it is not one.
 */
export function minorVersion(version: string): number | undefined {
    const [, minor] = /^v?1\.(\d+)(?!\d)/.exec(version) ?? [];
    return minor === undefined ? undefined : Number(minor);
}

export function isSupported(minor: number): boolean {
    return minor >= SUPPORTED.from && minor <= SUPPORTED.to;
}
