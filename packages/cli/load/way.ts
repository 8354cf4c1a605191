/** The way of a load to the product page. */
import pc from "picocolors";
import { BOOKINFO_PAGE } from "../../../components/names";
import { invocationOf } from "../../shared/invocation";
import { Forwarding } from "../dashboard/forwarding";
import { silenceNotice } from "../diagnosis/silence";
import type { DeployedCluster } from "../mesh/deployedCluster";
import { findIngress } from "../mesh/ingress";
import { silenceOf } from "../mesh/silence";
import { connectToGateway } from "../mesh/throughApi";
import { optionsFor } from "../stack/suggestions";
import { pageAccessOf } from "../token/pageAccess";

export interface LoadWay {
    url: string;
    /** What the page asks for: a token, if it takes those of this clone. */
    headers: Record<string, string>;
    close: () => void;
}

/**
 * The page's address or, if there is none or nothing answers there, a port-forward to the ingress gateway's pods. The
 * latter is said on standard error.
 * @throws UserError if the gateway is missing
 */
export async function openWay({ stack, api }: DeployedCluster, stop?: AbortSignal): Promise<LoadWay> {
    const { headers } = pageAccessOf(stack.file);
    const ingress = await findIngress(api, stack.ingress?.address);
    const url = ingress.page?.url;
    const failure = url === undefined ? undefined : await silenceOf(url, stop);
    if (url !== undefined && failure === undefined) {
        return { url, headers, close: () => undefined };
    }
    const dashboard = [invocationOf("dashboard"), BOOKINFO_PAGE.name, ...optionsFor(stack)].join(" ");
    const notice = await silenceNotice(api, ingress, { failure, dashboard });
    console.error(pc.yellow(`${notice}\nThe requests go through a port-forward, which is slower.`));
    const forwarding = await Forwarding.open({
        port: 0,
        connect: () => connectToGateway(api, ingress),
        onChange: () => undefined,
    });
    return {
        url: `http://127.0.0.1:${forwarding.port}${BOOKINFO_PAGE.path}`,
        headers,
        close: () => {
            forwarding.close();
        },
    };
}
