import type { Step } from "../cli/render/step";
import { toYaml } from "../shared/yaml";
import { INJECTION_LABEL, ISTIO_NAMESPACE } from "../../components/names";

/** A shell script and the files that it reads, by name. */
export interface Script {
    text: string;
    files: Record<string, string>;
}

export interface DeployOptions {
    /** Values of each release; default: those of the program. */
    values?: Record<string, object>;
    /** Whether to deploy the last release, the gateway, and Bookinfo side by side: neither needs the other. */
    sideBySide?: boolean;
}

/**
 * A script that deploys by hand what the program declares: releases, label and objects, one after the other. It waits for
 * each, and for the page.
 */
export function deployScript(
    steps: readonly Step[],
    url: string,
    { values, sideBySide = false }: DeployOptions = {},
): Script {
    const files: Record<string, string> = {};
    const installs = steps.flatMap((step) => {
        if (step.type !== "release") {
            return [];
        }
        const { name, namespace, chart, timeout } = step.release;
        files[`${name}.yaml`] = toYaml(values ? (values[name] ?? {}) : step.release.values);
        return [
            `helm install ${name} ${chart} --namespace ${namespace} --create-namespace ` +
                `--values ${name}.yaml --wait --timeout ${timeout}s`,
        ];
    });
    files["objects.yaml"] = objectsOf(steps);
    const label = Object.entries(INJECTION_LABEL).map(([key, value]) => `${key}=${value}`);
    const text = [
        "set -eu",
        ...(sideBySide ? [...installs.slice(0, -1), `${installs.at(-1)} &`] : installs),
        `kubectl label namespace default ${label.join(" ")}`,
        "kubectl apply --filename objects.yaml",
        "kubectl wait deployment --all --for condition=Available --timeout 600s",
        ...(sideBySide ? ["wait $!"] : []),
        `until curl --silent --fail --max-time 5 --output /dev/null ${url}; do sleep 0.1; done`,
    ];
    return { text: `${text.join("\n")}\n`, files };
}

/** A script that removes the same in the opposite order. */
export function removeScript(steps: readonly Step[]): Script {
    const label = Object.keys(INJECTION_LABEL).map((key) => `${key}-`);
    const uninstalls = steps
        .flatMap((step) => (step.type === "release" ? [step.release] : []))
        .reverse()
        .map(({ name, namespace }) => `helm uninstall ${name} --namespace ${namespace} --wait`);
    const text = [
        "set -eu",
        "kubectl delete --filename objects.yaml",
        `kubectl label namespace default ${label.join(" ")}`,
        ...uninstalls,
        `kubectl delete namespace ${ISTIO_NAMESPACE}`,
    ];
    return { text: `${text.join("\n")}\n`, files: { "objects.yaml": objectsOf(steps) } };
}

/** All objects except namespaces: Helm or the script itself creates them. */
function objectsOf(steps: readonly Step[]): string {
    return steps
        .flatMap((step) => (step.type === "object" && step.object.kind !== "Namespace" ? [toYaml(step.object)] : []))
        .join("---\n");
}
