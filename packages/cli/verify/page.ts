import { ISTIO_NAMESPACE, RELEASES } from "../../../components/names";
import { diagnose } from "../diagnosis/diagnosis";
import { problemLine } from "../diagnosis/problem";
import { makeRequest, type Outcome } from "../load/requests";
import { reviewsOn } from "../load/reviews";
import { productpageUrl } from "../mesh/ingress";
import type { Mesh } from "../mesh/mesh";
import { isBookinfoDeployment, isOwnIn } from "../stack/namespaces";
import { type Check, failed, ok } from "./check";

/** Time for one page, in seconds. */
const TIMEOUT = 10;

/** The product page answers 200 at the ingress gateway's external address, and has reviews. */
export const checkPage: Check = async (mesh, stop) => {
    const url = mesh.pageUrl ?? (await productpageUrl(mesh.api));
    const { status, failure = "", body = "" } = await requestPage(url, {}, stop);
    if (status === undefined) {
        const remedy = "check whether this machine reaches that address: firewall, load balancer, VPN";
        return failed(`${url} does not answer: ${failure}`, remedy);
    }
    if (status !== 200) {
        return failed(`${url} answers ${failure || status}`, await remedyFor(mesh));
    }
    return reviewsOn(body) === "unavailable"
        ? failed(`${url} answers 200, without reviews`, await remedyFor(mesh))
        : ok(`${url} answers 200`);
};

export function requestPage(url: string, headers: Record<string, string>, stop?: AbortSignal): Promise<Outcome> {
    return makeRequest(url, TIMEOUT, { headers, signal: stop });
}

/** What to do about a missing page: fix Bookinfo's pods if they have problems, else where to look. */
async function remedyFor({ api, appNamespace, commands }: Mesh): Promise<string> {
    const idle = (await api.list("apps/v1", "Deployment", { fieldSelector: `metadata.namespace=${appNamespace}` }))
        .filter(isBookinfoDeployment)
        .filter(({ spec }) => (spec as { replicas?: number }).replicas === 0)
        .map(({ metadata }) => metadata.name);
    if (idle.length > 0) {
        return `${commands.kubectl} --namespace ${appNamespace} scale deployment ${idle.join(" ")} --replicas 1`;
    }
    const problems = await diagnose(api, isOwnIn(appNamespace));
    return problems.length > 0
        ? `fix ${problems.map(problemLine).join("; ")}`
        : `see the gateway's logs: ` +
              `${commands.kubectl} --namespace ${ISTIO_NAMESPACE} logs --selector app=${RELEASES.gateway}`;
}
