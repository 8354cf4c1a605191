import { ISTIO_NAMESPACE } from "./names";

/** A Service that a host name can mean. */
export interface ServiceName {
    name: string;
    namespace: string;
    /** Whether it can be nothing else. */
    certain: boolean;
}

/** The Service that a host can be, as seen from the add-ons' namespace; undefined for any other host. */
export function serviceNamed(host: string): ServiceName | undefined {
    const [name = "", namespace = ISTIO_NAMESPACE, svc] = host.split(".");
    const isAddress = /^[\d.]+$|^\[/.test(host);
    return isAddress || !(svc === undefined || svc === "svc") ? undefined : { name, namespace, certain: svc === "svc" };
}
