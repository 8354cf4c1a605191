import * as pulumi from "@pulumi/pulumi";
import { Grafana } from "./components/addons/grafana/grafana";
import { Jaeger } from "./components/addons/jaeger";
import { Kiali } from "./components/addons/kiali";
import { portForwardCommands } from "./components/addons/portForward";
import { Prometheus } from "./components/addons/prometheus";
import { Servicegraph } from "./components/addons/servicegraph";
import { Bookinfo } from "./components/bookinfo/bookinfo";
import { BookinfoGateway } from "./components/bookinfo/gateway";
import { kubeconfigCluster } from "./components/cluster";
import { InjectedNamespace } from "./components/injectedNamespace";
import { urlOf } from "./components/istio/address";
import { Istio } from "./components/istio/istio";
import { readConfig } from "./config";
import { switchedOn } from "./config/switches";
import { PRODUCTPAGE_PATH, PROMETHEUS_URL } from "./names";

const config = readConfig();

const cluster = kubeconfigCluster("cluster", config.cluster);
const { provider } = cluster;

const { tracing, prometheus, grafana, kiali, servicegraph, ...mesh } = config.istio;

const istio = new Istio("istio", { ...mesh, tracing }, { provider });
const app = new InjectedNamespace("app", { name: config.app.namespace }, { provider, dependsOn: istio.istiod });

new Bookinfo("bookinfo", { ...config.bookinfo, namespace: app.name }, { provider });
new BookinfoGateway("bookinfo", { namespace: app.name, gatewaySelector: istio.gatewaySelector }, { provider });

const { namespace } = istio;
const on = switchedOn(config.istio);
if (on.prometheus) {
    new Prometheus("prometheus", { ...prometheus, namespace }, { provider });
}
const grafanaServer = on.grafana
    ? new Grafana("grafana", { ...grafana, namespace, prometheusUrl: PROMETHEUS_URL }, { provider })
    : undefined;
if (on.jaeger) {
    new Jaeger("jaeger", { ...tracing, namespace }, { provider });
}
if (on.kiali) {
    const overrides = pulumi.output(mesh.values).kiali;
    new Kiali("kiali", { ...kiali, namespace, neighbours: on, values: overrides }, { provider, dependsOn: istio.base });
}
if (on.servicegraph) {
    new Servicegraph("servicegraph", { ...servicegraph, namespace, prometheusUrl: PROMETHEUS_URL }, { provider });
}

/** The stack's outputs. One that is not there is left out: Pulumi would warn of an undefined one. */
export = {
    /** Where the ingress gateway answers: an IP address or, with some clouds, a host name. */
    ingressIp: istio.ingressAddress,
    productpageUrl: istio.ingressAddress.apply((address) => urlOf(address, PRODUCTPAGE_PATH)),
    /** A command for each add-on: while it runs, the add-on's page is at its port on this machine. */
    dashboards: portForwardCommands(on, config.cluster),
    /** Secret: `pulumi stack output grafanaAdminPassword --show-secrets`, for the user `admin`. */
    ...(grafanaServer && { grafanaAdminPassword: grafanaServer.adminPassword }),
    /** Secret: `pulumi stack output kubeconfig --show-secrets`. */
    kubeconfig: cluster.kubeconfig,
};
