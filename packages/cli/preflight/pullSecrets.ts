import { ISTIO_NAMESPACE } from "../../../components/names";
import { DOCKER_CONFIG_FORM } from "../../../config/dockerConfig";
import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import { sectionOf } from "../program/projectConfig";
import type { Stack } from "../stack/stack";

/** The types of Secrets that a kubelet reads as pull secrets. */
const TYPES = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/**
 * Looks for the existing pull secrets that the config names. A kubelet ignores one that is missing, and only the registry's
 * refusal would tell. What the user may not read does not count.
 * @returns the problem and the remedy; undefined if each namespace has them
 */
export async function pullSecretProblem(
    { file, appNamespace }: Pick<Stack, "file" | "appNamespace">,
    api: ClusterApi,
): Promise<string | undefined> {
    const { pullSecrets } = (sectionOf(file, "images") ?? {}) as { pullSecrets?: unknown };
    const names = Array.isArray(pullSecrets) ? pullSecrets.filter((name) => typeof name === "string") : [];
    const places = [ISTIO_NAMESPACE, appNamespace].flatMap((namespace) => names.map((name) => ({ name, namespace })));
    const faults = await Promise.all(
        places.map(async ({ name, namespace }) => {
            const type = await typeOf(name, namespace, api);
            if (type === undefined || TYPES.includes(type)) {
                return [];
            }
            const fault = type === "" ? "there is no such Secret" : `its type is ${type}, so nodes do not read it`;
            return [`  ${name} in ${namespace}: ${fault}`];
        }),
    );
    return faults.flat().length === 0
        ? undefined
        : [
              "images.pullSecrets names Secrets that cannot serve as pull secrets:",
              ...faults.flat(),
              `Make them from a FILE with ${DOCKER_CONFIG_FORM}; a missing namespace comes first:`,
              `  ${api.kubectl} create namespace NAMESPACE`,
              `  ${api.kubectl} --namespace NAMESPACE create secret generic NAME --type=${TYPES[0] ?? ""} --from-file=.dockerconfigjson=FILE`,
              "Or name other Secrets, or let this program make them: images.dockerConfig.",
          ].join("\n");
}

/** The type of a Secret; empty if there is none, undefined if this user may not read it. */
async function typeOf(name: string, namespace: string, api: ClusterApi): Promise<string | undefined> {
    return unlessForbidden(async () => {
        const secret = await api.read({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace } });
        return secret === undefined ? "" : ((secret.type as string | undefined) ?? "Opaque");
    });
}
