import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Grafana } from "./components/addons/grafana/grafana";
import { Jaeger } from "./components/addons/jaeger";
import { Kiali, kialiNames } from "./components/addons/kiali";
import { pageForwardCommand, portForwardCommands } from "./components/addons/portForward";
import { Prometheus } from "./components/addons/prometheus";
import { Servicegraph } from "./components/addons/servicegraph";
import { Bookinfo } from "./components/bookinfo/bookinfo";
import { curlCommand } from "./components/bookinfo/curlCommand";
import { BookinfoGateway } from "./components/bookinfo/gateway";
import { openCommand } from "./components/bookinfo/openCommand";
import { BookinfoSecurity } from "./components/bookinfo/security";
import { BookinfoTraffic } from "./components/bookinfo/traffic";
import { REDIRECTED_BY_CNI } from "./components/annotations";
import { createCluster } from "./components/cluster";
import { GkeCluster } from "./components/gke/gkeCluster";
import { stackReadme } from "./components/gke/readme";
import { InjectedNamespace } from "./components/injectedNamespace";
import { urlAt } from "./components/istio/address";
import { GatewayTls } from "./components/istio/gatewayTls";
import { Istio } from "./components/istio/istio";
import { mergeValues } from "./components/istio/merge";
import { clusterDomainOf, gatewayServiceAccountOf, trustDomainOf } from "./components/istio/values";
import { ISTIO_NAMESPACE, PRODUCTPAGE_PATH, PROMETHEUS_URL } from "./components/names";
import { NetworkPolicies } from "./components/networkPolicies";
import { readConfig } from "./config";
import { enabledAddons } from "./config/addons";
import { existsBefore } from "./config/cluster";

const config = readConfig();

const cluster = createCluster("cluster", config.cluster);
const { provider, ingressAddress } = cluster;
/** For resources without traces outside of the cluster: they are not deleted one by one if the cluster is deleted too. */
const inCluster = { provider, deletedWith: cluster.cluster };

const { tracing, prometheus, grafana, kiali, servicegraph, networkPolicies, ingress, ...mesh } = config.istio;
const { platform } = mesh;
/** OpenShift gives each namespace a range of users, and refuses all others. */
const users = platform === "openshift" ? { clusterAssignsUsers: true } : {};

const namespaceExists = existsBefore(config.cluster, ISTIO_NAMESPACE);
const { external, hosts, address, tls } = ingress;
const https = tls !== undefined;
const meshArgs = { ...mesh, images: config.images, tracing, ...(https && { https }) };
const istioArgs = { ...meshArgs, ingressAddress, cluster, namespaceExists };
const istio = new Istio("istio", istioArgs, inCluster);
const { namespace: name, namespaceLabels: labels } = config.app;
const exists = existsBefore(config.cluster, name);
const app = new InjectedNamespace("app", { name, labels, exists, injector: istio.istiod }, inCluster);

const { gatewaySelector, namespace, pullSecrets } = istio;
const addon = { ...users, namespace, pullSecrets };
const pods = { ...users, ...(mesh.cni && { podAnnotations: REDIRECTED_BY_CNI }) };
const { traffic, security, ...bookinfoImages } = config.bookinfo;
const bookinfo = { ...bookinfoImages, ...pods, images: config.images };
new Bookinfo("bookinfo", { ...bookinfo, namespace: app.name, injection: app.injection }, inCluster);

const gatewayNames = { ...(hosts && { hosts }), ...(address && { address }) };
const gatewayTls = tls && new GatewayTls("gateway", { namespace, settings: tls, ...gatewayNames }, inCluster);
const access = { ...(hosts && { hosts }), ...(gatewayTls && { tls: gatewayTls.server }) };

// No request comes in before it meets what protects Bookinfo.
const admission: pulumi.Resource[] = [...istio.routing];
if (Object.keys(security).length > 0) {
    // They are no secrets, even if the Helm values are encrypted.
    const identities = pulumi.unsecret(
        pulumi.output(mesh.values).apply(({ istiod, gateway }) => ({
            trustDomain: trustDomainOf(istiod),
            gatewayServiceAccount: gatewayServiceAccountOf(gateway),
        })),
    );
    const args = { ...security, namespace: app.name, namespaceExists: exists, identities };
    admission.push(new BookinfoSecurity("bookinfo", args, { ...inCluster, dependsOn: istio.routing }));
}
const gatewayOpts = { ...inCluster, dependsOn: [...admission, ...(gatewayTls?.secrets ?? [])] };
new BookinfoGateway("bookinfo", { namespace: app.name, gatewaySelector, ...access }, gatewayOpts);

