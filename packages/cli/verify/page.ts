import { ISTIO_NAMESPACE, RELEASES } from "../../../components/names";
import { isOwnIn } from "../target/namespaces";
import { diagnose } from "../diagnosis/diagnosis";
import { problemLine } from "../diagnosis/problem";
import { makeRequest, type Outcome } from "../load/requests";
import { reviewsOn } from "../load/reviews";
import { productpageUrl } from "../mesh/ingress";
import type { Mesh } from "../mesh/mesh";
import { type Check, failed, ok } from "./check";

/** Time for one page, in seconds. */
const TIMEOUT = 10;

/** The product page answers 200 at the ingress gateway's external address, with reviews on it. */
export const checkPage: Check = async (mesh, stop) => {
    const url = mesh.pageUrl ?? (await productpageUrl(mesh.api));
    const { status, failure, body = "" } = await askPage(url, {}, stop);
    if (status === undefined) {
        const remedy = "see whether this machine reaches that address: firewall, load balancer, VPN";
        return failed(`${url} does not answer: ${failure ?? ""}`, remedy);
    }
    if (status !== 200) {
        return failed(`${url} answers ${failure ?? status}`, await pageRemedy(mesh));
    }
    return reviewsOn(body) === "unavailable"
        ? failed(`${url} answers 200, without reviews`, await pageRemedy(mesh))
        : ok(`${url} answers 200`);
};

/** Asks for a page once. */
export function askPage(url: string, headers: Record<string, string>, stop?: AbortSignal): Promise<Outcome> {
    return makeRequest(url, TIMEOUT, { headers, signal: stop });
}

/** What to do about a page that does not come: whatever is wrong with Bookinfo's pods, else where to look. */
async function pageRemedy({ api, appNamespace, commands }: Mesh): Promise<string> {
    const idle = (await api.list("apps/v1", "Deployment", { fieldSelector: `metadata.namespace=${appNamespace}` }))
        .filter(({ spec }) => (spec as { replicas?: number }).replicas === 0)
        .map(({ metadata }) => metadata.name);
    if (idle.length > 0) {
        return `${commands.kubectl} --namespace ${appNamespace} scale deployment ${idle.join(" ")} --replicas 1`;
    }
    const problem = await diagnose(api, isOwnIn(appNamespace));
    return problem.length > 0
        ? `mend ${problem.map(problemLine).join("; ")}`
        : `see what the gateway says: ` +
              `${commands.kubectl} --namespace ${ISTIO_NAMESPACE} logs --selector app=${RELEASES.gateway}`;
}
