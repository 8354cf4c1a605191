import { ADDONS } from "../../../components/names";
import { checkAddon, logsOf, serverOf } from "./addon";
import { type Check, failed, ok } from "./check";

export const checkKiali: Check = (mesh, stop) =>
    checkAddon(mesh, "kiali", async () => {
        const { status } = await mesh.api.getByProxy(serverOf("kiali"), `${ADDONS.kiali.path}/healthz`, stop);
        return status === 200
            ? ok("Kiali is healthy")
            : failed(`Kiali's health check answers ${status}`, logsOf(mesh, "kiali"));
    });
