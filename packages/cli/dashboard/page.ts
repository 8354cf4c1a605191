import type { Duplex } from "node:stream";
import { ADDONS, BOOKINFO_PAGE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { UserError } from "../../shared/errors";
import { connectToAddon, type PageName } from "../mesh/addons";
import { findIngress } from "../mesh/ingress";
import {
    type ClientCertificate,
    isPlain,
    lacksCertificate,
    NEEDS_CERTIFICATE,
    requestHost,
    securityOf,
} from "../mesh/pageClient";
import { connectToPage, gatewayPods } from "../mesh/throughApi";
import { waitForAddon, waitForReadyPod } from "./addonPage";
import { bridge } from "./bridge";

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

/** What the page of Bookinfo needs. */
export interface PagePlace {
    /** The namespace of Bookinfo. */
    appNamespace: string;
    /** The client's own, for a gateway that asks for one. */
    certificate?: ClientCertificate;
}

/**
 * The page of an add-on, from its pod; or Bookinfo's, from the ingress gateway: so its routes and mutual TLS are those of
 * other clients. This machine gets it in plain HTTP, also from a gateway with TLS or hosts, which knows no localhost.
 * @throws UserError if the ingress gateway is missing, or wants a client's certificate
 */
export async function pageFor(api: ClusterApi, name: PageName, place: PagePlace): Promise<ForwardedPage> {
    if (name === BOOKINFO_PAGE.name) {
        const ingress = await findIngress(api, place);
        if (lacksCertificate(ingress, place.certificate)) {
            throw new UserError(NEEDS_CERTIFICATE);
        }
        const security = securityOf(ingress.access, place.certificate);
        const connect = async () => {
            const connection = await connectToPage(api, ingress, security);
            return isPlain(ingress.access) ? connection : bridge(connection, requestHost(ingress.access));
        };
        const wait = (stop: AbortSignal) => waitForReadyPod(name, () => gatewayPods(api), stop);
        return { name, port: BOOKINFO_PAGE.port, wait, connect };
    }
    return {
        name,
        port: ADDONS[name].port,
        wait: (stop) => waitForAddon(api, name, stop),
        connect: () => connectToAddon(api, name),
    };
}
