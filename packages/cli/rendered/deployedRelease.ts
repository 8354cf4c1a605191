import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import type { Release } from "../../kubernetes/helm";
import { RELEASE_ANNOTATION, type ReleaseName, releaseSecrets, revisionsOf } from "../../kubernetes/releases";
import { filesBelow } from "../../shared/filesBelow";
import { PROJECT_FOLDER } from "../../shared/project";

/*
 * `helm upgrade` takes two seconds for each release, also if nothing changes. So a release is left as it is while its chart, its values,
 * Helm's revision and its objects are those of the last upgrade.
 */

/** The kinds of a release's objects that are compared. A change of other kinds is not seen here. */
const KINDS = [
    ["apps/v1", "Deployment"],
    ["apps/v1", "DaemonSet"],
    ["v1", "Service"],
    ["v1", "ConfigMap"],
    ["apiextensions.k8s.io/v1", "CustomResourceDefinition"],
] as const;

/** Helm sets it on every object of a release. */
const MANAGED_BY_HELM = { labelSelector: "app.kubernetes.io/managed-by=Helm" };

/**
 * A hash of what is deployed of a release now: another one if an upgrade would change something. Objects without a generation, such as
 * ConfigMaps, count as changed only if they are new or gone.
 * @returns undefined if that cannot be known, or the release's last operation has not succeeded
 */
export async function deployedRelease(release: Release, api: ClusterApi): Promise<string | undefined> {
    const content = contentOf(release);
    if (content === undefined) {
        return undefined;
    }
    try {
        const [secrets, objects] = await Promise.all([releaseSecrets(api, release.namespace), objectsOf(release, api)]);
        const [newest] = revisionsOf(release, secrets);
        return newest?.status === "deployed" ? hashOf([content, newest.uid, objects]) : undefined;
    } catch (error) {
        // Who may not list these objects can upgrade the release all the same.
        if (error instanceof ApiError) {
            return undefined;
        }
        throw error;
    }
}

/** The release's objects of these kinds, in a fixed order, as the API server counts their changes. */
async function objectsOf({ name, namespace }: ReleaseName, api: ClusterApi): Promise<string[]> {
    const lists = await Promise.all(KINDS.map(([version, kind]) => api.listMetadata(version, kind, MANAGED_BY_HELM)));
    return lists
        .flat()
        .filter(
            ({ metadata: { annotations = {} } }) =>
                annotations[RELEASE_ANNOTATION.name] === name &&
                annotations[RELEASE_ANNOTATION.namespace] === namespace,
        )
        .map(({ metadata: { uid = "", generation = 0 } }) => `${uid} ${String(generation)}`)
        .sort();
}

/** A hash of a release's chart and values; undefined if a repository can have another chart under the same name. */
function contentOf({ chart, repository, version, values }: Release): string | undefined {
    const local = path.resolve(PROJECT_FOLDER, chart);
    const isLocal = repository === undefined && existsSync(local);
    if (!isLocal && version === undefined) {
        return undefined;
    }
    const files = !isLocal ? [] : statSync(local).isDirectory() ? filesBelow(local).sort() : [local];
    const contents = files.map((file) => [path.relative(local, file), hashOf(readFileSync(file))]);
    return hashOf([chart, repository, version, values, contents]);
}

function hashOf(content: Buffer | readonly unknown[]): string {
    return createHash("sha256")
        .update(Buffer.isBuffer(content) ? content : JSON.stringify(content))
        .digest("hex");
}
