import { type AddonName, SWITCHES } from "../components/names";
import type { Section } from "./schema";

type Istio = Section<"istio">;

/** The settings of the add-ons; each one is enabled or not. */
export type Addons = Readonly<Pick<Istio, "tracing" | "grafana" | "servicegraph">> & {
    readonly prometheus: Readonly<Istio["prometheus"] & { enabled: boolean }>;
    /** `image` is the one at a mirror, without its tag; by default it is the chart's. */
    readonly kiali: Readonly<Istio["kiali"] & { image?: string }>;
};

/** Enables Prometheus if another enabled add-on needs it, even if the user disabled it. */
export function resolveAddons(istio: Omit<Addons, "prometheus"> & Pick<Istio, "prometheus">): Addons {
    const { tracing, prometheus, grafana, kiali, servicegraph } = istio;
    const needed = [grafana, kiali, servicegraph].some(({ enabled }) => enabled);
    const enabled = needed || (prometheus.enabled ?? false);
    return { tracing, prometheus: { ...prometheus, enabled }, grafana, kiali, servicegraph };
}

/** Whether each add-on is enabled, by its name. */
export function enabledAddons(addons: Record<keyof Addons, { enabled: boolean }>): Record<AddonName, boolean> {
    const enabled = Object.entries(SWITCHES).map(([addon, section]) => [addon, addons[section].enabled]);
    return Object.fromEntries(enabled) as Record<AddonName, boolean>;
}
