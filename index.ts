import { Bookinfo } from "./components/bookinfo/bookinfo";
import { BookinfoGateway } from "./components/bookinfo/gateway";
import { kubeconfigCluster } from "./components/cluster";
import { InjectedNamespace } from "./components/injectedNamespace";
import { urlOf } from "./components/istio/address";
import { Istio } from "./components/istio/istio";
import { readConfig } from "./config";
import { PRODUCTPAGE_PATH } from "./names";

const config = readConfig();

const cluster = kubeconfigCluster("cluster", config.cluster);
const { provider } = cluster;

const istio = new Istio("istio", config.istio, { provider });
const app = new InjectedNamespace("app", { name: config.app.namespace }, { provider, dependsOn: istio.istiod });

new Bookinfo("bookinfo", { ...config.bookinfo, namespace: app.name }, { provider });
new BookinfoGateway("bookinfo", { namespace: app.name, gatewaySelector: istio.gatewaySelector }, { provider });

/** Where the ingress gateway answers: an IP address or, with some clouds, a host name. */
export const ingressIp = istio.ingressAddress;
export const productpageUrl = istio.ingressAddress.apply((address) => urlOf(address, PRODUCTPAGE_PATH));
/** Secret: `pulumi stack output kubeconfig --show-secrets`. */
export const kubeconfig = cluster.kubeconfig;
