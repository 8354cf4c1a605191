import { isSupported, minorVersion, NEWEST_SUPPORTED, SUPPORTED_VERSIONS } from "../mesh/kubernetesVersion";
import { type Check, ok } from "./check";

/** Where Google says when each minor version is without support. */
const SCHEDULE = "https://cloud.google.com/kubernetes-engine/docs/release-schedule";

/**
 * Whether Istio supports the server's version. Another one can still work, so that is a note. When a cluster is upgraded, only its owner
 * knows, apart from GKE, whose clusters all follow one schedule.
 */
export const checkKubernetes: Check = async ({ api }) => {
    const answer = await api.ask<{ gitVersion?: string }>("/version");
    const version = answer?.gitVersion;
    const minor = version === undefined ? undefined : minorVersion(version);
    if (version === undefined || minor === undefined) {
        return { status: "off", found: "the API server does not tell its version" };
    }
    const found = `${version}; ${SUPPORTED_VERSIONS}`;
    if (!isSupported(minor)) {
        return ok(found, "this version is outside of what Istio is tested with. Upgrade the one that is behind");
    }
    const note = version.includes("-gke.")
        ? `Google upgrades to the next minor version when 1.${minor} is without support, at the latest (${SCHEDULE}). ` +
          `This Istio is safe until ${NEWEST_SUPPORTED} is`
        : undefined;
    return ok(found, note);
};
