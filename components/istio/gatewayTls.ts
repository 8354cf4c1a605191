import * as pulumi from "@pulumi/pulumi";
import { keptSecret } from "../keptSecret";
import { Secret } from "../kubernetes";
import { certificateNames, credentialNameOf, fingerprintOf, type GatewayNames } from "./gatewayNames";
import type * as SelfSigned from "./selfSigned";

/** HTTPS at the ingress gateway. */
export interface TlsSettings {
    /** With `mutual`, clients need a certificate too. */
    mode: "simple" | "mutual";
    /** A Secret with a certificate, in the gateway's namespace. It may come later. Default: the program makes a certificate. */
    secret?: string;
    /** The CA whose clients may connect, as PEM. Only with `mutual`. */
    clientCa?: string;
    /** Whether port 80 sends clients to HTTPS. */
    redirect: boolean;
}

export interface GatewayTlsArgs extends GatewayNames {
    /** The namespace of the gateway's pods. */
    namespace: pulumi.Input<string>;
    settings: TlsSettings;
}

/** istiod looks for the CA of clients under the name of the gateway's Secret with this suffix, and only then in that Secret. */
const CA_SUFFIX = "-cacert";

/** The certificates of the ingress gateway, as Secrets beside its pods: its own, if the program makes it, and its clients' CA. */
export class GatewayTls extends pulumi.ComponentResource {
    /** What a Gateway needs to know. */
    public readonly server: Pick<TlsSettings, "mode" | "redirect"> & { credentialName: string };
    /** The Secrets of this component. A Gateway must depend on them. */
    public readonly secrets: pulumi.Resource[] = [];

    constructor(name: string, args: GatewayTlsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:istio:GatewayTls", name, args, opts);

        const { namespace, settings, ...names } = args;
        const { mode, redirect, secret, clientCa } = settings;
        const credentialName = credentialNameOf(settings, names);
        const childOpts = { parent: this };
        this.server = { mode, redirect, credentialName };
        if (secret === undefined) {
            // Loaded only here: most gateways have no certificate of the program's making.
            const { selfSigned } = require("./selfSigned") as typeof SelfSigned;
            const { certificate, key } = selfSigned(certificateNames(names));
            const metadata = { name: credentialName, namespace };
            const values = { "tls.crt": certificate, "tls.key": key };
            this.secrets.push(
                keptSecret(
                    `${name}-certificate-${fingerprintOf(names)}`,
                    { metadata, type: "kubernetes.io/tls", values },
                    childOpts,
                ),
            );
        }
        if (mode === "mutual" && clientCa !== undefined) {
            this.secrets.push(
                new Secret(
                    `${name}-client-ca`,
                    {
                        metadata: { name: `${credentialName}${CA_SUFFIX}`, namespace },
                        data: { "ca.crt": Buffer.from(clientCa).toString("base64") },
                    },
                    childOpts,
                ),
            );
        }
        this.registerOutputs({ credentialName });
    }
}
