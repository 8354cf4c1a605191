import { once } from "node:events";
import pc from "picocolors";
import { type AddonName, ADDONS } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { UserError } from "../../shared/errors";
import { ADDON_NAMES, isDeployed } from "../mesh/addons";
import { findDeployedCluster } from "../mesh/deployedCluster";
import { readMesh } from "../mesh/mesh";
import type { StackOptions } from "../stack/stack";
import { Progress } from "../terminal/progress";
import { runCommand } from "../terminal/runCommand";
import { alignedLines } from "../terminal/table";
import { connectToAddon, pageUrl, requireAddons, waitForAddon } from "./addonPage";
import { hasBrowser, openBrowser } from "./browser";
import { Forwarding } from "./forwarding";

export interface DashboardOptions extends StackOptions {
    all?: boolean;
    port?: number;
    open: boolean;
}

/** Runs `dashboard` until Ctrl-C, and exits. */
export function dashboard(names: AddonName[], options: DashboardOptions): Promise<void> {
    return runCommand((stop) => show(names, options, stop));
}

async function deployedAddons(api: ClusterApi): Promise<AddonName[]> {
    const found = await Promise.all(ADDON_NAMES.map((addon) => isDeployed(api, addon)));
    const addons = ADDON_NAMES.filter((_, index) => found[index]);
    if (addons.length === 0) {
        throw new UserError("no add-on is deployed");
    }
    return addons;
}

function forwardAddon(api: ClusterApi, addon: AddonName, port: number, single: boolean): Promise<Forwarding> {
    return Forwarding.open({
        port,
        oneOfSeveral: single ? undefined : addon,
        connect: () => connectToAddon(api, addon),
        onChange: (change) => {
            console.error(
                change === "back"
                    ? pc.green(`${addon} is back.`)
                    : pc.yellow(`${addon} is gone (${change.lost}); waiting for another pod.`),
            );
        },
    });
}

async function show(names: AddonName[], options: DashboardOptions, stop: AbortSignal): Promise<void> {
    if (options.all ? names.length > 0 : names.length === 0) {
        throw new UserError(`name one or more of ${ADDON_NAMES.join(", ")}, or only --all for all that are deployed`);
    }
    if (options.port !== undefined && (options.all || names.length > 1)) {
        throw new UserError("--port is for a single add-on; several use their default ports");
    }
    const cluster = await findDeployedCluster(options);
    const { api } = cluster;
    const addons = options.all ? await deployedAddons(api) : [...new Set(names)];
    await requireAddons(await readMesh(cluster), cluster.stack.name, addons);

    const forwardings: Forwarding[] = [];
    const portOf = (addon: AddonName) => options.port ?? ADDONS[addon].port;
    try {
        const single = names.length === 1;
        for (const addon of addons) {
            forwardings.push(await forwardAddon(api, addon, portOf(addon), single));
        }
        const progress = new Progress();
        await Promise.all(
            addons.map((addon) => progress.during(`${addon} is ready`, () => waitForAddon(api, addon, stop))),
        );
        const urls = addons.map((addon) => pageUrl(addon, portOf(addon)));
        const rows = addons.map((addon, index) => [addon, pc.bold(urls[index] ?? "")]);
        console.log(`\n${alignedLines(rows).join("\n")}\n\nCtrl-C ends this.`);
        if (options.open && hasBrowser({ ...process, terminal: process.stdout.isTTY })) {
            await Promise.all(urls.map(openBrowser));
        }
        if (!stop.aborted) {
            await once(stop, "abort");
        }
    } finally {
        for (const forwarding of forwardings) {
            forwarding.close();
        }
    }
}
