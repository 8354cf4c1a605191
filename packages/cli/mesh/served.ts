/** How `up` finds out that the page is served: by a request or, if it would need a client's certificate, by a handshake. */
import type { ClusterApi } from "../../kubernetes/api";
import { UserError } from "../../shared/errors";
import { handshakeOver, shakeHands } from "./handshake";
import type { Ingress } from "./ingress";
import { type PageQuestion, type PageRequest, requestOnce, requestPage } from "./page";
import { accessTo, isPlain, lacksCertificate, securityOf } from "./pageClient";
import { askThroughApi, connectToGateway } from "./throughApi";

/** The question whether a gateway serves the page, for `waitForPage`. */
export function servedQuestion(
    api: ClusterApi,
    ingress: Ingress,
    { headers, stop }: Omit<PageRequest, "access"> = {},
): Pick<PageQuestion, "url" | "request" | "ask"> {
    const url = ingress.page?.url;
    if (lacksCertificate(ingress, undefined)) {
        const inside = async () =>
            handshakeOver(await connectToGateway(api, ingress.ports.pod), securityOf(ingress.access), true);
        return {
            url,
            request: async () => closedDoor(await shakeHands(api, ingress)),
            ask: async () => closedDoor(await inside()),
        };
    }
    const ask = () => askThroughApi(api, ingress, { headers, stop });
    if (isPlain(ingress.access)) {
        return { url, ask, request: (address) => requestPage(address, { headers, stop }) };
    }
    const access = accessTo(ingress);
    return { url, ask, request: (address) => requestOnce(address, { headers, stop, access }) };
}

/** A gateway that refuses a client without a certificate does what it should: this counts as the status 200. */
function closedDoor({ wantsCertificate, failure }: Awaited<ReturnType<typeof shakeHands>>): { status: number } {
    if (!wantsCertificate) {
        throw new UserError(failure ?? "the gateway does not ask for a certificate yet");
    }
    return { status: 200 };
}
