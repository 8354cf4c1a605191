/** Checks of the ingress gateway's TLS: of its keys together, and of the certificates among them. */
import { GATEWAY_HTTPS_PORT } from "../components/names";
import { parseAddress } from "./address";
import { faultOfClientCa } from "./certificates";
import { type ConfigIssue, inPulumi, invalidValue, removeCommand } from "./issues";
import type { Section } from "./schema";
import { valueAt } from "./valueAt";

type Istio = Section<"istio">;
type Tls = NonNullable<Istio["gateway"]["tls"]>;

const TLS = ["istio", "gateway", "tls"];

/** @param set the section as the user has set it */
export function checkTls({ gateway, values }: Istio, set: unknown): ConfigIssue[] {
    const { tls, address } = gateway;
    if (!tls) {
        return [];
    }
    const raw = valueAt(set, ["gateway", "tls"]);
    return [
        ...checkCertificate(tls, raw),
        ...checkClientCa(tls, raw),
        ...checkAddress(address),
        ...checkPermission(values),
    ];
}

function setCommand(path: string[], value: string): string {
    return `Run: pulumi config set --path ${inPulumi(path)} ${value}`;
}

/** A gateway has one certificate: from a Secret, or of the program's making. */
function checkCertificate({ secret, selfSigned = false }: Tls, raw: unknown): ConfigIssue[] {
    const allowed = "either secret or selfSigned: true";
    if (secret !== undefined && selfSigned) {
        const path = [...TLS, "selfSigned"];
        const problem = `${inPulumi([...TLS, "secret"])} names a certificate already`;
        return [{ ...invalidValue(path, true, problem, { allowed }), remedy: removeCommand(path) }];
    }
    if (secret !== undefined || selfSigned) {
        return [];
    }
    const keys = Object.keys(raw ?? {});
    const [path, problem] =
        keys.length === 1 && keys[0] === "redirect"
            ? [[...TLS, "redirect"], "there is no HTTPS to send clients to, because the gateway has no certificate"]
            : [TLS, "it has neither secret nor selfSigned: true, so the gateway has no certificate"];
    const issue = invalidValue(path, valueAt(raw, path.slice(TLS.length)), problem, { allowed });
    return [{ ...issue, remedy: setCommand([...TLS, "selfSigned"], "true") }];
}

function checkClientCa({ mode, clientCa }: Tls, raw: unknown): ConfigIssue[] {
    const path = [...TLS, "clientCa"];
    const modePath = [...TLS, "mode"];
    if (clientCa === undefined) {
        const problem = `it is required because ${inPulumi(modePath)} is mutual`;
        return mode === "mutual" ? [invalidValue(path, undefined, problem)] : [];
    }
    const fault = faultOfClientCa(clientCa);
    if (fault !== undefined) {
        return [invalidValue(path, clientCa, fault)];
    }
    // Without an invalid mode, the section has the default.
    const isMeant = mode === "mutual" || ![undefined, "simple"].includes(valueAt(raw, ["mode"]) as string | undefined);
    const problem = `it has no effect because ${inPulumi(modePath)} is simple`;
    return isMeant ? [] : [{ ...invalidValue(path, clientCa, problem), remedy: setCommand(modePath, "mutual") }];
}

/** Port 80 of what stands in front of the gateway: there it would speak plain HTTP. */
function checkAddress(address: string | undefined): ConfigIssue[] {
    const endpoint = address === undefined ? undefined : parseAddress(address, GATEWAY_HTTPS_PORT);
    if (address === undefined || endpoint?.port !== 80) {
        return [];
    }
    const problem = `port 80 is that of plain HTTP, but ${inPulumi(TLS)} is set`;
    const allowed = "host, or host:port with a port for HTTPS";
    const example = address.replace(/:80$/, "");
    return [invalidValue(["istio", "gateway", "address"], address, problem, { allowed, example })];
}

/** istiod hands a Secret only to a gateway whose service account may read it: the chart has a Role for that. */
function checkPermission({ gateway }: Istio["values"]): ConfigIssue[] {
    const path = ["rbac", "enabled"];
    const problem = `the gateway may not read its certificate then, but ${inPulumi(TLS)} is set`;
    return valueAt(gateway, path) === false
        ? [invalidValue(["istio", "values", "gateway", ...path], false, problem, { allowed: "true, or nothing" })]
        : [];
}
