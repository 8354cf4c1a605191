import { loadBalancerAddress, urlOf } from "../../../components/istio/address";
import { ISTIO_NAMESPACE, PRODUCTPAGE_PATH, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { UserError } from "../../shared/errors";
import { commandLine } from "../../shared/invocation";

/** The ingress gateway's Service, which the chart names after its release. */
export const INGRESS_SERVICE = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: RELEASES.gateway, namespace: ISTIO_NAMESPACE },
};

/**
 * The product page's URL at the ingress gateway's external address.
 * @throws UserError if the gateway is missing or has no address
 */
export async function productpageUrl(api: ClusterApi): Promise<string> {
    const service = await api.read(INGRESS_SERVICE);
    const { name, namespace } = INGRESS_SERVICE.metadata;
    if (!service) {
        throw new UserError(
            `the cluster has no Service ${namespace}/${name}; is the program deployed there (${commandLine("up")})?`,
        );
    }
    const status = service.status as Parameters<typeof loadBalancerAddress>[0];
    const url = urlOf(loadBalancerAddress(status), PRODUCTPAGE_PATH);
    if (url === "") {
        throw new UserError(
            `Service ${namespace}/${name} has no external address; does the cluster have load balancers? If not, ` +
                `forward a port (kubectl -n ${namespace} port-forward svc/${name} 8080:80) and name the page: ` +
                `--url http://localhost:8080${PRODUCTPAGE_PATH}`,
        );
    }
    return url;
}
