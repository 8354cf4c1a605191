import { diagnose } from "../diagnosis/diagnosis";
import { remedyOf } from "../diagnosis/refusals";
import { type Trouble, troubleLine, troubleLines } from "../diagnosis/trouble";
import { watchTrouble } from "../diagnosis/watch";
import { Fault, messageOf, Stopped } from "../fault";
import type { Progress } from "../progress";
import type { Site } from "./deployment";
import { appNamespaceOf, isOwnIn } from "./namespaces";

/** Does some work on a site, and adds to its fault what keeps the cluster from being ready, with remedies. */
export async function explaining(site: Site, work: () => Promise<void>): Promise<void> {
    try {
        await work();
    } catch (error) {
        throw error instanceof Fault ? await explained(error, site) : error;
    }
}

/**
 * The same, telling meanwhile of what does not become ready. Where waiting cannot mend it, the work is stopped.
 * @param work gets a signal that is aborted by the user's stop, and where there is no hope
 */
export async function explainingTrouble(
    site: Site,
    progress: Progress,
    stop: AbortSignal,
    work: (stop: AbortSignal) => Promise<void>,
): Promise<void> {
    const hopeless = new AbortController();
    const endWatch = watchTrouble(site.api, isOwnIn(appNamespaceOf(site.target.stack)), {
        onTrouble: (trouble) => {
            progress.note(troubleLine(trouble));
        },
        onHopeless: () => {
            hopeless.abort();
        },
    });
    try {
        await explaining(site, () =>
            work(AbortSignal.any([stop, hopeless.signal])).catch((error: unknown) => {
                throw error instanceof Stopped && hopeless.signal.aborted && !stop.aborted
                    ? new Fault("given up, for waiting does not mend this:")
                    : error;
            }),
        );
    } finally {
        endWatch();
    }
}

/** A fault with its own remedy, and with what is wrong in the cluster. */
async function explained(fault: Fault, { api, target }: Site): Promise<Fault> {
    const troubles: Trouble[] = await diagnose(api, isOwnIn(appNamespaceOf(target.stack))).catch(() => []);
    const remedy = remedyOf([fault.message, fault.cause ? messageOf(fault.cause) : ""].join("\n"));
    const lines = [...(remedy === undefined ? [] : [`  ${remedy}`]), ...troubleLines(troubles)];
    return lines.length === 0
        ? fault
        : new Fault([fault.message, ...lines, "Once that is done, run this again: it goes on from here."].join("\n"), {
              cause: fault.cause,
          });
}
