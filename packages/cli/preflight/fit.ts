import { ISTIO_NAMESPACE } from "../../../components/names";
import { POD_SECURITY_LABEL } from "../../../components/platform";
import type { Connection } from "../stack/connection";
import type { ClusterFacts } from "./clusterFacts";
import { checkCni } from "./cniPlugin";
import type { Finding } from "./finding";
import { checkMetricsServer } from "./metricsServer";
import { checkNamespaceLabels } from "./namespaceLabels";
import { checkNodes } from "./nodes";
import { checkFargate, checkPlatform, isAutopilot } from "./platform";
import { checkAppNamespace, checkIstioNamespace } from "./podSecurity";
import { checkVersion } from "./serverVersion";
import { type FitSettings, fitSettings } from "./settings";

/** Whether the cluster and the stack's settings fit each other: version, nodes, platform, Pod Security, labels, metrics server. */
export async function checkFit(
    { stack, api }: Pick<Connection, "stack" | "api">,
    facts: ClusterFacts,
): Promise<Finding[]> {
    const settings = fitSettings(stack);
    const findings = [
        ...checkVersion(facts.version),
        ...checkNodes(facts.nodes, settings?.ownImages ?? true),
        ...checkFargate(facts),
    ];
    if (settings === undefined) {
        return findings;
    }
    const platform = checkPlatform(facts, settings, stack.name);
    const [metrics, pods] = await Promise.all([
        checkMetricsServer(api, settings.scaled),
        // On another platform than the set one, the answers would be about the wrong pods.
        platform.length > 0
            ? []
            : settings.cni
              ? checkCni(api, facts, settings.platform)
              : checkPods({ stack, api }, facts, settings),
    ]);
    return [...findings, ...platform, ...metrics, ...pods, ...checkNamespaceLabels(stack, settings, facts)];
}

async function checkPods(
    { stack, api }: Pick<Connection, "stack" | "api">,
    facts: ClusterFacts,
    { appLabels, istioLabels, usesCniOfOthers }: FitSettings,
): Promise<Finding[]> {
    const place = { stack: stack.name, autopilot: isAutopilot(facts), namespaces: facts.namespaces };
    const [app, istio] = await Promise.all([
        usesCniOfOthers
            ? []
            : checkAppNamespace(api, { ...place, name: stack.appNamespace, level: appLabels[POD_SECURITY_LABEL] }),
        checkIstioNamespace(api, { ...place, name: ISTIO_NAMESPACE, level: istioLabels[POD_SECURITY_LABEL] }),
    ]);
    // The CNI plugin, a remedy of the first, makes the second one needless.
    return app.length > 0 ? app : istio;
}
