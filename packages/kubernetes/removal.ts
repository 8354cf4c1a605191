import type { ClusterApi } from "./api";
import { displayName, type ObjectReference } from "./object";
import { waitUntil } from "./wait";

/** Longest time for a deleted object to be gone, in seconds. */
export const REMOVAL_TIMEOUT = 120;

/** Deletes objects and waits until they are gone. @throws UserError with an object that is not gone after `timeout` seconds */
export async function removeObjects(
    api: ClusterApi,
    objects: readonly ObjectReference[],
    stop?: AbortSignal,
    timeout = REMOVAL_TIMEOUT,
): Promise<void> {
    await Promise.all(
        objects.map(async (object) => {
            await api.delete(object);
            await waitUntil(displayName(object), { timeout, stop }, async () =>
                (await api.read(object)) ? "is not gone" : undefined,
            );
        }),
    );
}
