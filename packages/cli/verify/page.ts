import { shellWord } from "../../shared/shell";
import { ISTIO_NAMESPACE, RELEASES } from "../../../components/names";
import { diagnose } from "../diagnosis/diagnosis";
import { problemLine } from "../diagnosis/problem";
import { silenceNotice } from "../diagnosis/silence";
import { missingOn } from "../load/reviews";
import type { Mesh } from "../mesh/mesh";
import { NEEDS_CERTIFICATE } from "../mesh/pageClient";
import { isBookinfoDeployment, isOwnIn } from "../stack/namespaces";
import { type Check, failed, ok } from "./check";
import { mayLackParts, refusalOf, visitPage } from "./visit";

/**
 * The product page answers 200 at the ingress gateway's external address, with all its parts. If this machine does not reach
 * that address, the page is asked through the API server.
 */
export const checkPage: Check = async (mesh, stop) => {
    const visit = await visitPage(mesh, {}, stop);
    const { what, status, failure = "", body = "", closed, throughApi } = visit;
    if (closed) {
        return { status: "off", found: `${what} cannot be seen from here: ${NEEDS_CERTIFICATE}` };
    }
    const refusal = refusalOf(mesh, visit);
    if (refusal !== undefined) {
        return ok(`${what} answers ${String(status)}: ${refusal}`);
    }
    if (status === undefined) {
        const unreached = "check whether this machine reaches that address: firewall, load balancer, VPN";
        return failed(`${what} does not answer: ${failure}`, throughApi ? await remedyFor(mesh) : unreached);
    }
    if (status !== 200) {
        return failed(`${what} answers ${failure || status}`, await remedyFor(mesh));
    }
    const missing = missingOn(body);
    const found = `${what} answers 200${missing.length > 0 ? `, without ${missing.join(" and ")}` : ""}`;
    const cause = missing.length > 0 ? await causeIn(mesh) : undefined;
    if (cause !== undefined || (missing.length > 0 && !mayLackParts(mesh))) {
        return failed(found, cause ?? gatewayLogs(mesh));
    }
    if (!throughApi) {
        return missing.length > 0 ? ok(found, BY_CONFIG) : ok(found);
    }
    const { ingress, silence } = throughApi;
    const dashboard = `${mesh.commands.dashboard} bookinfo`;
    return ok(found, await silenceNotice(mesh.api, ingress, { failure: silence, dashboard }));
};

const BY_CONFIG = "The config of bookinfo.traffic or bookinfo.rateLimit may be the reason for what is missing.";

/** What to do about a missing page: fix Bookinfo's pods if they have problems, else where to look. */
async function remedyFor(mesh: Mesh): Promise<string> {
    return (await causeIn(mesh)) ?? gatewayLogs(mesh);
}

function gatewayLogs({ commands }: Mesh): string {
    const logs = `${commands.kubectl} --namespace ${ISTIO_NAMESPACE} logs --selector app=${RELEASES.gateway}`;
    return `see the gateway's logs: ${logs}`;
}

/** What to do about Bookinfo's Deployments without pods, or with pods that have problems; undefined if there are none. */
async function causeIn({ api, appNamespace, commands }: Mesh): Promise<string | undefined> {
    const idle = (await api.list("apps/v1", "Deployment", { fieldSelector: `metadata.namespace=${appNamespace}` }))
        .filter(isBookinfoDeployment)
        .filter(({ spec }) => (spec as { replicas?: number }).replicas === 0)
        .map(({ metadata }) => metadata.name);
    if (idle.length > 0) {
        return `${commands.kubectl} --namespace ${appNamespace} scale deployment ${idle.map(shellWord).join(" ")} --replicas 1`;
    }
    const problems = await diagnose(api, isOwnIn(appNamespace));
    return problems.length > 0 ? `fix ${problems.map(problemLine).join("; ")}` : undefined;
}
