import type { Duplex } from "node:stream";
import { ADDONS, BOOKINFO_PAGE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { PageName } from "../mesh/addons";
import { findIngress } from "../mesh/ingress";
import { connectToGateway, gatewayPods } from "../mesh/throughApi";
import { connectToAddon, waitForAddon, waitForReadyPod } from "./addonPage";

/** A page as it is forwarded to this machine. */
export interface ForwardedPage {
    name: PageName;
    /** The local port, unless the user chooses another. */
    port: number;
    /** Waits until a pod serves the page. */
    wait: (stop: AbortSignal) => Promise<void>;
    /** Opens a connection to such a pod. */
    connect: () => Promise<Duplex>;
}

/**
 * The page of an add-on, from its pod; or Bookinfo's, from the ingress gateway: so its routes and mutual TLS are those of
 * other clients.
 * @throws UserError if the ingress gateway is missing
 */
export async function pageFor(api: ClusterApi, name: PageName): Promise<ForwardedPage> {
    if (name === BOOKINFO_PAGE.name) {
        const ingress = await findIngress(api);
        const wait = (stop: AbortSignal) => waitForReadyPod(name, () => gatewayPods(api), stop);
        return { name, port: BOOKINFO_PAGE.port, wait, connect: () => connectToGateway(api, ingress) };
    }
    return {
        name,
        port: ADDONS[name].port,
        wait: (stop) => waitForAddon(api, name, stop),
        connect: () => connectToAddon(api, name),
    };
}
