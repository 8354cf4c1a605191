import { callerOf, GATEWAY, type ServiceName } from "../../../components/bookinfo/accessSpecs";
import { routeFor } from "../../../components/bookinfo/trafficSpecs";
import { BOOKINFO_NAMES, BOOKINFO_PORT, PRODUCTPAGE } from "../../../components/names";
import { UserError } from "../../shared/errors";
import { readyPodsOf } from "../mesh/bookinfoPods";
import type { Mesh } from "../mesh/mesh";
import { type Check, type CheckResult, eventuallyDrained, failed, ok } from "./check";
import { refusalOf, visitPage } from "./visit";

/** Time for one answer, in seconds: a service can be delayed. */
const PATIENCE = 20;

/**
 * The command that asks services, all at the same time, and prints a line for each: its name, and the beginning of what it answers.
 * Bookinfo's images have bash, which opens connections itself; those of the sandbox have busybox.
 */
export function askCommand(services: readonly string[], port = BOOKINFO_PORT): string[] {
    const script = [
        "set -f",
        "for service do (",
        "if command -v bash >/dev/null; then",
        `answer=$(bash -c 'exec 3<>/dev/tcp/$1/${port} || exit; ` +
            `printf "GET /health HTTP/1.1\\r\\nHost: $1:${port}\\r\\nConnection: close\\r\\n\\r\\n" >&3; ` +
            `read -r -t ${PATIENCE} line <&3; echo "$line"' bash $service 2>&1)`,
        `else answer=$(busybox wget -q -S -O /dev/null http://$service:${port}/health 2>&1)`,
        "fi",
        "echo $service $answer",
        ") & done",
        "wait",
    ].join("\n");
    return ["sh", "-c", script, "sh", ...services];
}

/** A caller and a service, and the status that the caller gets, or why that is unknown. */
interface Call {
    from: ServiceName | typeof GATEWAY;
    to: ServiceName;
    status?: number;
    why?: string;
}

/** Whether the config says who may call whom, as far as it can be read. */
export function limitsCallers({ security }: Mesh): boolean {
    return security?.leastPrivilege ?? false;
}

/**
 * Who may call whom: a pod of each service asks every service, and the gateway asks for the page. The gateway has no routes to the
 * other services. A call is let in unless its answer is 403.
 */
export const checkAccess: Check = (mesh, stop) => eventuallyDrained(mesh, stop, () => resultOf(mesh, stop));

async function resultOf(mesh: Mesh, stop?: AbortSignal): Promise<CheckResult> {
    const asked = [callOfGateway(mesh, stop), ...BOOKINFO_NAMES.map((from) => callsOf(mesh, from, stop))];
    const calls = (await Promise.all(asked)).flat();
    const isKnown = ({ status }: Call) => status !== undefined && status < 500;
    const known = calls.filter(isKnown);
    const wrong = known.filter(({ from, to, status }) => (callerOf(to) === from) === (status === 403));
    if (wrong.length > 0) {
        const texts = wrong.map(({ from, to, status = 0 }) =>
            status === 403 ? `${from} may not call ${to} (403)` : `${from} may call ${to} (${status}, not 403)`,
        );
        return failed(texts.join("; "), mesh.commands.redeploy);
    }
    const unknown = calls.filter((call) => !isKnown(call));
    const reasons = unknown.map(({ from, to, status, why }) => why ?? `${from} → ${to}: ${status ?? "no answer"}`);
    const notSeen = [...new Set(reasons)].join("; ");
    if (known.length === 0) {
        return { status: "off", found: `not seen from here: ${notSeen}` };
    }
    const refused = known.filter(({ status }) => status === 403).length;
    return ok(
        `${known.length} pairs of caller and service: ${known.length - refused} are let in, ${refused} get 403` +
            (notSeen === "" ? "" : `; not seen: ${notSeen}`),
    );
}

async function callOfGateway(mesh: Mesh, stop?: AbortSignal): Promise<Call[]> {
    const visit = await visitPage(mesh, {}, stop);
    // A page that asks for tokens answers 403 too.
    const why = visit.status === 403 ? refusalOf(mesh, visit) : undefined;
    const call = { from: GATEWAY, to: PRODUCTPAGE } as const;
    return [why === undefined ? { ...call, status: visit.status } : { ...call, why }];
}

async function callsOf(mesh: Mesh, from: ServiceName, stop?: AbortSignal): Promise<Call[]> {
    const { api, appNamespace: namespace, traffic } = mesh;
    // The caller's own proxy answers what the config aborts.
    const services = BOOKINFO_NAMES.filter((to) => !routeFor(undefined, to, traffic?.[to] ?? {}).fault?.abort);
    try {
        const [pod] = await readyPodsOf(api, from, namespace);
        if (!pod) {
            throw new UserError(`no pod of ${from} is ready`);
        }
        const container = { namespace, name: pod.metadata.name, container: from };
        const output = await api.run(container, askCommand(services), stop);
        return services.map((to) => ({ from, to, status: statusIn(output, to) }));
    } catch (error) {
        if (error instanceof UserError) {
            return services.map((to) => ({ from, to, why: error.message }));
        }
        throw error;
    }
}

/** The status in the line about a service; undefined if there was no answer. */
export function statusIn(output: string, service: string): number | undefined {
    const line = output.split("\n").find((each) => each.startsWith(`${service} `));
    const [, status] = /HTTP\/1\.\d (\d{3})/.exec(line ?? "") ?? [];
    return status === undefined ? undefined : Number(status);
}
