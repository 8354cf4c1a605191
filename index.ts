import { readFileSync } from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Grafana } from "./components/addons/grafana/grafana";
import { Jaeger } from "./components/addons/jaeger";
import { Kiali } from "./components/addons/kiali";
import { portForwardCommands } from "./components/addons/portForward";
import { Prometheus } from "./components/addons/prometheus";
import { Servicegraph } from "./components/addons/servicegraph";
import { Bookinfo } from "./components/bookinfo/bookinfo";
import { BookinfoGateway } from "./components/bookinfo/gateway";
import { clusterOf } from "./components/cluster";
import { GkeCluster } from "./components/gke/gkeCluster";
import { InjectedNamespace } from "./components/injectedNamespace";
import { urlOf } from "./components/istio/address";
import { Istio } from "./components/istio/istio";
import { readConfig } from "./config";
import { switchedOn } from "./config/addons";
import { PRODUCTPAGE_PATH, PROMETHEUS_URL } from "./components/names";

const config = readConfig();

const cluster = clusterOf("cluster", config.cluster);
const { provider, ingressAddress } = cluster;
/** What leaves nothing outside of the cluster is not deleted one by one where the cluster goes as well. */
const inCluster = { provider, deletedWith: cluster.cluster };

const { tracing, prometheus, grafana, kiali, servicegraph, ...mesh } = config.istio;

const istio = new Istio("istio", { ...mesh, tracing, ingressAddress, cluster }, inCluster);
const app = new InjectedNamespace("app", { name: config.app.namespace, injector: istio.istiod }, inCluster);

const { gatewaySelector, namespace } = istio;
new Bookinfo("bookinfo", { ...config.bookinfo, namespace: app.name, injection: app.injection }, inCluster);
new BookinfoGateway("bookinfo", { namespace: app.name, gatewaySelector }, { ...inCluster, dependsOn: istio.routing });

const on = switchedOn(config.istio);
if (on.prometheus) {
    // A volume stays when its cluster goes, unless it is deleted before; and it is not, as long as a pod uses it.
    const opts = prometheus.storage.persistent ? { provider } : inCluster;
    new Prometheus("prometheus", { ...prometheus, namespace }, opts);
}
const grafanaServer = on.grafana
    ? new Grafana("grafana", { ...grafana, namespace, prometheusUrl: PROMETHEUS_URL }, inCluster)
    : undefined;
if (on.jaeger) {
    new Jaeger("jaeger", { ...tracing, namespace }, inCluster);
}
if (on.kiali) {
    const overrides = pulumi.output(mesh.values).kiali;
    const args = { ...kiali, timeout: mesh.timeout, namespace, neighbours: on, values: overrides };
    new Kiali("kiali", args, { ...inCluster, dependsOn: istio.base });
}
if (on.servicegraph) {
    new Servicegraph("servicegraph", { ...servicegraph, namespace, prometheusUrl: PROMETHEUS_URL }, inCluster);
}

/** The stack's outputs. One that is not there is left out: Pulumi would warn of an undefined one. */
export = {
    /** Where the ingress gateway answers: an IP address or, with some clouds, a host name. */
    ingressIp: istio.ingressAddress,
    productpageUrl: istio.ingressAddress.apply((address) => urlOf(address, PRODUCTPAGE_PATH)),
    /** A command for each add-on: while it runs, the add-on's page is at its port on this machine. */
    dashboards: pulumi.output(cluster.reachedBy).apply((target) => portForwardCommands(on, target)),
    /** Secret: `pulumi stack output grafanaAdminPassword --show-secrets`, for the user `admin`. */
    ...(grafanaServer && { grafanaAdminPassword: grafanaServer.adminPassword }),
    /** Secret: `pulumi stack output kubeconfig --show-secrets`. */
    kubeconfig: cluster.kubeconfig,
    ...(cluster instanceof GkeCluster && {
        clusterName: cluster.clusterName,
        location: cluster.location,
        /** The command that puts the cluster into one's own kubeconfig. */
        getCredentialsCommand: cluster.getCredentialsCommand,
        /** What Pulumi's console shows as the stack's README, with the other outputs filled in. */
        readme: readFileSync(path.join(__dirname, "Pulumi.README.md"), "utf8"),
    }),
};
