import { once } from "node:events";
import pc from "picocolors";
import { type AddonName, BOOKINFO_PAGE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { UserError } from "../../shared/errors";
import { ADDON_NAMES, isDeployed, PAGE_NAMES, type PageName } from "../mesh/addons";
import { findDeployedCluster } from "../mesh/deployedCluster";
import { INGRESS_SERVICE } from "../mesh/ingress";
import { readMesh } from "../mesh/mesh";
import { type CertificateOptions, readClientCertificate } from "../mesh/pageClient";
import type { StackOptions } from "../stack/stack";
import { Progress } from "../terminal/progress";
import { runCommand } from "../terminal/runCommand";
import { alignedLines } from "../terminal/table";
import { pageUrl, requireAddons } from "./addonPage";
import { hasBrowser, openBrowser } from "./browser";
import { Forwarding } from "./forwarding";
import { type ForwardedPage, pageFor } from "./page";

export interface DashboardOptions extends StackOptions, CertificateOptions {
    all?: boolean;
    port?: number;
    open: boolean;
}

/** Runs `dashboard` until Ctrl-C, and exits. */
export function dashboard(names: PageName[], options: DashboardOptions): Promise<void> {
    return runCommand((stop) => show(names, options, stop));
}

/** The pages that are deployed, Bookinfo's first. */
async function deployedPages(api: ClusterApi): Promise<PageName[]> {
    const [gateway, ...found] = await Promise.all([
        api.read(INGRESS_SERVICE),
        ...ADDON_NAMES.map((addon) => isDeployed(api, addon)),
    ]);
    const pages: PageName[] = [
        ...(gateway ? [BOOKINFO_PAGE.name] : []),
        ...ADDON_NAMES.filter((_, index) => found[index]),
    ];
    if (pages.length === 0) {
        throw new UserError("nothing is deployed that has a page");
    }
    return pages;
}

function forwardPage(
    { name, port, connect }: ForwardedPage,
    options: DashboardOptions,
    single: boolean,
): Promise<Forwarding> {
    return Forwarding.open({
        port: options.port ?? port,
        // Nobody relies on Bookinfo's port, and the URL is printed.
        orAnother: name === BOOKINFO_PAGE.name && options.port === undefined,
        oneOfSeveral: single ? undefined : name,
        connect,
        onChange: (change) => {
            console.error(
                change === "back"
                    ? pc.green(`${name} is back.`)
                    : pc.yellow(`${name} is gone (${change.lost}); waiting for another pod.`),
            );
        },
    });
}

async function show(names: PageName[], options: DashboardOptions, stop: AbortSignal): Promise<void> {
    if (options.all ? names.length > 0 : names.length === 0) {
        throw new UserError(`name one or more of ${PAGE_NAMES.join(", ")}, or only --all for all that are deployed`);
    }
    if (options.port !== undefined && (options.all || names.length > 1)) {
        throw new UserError("--port is for a single page; several use their default ports");
    }
    const cluster = await findDeployedCluster(options);
    const { api } = cluster;
    const wanted = options.all ? await deployedPages(api) : [...new Set(names)];
    const addons = wanted.filter((name): name is AddonName => name !== BOOKINFO_PAGE.name);
    if (addons.length > 0) {
        await requireAddons(await readMesh(cluster), cluster.stack.name, addons);
    }
    const place = { appNamespace: cluster.stack.appNamespace, certificate: readClientCertificate(options) };
    const pages = await Promise.all(wanted.map((name) => pageFor(api, name, place)));

    const forwardings: Forwarding[] = [];
    try {
        for (const page of pages) {
            forwardings.push(await forwardPage(page, options, names.length === 1));
        }
        const progress = new Progress();
        await Promise.all(pages.map(({ name, wait }) => progress.during(`${name} is ready`, () => wait(stop))));
        const urls = pages.map(({ name }, index) => pageUrl(name, forwardings[index]?.port ?? 0));
        const rows = pages.map(({ name }, index) => [name, pc.bold(urls[index] ?? "")]);
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