if (Object.keys(traffic).length > 0) {
    const args = { namespace: app.name, traffic };
    new BookinfoTraffic("bookinfo", args, { ...inCluster, dependsOn: istio.routing });
}

const enabled = enabledAddons(config.istio);
const prometheusUrl = prometheus.url ?? PROMETHEUS_URL;
if (networkPolicies) {
    const args = { namespace, addons: enabled, prometheusUrl: prometheus.url };
    new NetworkPolicies("network-policies", args, inCluster);
}
if (enabled.prometheus) {
    // A volume outlives the cluster, unless it is deleted before. And it cannot be deleted while a pod uses it.
    const opts = prometheus.storage.persistent ? { provider } : inCluster;
    const scraped = { app: { name, existing: app.name } };
    new Prometheus("prometheus", { ...prometheus, ...scraped, ...addon }, opts);
}
const grafanaServer = enabled.grafana
    ? new Grafana("grafana", { ...grafana, ...addon, prometheusUrl }, inCluster)
    : undefined;
if (enabled.jaeger) {
    new Jaeger("jaeger", { ...tracing, ...addon }, inCluster);
}
if (enabled.kiali) {
    const overrides = pulumi.output(mesh.values).apply(({ istiod, kiali }) => {
        const names = { prometheusUrl: prometheus.url, clusterDomain: clusterDomainOf(istiod) };
        return mergeValues(kialiNames(names), kiali);
    });
    const { timeout } = mesh;
    const place = { platform, timeout, namespace, appNamespace: name, pullSecrets };
    const args = { ...kiali, ...place, neighbours: enabled, values: overrides };
    new Kiali("kiali", args, { ...inCluster, dependsOn: [istio.base, ...app.created] });
}
if (enabled.servicegraph) {
    new Servicegraph("servicegraph", { ...servicegraph, ...addon, prometheusUrl }, inCluster);
}

const endpoint = address ? pulumi.output(address) : istio.endpoint;
const reachedBy = pulumi.output(cluster.reachedBy);
/** How curl gets the page, if that takes more than its URL. */
const curl =
    hosts || tls
        ? pulumi
              .all([reachedBy, endpoint])
              .apply(([target, page]) => page && curlCommand(target, page, { ...gatewayNames, tls }))
        : undefined;

/** The stack's outputs. A missing one is left out, because Pulumi warns about undefined outputs. */
export = {
    ...(external
        ? {
              /** The ingress gateway's IP address or, with some clouds, its host name. */
              ingressIp: endpoint.apply((page) => page?.host),
              productpageUrl: endpoint.apply((page) => page && urlAt(page, PRODUCTPAGE_PATH, { hosts, https })),
              /** The command that gets the page by its host name, whatever DNS knows, and that checks its certificate. */
              ...(curl && { curlCommand: curl }),
          }
        : {
              /** How to open the product page, if the ingress gateway has no external address. */
              openCommand: reachedBy.apply((target) => openCommand(pulumi.getStack(), target)),
          }),
    /** A command for each add-on. While it runs, the add-on's page is at its port on this machine. */
    dashboards: reachedBy.apply((target) => ({
        ...portForwardCommands(enabled, target),
        ...(!external && pageForwardCommand(target, ingress.port)),
    })),
    /** Secret: `pulumi stack output grafanaAdminPassword --show-secrets`, for the user `admin`. */
    ...(grafanaServer && { grafanaAdminPassword: grafanaServer.adminPassword }),
    /** Secret: `pulumi stack output kubeconfig --show-secrets`. */
    kubeconfig: cluster.kubeconfig,
    ...(cluster instanceof GkeCluster && {
        clusterName: cluster.clusterName,
        location: cluster.location,
        /** The command that adds the cluster to the user's own kubeconfig. */
        getCredentialsCommand: cluster.getCredentialsCommand,
        /** Pulumi's console shows this as the stack's README, with the values of the other outputs. */
        readme: stackReadme(path.join(__dirname, "Pulumi.README.md"), external ? (curl ? "curl" : "url") : "none"),
    }),
};
