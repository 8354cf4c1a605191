import { type AddonName, SWITCHES } from "../components/names";
import type { Section } from "./schema";

type Istio = Section<"istio">;

/** The settings of the add-ons, with each one's switch decided. */
export type Addons = Readonly<Pick<Istio, "tracing" | "grafana" | "kiali" | "servicegraph">> & {
    readonly prometheus: Readonly<Istio["prometheus"] & { enabled: boolean }>;
};

/** Prometheus is on where something that is on asks it, even if it was switched off; the others are as they were set. */
export function addonsOf({ tracing, prometheus, grafana, kiali, servicegraph }: Istio): Addons {
    const needed = [grafana, kiali, servicegraph].some(({ enabled }) => enabled);
    return {
        tracing,
        prometheus: { ...prometheus, enabled: needed || (prometheus.enabled ?? false) },
        grafana,
        kiali,
        servicegraph,
    };
}

/** Which add-ons are on, by their names. */
export function switchedOn(addons: Addons): Record<AddonName, boolean> {
    const on = Object.entries(SWITCHES).map(([addon, section]) => [addon, addons[section].enabled]);
    return Object.fromEntries(on) as Record<AddonName, boolean>;
}
