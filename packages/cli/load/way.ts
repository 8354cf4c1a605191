/** The way of a load to the product page. */
import pc from "picocolors";
import { urlAt } from "../../../components/istio/address";
import { BOOKINFO_PAGE } from "../../../components/names";
import { UserError } from "../../shared/errors";
import { invocationOf } from "../../shared/invocation";
import { Forwarding } from "../dashboard/forwarding";
import { silenceNotice } from "../diagnosis/silence";
import type { DeployedCluster } from "../mesh/deployedCluster";
import { findIngress } from "../mesh/ingress";
import { accessTo, type ClientCertificate, isPlain, lacksCertificate, NEEDS_CERTIFICATE } from "../mesh/pageClient";
import { silenceOf } from "../mesh/silence";
import { connectToGateway } from "../mesh/throughApi";
import { optionsFor } from "../stack/suggestions";
import { pageAccessOf } from "../token/pageAccess";
import type { Load } from "./requests";

export interface LoadWay extends Pick<Load, "url" | "access"> {
    /** What the page asks for: a token, if it takes those of this clone. */
    headers: Record<string, string>;
    close: () => void;
}

/**
 * The page's address or, if there is none or nothing answers there, a port-forward to the ingress gateway's pods. The
 * latter is said on standard error.
 * @param certificate the client's own
 * @throws UserError if the gateway is missing, or wants a certificate
 */
export async function openWay(
    { stack, api }: DeployedCluster,
    stop?: AbortSignal,
    certificate?: ClientCertificate,
): Promise<LoadWay> {
    const { appNamespace } = stack;
    const { headers } = pageAccessOf(stack.file);
    const ingress = await findIngress(api, { appNamespace, address: stack.ingress?.address });
    if (lacksCertificate(ingress, certificate)) {
        throw new UserError(NEEDS_CERTIFICATE);
    }
    const access = accessTo(ingress, certificate);
    const url = ingress.page?.url;
    const failure = url === undefined ? undefined : await silenceOf(url, stop, access);
    if (url !== undefined && failure === undefined) {
        return { url, access, headers, close: () => undefined };
    }
    const dashboard = [invocationOf("dashboard"), BOOKINFO_PAGE.name, ...optionsFor(stack)].join(" ");
    const notice = await silenceNotice(api, ingress, { failure, dashboard });
    console.error(pc.yellow(`${notice}\nThe requests go through a port-forward, which is slower.`));
    const forwarding = await Forwarding.open({
        port: 0,
        connect: () => connectToGateway(api, ingress.ports.pod),
        onChange: () => undefined,
    });
    const endpoint = { host: "127.0.0.1", port: forwarding.port };
    const served = { hosts: ingress.access.hosts, https: ingress.access.tls !== undefined };
    return {
        url: urlAt(endpoint, BOOKINFO_PAGE.path, served),
        access: isPlain(ingress.access) ? {} : { ...access, endpoint },
        headers,
        close: () => {
            forwarding.close();
        },
    };
}
