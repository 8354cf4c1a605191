import { type AddonName, SWITCHES } from "../components/names";
import type { Section } from "./schema";

type Istio = Section<"istio">;

/** The settings of the add-ons; each one is enabled or not. */
export type Addons = Readonly<Pick<Istio, "tracing" | "grafana" | "servicegraph">> & {
    readonly prometheus: Readonly<Istio["prometheus"] & { enabled: boolean }>;
    /** `image` is the one at a mirror, without its tag; by default it is the chart's. `digest` replaces the chart's tag. */
    readonly kiali: Readonly<Istio["kiali"] & { image?: string; digest?: string }>;
};

/**
 * Enables Prometheus if another enabled add-on needs it, even if the user disabled it. If the user names one that is there,
 * none is deployed.
 */
export function resolveAddons(istio: Omit<Addons, "prometheus"> & Pick<Istio, "prometheus">): Addons {
    const { tracing, prometheus, grafana, kiali, servicegraph } = istio;
    const needed = [grafana, kiali, servicegraph].some(({ enabled }) => enabled);
    const { url } = prometheus;
    const enabled = url === undefined && (needed || (prometheus.enabled ?? false));
    const address = url === undefined ? {} : { url: url.replace(/\/+$/, "") };
    return { tracing, prometheus: { ...prometheus, ...address, enabled }, grafana, kiali, servicegraph };
}

/** Whether each add-on is enabled, by its name. */
export function enabledAddons(addons: Record<keyof Addons, { enabled: boolean }>): Record<AddonName, boolean> {
    const enabled = Object.entries(SWITCHES).map(([addon, section]) => [addon, addons[section].enabled]);
    return Object.fromEntries(enabled) as Record<AddonName, boolean>;
}
