import { ISTIO_NAMESPACE, RELEASES } from "../../../components/names";

/** How an API server says that a webhook gave no verdict. Helm and the engine put backslashes in front of its quotes. */
const FAILED_CALL = /failed calling (?:admission )?webhook \\*"([^"\\]+)\\*"(.*)/;

/** A call of an admission webhook that failed, in the API server's words. */
export interface FailedCall {
    /** Name of the webhook, such as `namespace.sidecar-injector.istio.io`. */
    webhook: string;
    /** Host of its server; undefined if the message has none. */
    host?: string;
    /** The Service behind that host. */
    service?: { namespace: string; name: string };
    reason: string;
}

/** The first failed call in a text; undefined if it has none. */
export function failedCallIn(text: string): FailedCall | undefined {
    const [, webhook, reason = ""] = FAILED_CALL.exec(text) ?? [];
    if (webhook === undefined) {
        return undefined;
    }
    const [, host] = /https?:\/\/([^/"\\:?\s]+)/.exec(reason) ?? [];
    const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc(?:\.|$)/.exec(host ?? "") ?? [];
    return {
        webhook,
        host,
        service: name === undefined || namespace === undefined ? undefined : { namespace, name },
        reason: reason.replace(/^[\s:]+/, ""),
    };
}

/** Whether a webhook is served by this deployment's istiod: Istio has the same names for the webhooks of every revision. */
export function isOwnCall({ webhook, host, service }: FailedCall): boolean {
    const ours = service?.namespace === ISTIO_NAMESPACE && service.name === RELEASES.istiod;
    return /(?:^|\.)istio\.io$/.test(webhook) && (host === undefined || ours);
}
