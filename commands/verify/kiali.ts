import { ADDONS, ISTIO_NAMESPACE } from "../../names";
import { checkAddon } from "./addon";
import { type Check, failed, ok } from "./check";

/** Kiali answers. */
export const checkKiali: Check = (mesh, stop) =>
    checkAddon(mesh, "kiali", async () => {
        const server = {
            kind: "services",
            namespace: ISTIO_NAMESPACE,
            name: "kiali",
            port: ADDONS.kiali.port,
        } as const;
        const { status } = await mesh.api.getByProxy(server, `${ADDONS.kiali.path}/healthz`, stop);
        const logs = `${mesh.commands.kubectl} --namespace ${ISTIO_NAMESPACE} logs deployment/kiali`;
        return status === 200
            ? ok("Kiali is healthy")
            : failed(`Kiali answers ${status} when asked for its health`, logs);
    });
