import type { Platform } from "../../../components/platform";
import { parseJson } from "../../shared/json";
import { sectionOf } from "../program/projectConfig";
import type { Stack } from "../stack/stack";

/** What a stack's file sets that decides how it fits a cluster. */
export interface FitSettings {
    platform?: Platform;
    /** Whether Istio's CNI plugin is installed. */
    cni: boolean;
    /** Whether pods rely on a plugin that another Istio has installed: by a value of the chart `istiod`. */
    usesCniOfOthers: boolean;
    /** The parts whose number of replicas follows the load. */
    scaled: string[];
    /** The labels that the config gives the application's namespace. */
    appLabels: Labels;
    /** The labels that the config gives Istio's namespace. */
    istioLabels: Labels;
    /** Whether images come from elsewhere than by default. */
    ownImages: boolean;
}

type Labels = Readonly<Record<string, string>>;

interface Istio {
    platform?: Platform;
    profile?: string;
    cni?: { enabled?: boolean };
    values?: { istiod?: Cni & { pilot?: Cni } };
    namespaceLabels?: unknown;
    istiod?: Scaled;
    gateway?: Scaled;
    hub?: string;
    [addon: string]: unknown;
}

interface Cni {
    cni?: { enabled?: boolean };
}

interface Scaled {
    autoscaling?: { enabled?: boolean };
}

/**
 * The settings, without running the program.
 * @returns undefined if the file does not have them in clear text. Wrong values are left to the program, which names them all.
 */
export function fitSettings({ file }: Pick<Stack, "file">): FitSettings | undefined {
    const [istio, app, bookinfo] = ["istio", "app", "bookinfo"].map((name) => section(sectionOf(file, name)));
    if (!istio || !app || !bookinfo) {
        return undefined;
    }
    const { platform, profile, cni, hub, namespaceLabels, values, ...others } = istio as Istio;
    const scaled = (part: "istiod" | "gateway") => others[part]?.autoscaling?.enabled ?? profile === "default";
    const images = Object.values(others).some((addon) => (addon as { image?: unknown } | null)?.image !== undefined);
    return {
        platform,
        cni: cni?.enabled ?? platform === "openshift",
        usesCniOfOthers: (values?.istiod?.pilot?.cni?.enabled ?? values?.istiod?.cni?.enabled) === true,
        scaled: (["istiod", "gateway"] as const).filter(scaled),
        appLabels: labelsIn(app.namespaceLabels),
        istioLabels: labelsIn(namespaceLabels),
        ownImages: images || hub !== undefined || bookinfo.registry !== undefined,
    };
}

function labelsIn(namespaceLabels: unknown): Labels {
    const entries = Object.entries(section(namespaceLabels) ?? {});
    return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}

/** A section as an object; undefined if it is something else, such as a secret. */
function section(content: unknown): Record<string, unknown> | undefined {
    const value = typeof content === "string" ? parseJson(content) : (content ?? {});
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject && !("secure" in value) ? (value as Record<string, unknown>) : undefined;
}
