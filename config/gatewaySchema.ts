/** The way in: the part of the config about the ingress gateway's Service, address, hosts and TLS. schema.ts explains the metadata. */
import { isIPv4, isIPv6 } from "node:net";
import * as z from "zod";
import { SERVICE_TYPES } from "../components/istio/gatewayService";
import { group, nonEmpty, wholeNumber } from "./fields";
import { faultOfHost } from "./hosts";

/** A name with an optional prefix, as Kubernetes takes it for annotations and classes. */
const NAME = /^(?:[a-z\d](?:[-a-z\d.]{0,251}[a-z\d])?\/)?[a-z\d](?:[-\w.]{0,61}[a-z\d])?$/i;

/** An IPv4 or IPv6 range in CIDR notation. */
function isRange(text: string): boolean {
    const [, address = "", bits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
    return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
}

const service = group({
    type: z
        .enum(SERVICE_TYPES)
        .default("LoadBalancer")
        .describe("Type of the ingress gateway's Service. Without a load balancer, see istio.gateway.address."),
    annotations: z.record(z.string().regex(NAME, "it is not a key for an annotation"), z.string()).default({}).meta({
        allowed: "object of strings",
        description: "Annotations of that Service, such as those that a cloud reads for its load balancer.",
    }),
    loadBalancerClass: z.string().regex(NAME, "it is not a class of load balancers").optional().meta({
        allowed: "name such as service.k8s.aws/nlb, with the type LoadBalancer",
        description: "Who makes the load balancer, if it is not the cluster's default.",
    }),
    loadBalancerSourceRanges: z
        .array(z.string().refine(isRange, "it is not a range in CIDR notation"), "it is not a list")
        .default([])
        .meta({
            allowed: "list of ranges in CIDR notation, with the type LoadBalancer",
            description: "Where clients of the load balancer may come from. If empty, from everywhere.",
        }),
    nodePort: wholeNumber(30_000, 32_767).optional().meta({
        allowed: "whole number from 30000 to 32767, with the type NodePort",
        fallback: "a free one",
        example: 30_080,
        description: "Port of every node that leads to the page.",
    }),
});

const address = nonEmpty.optional().meta({
    allowed: "host or host:port, with an IPv6 address in brackets",
    fallback: "that of the Service",
    description:
        "Address of what stands in front of the gateway, such as a proxy or a mapped port. " +
        "Outputs and commands use it. Port 443 means HTTPS; with istio.gateway.tls, every port does.",
});

const host = z
    .string()
    .toLowerCase()
    .check((context) => {
        const problem = faultOfHost(context.value);
        if (problem !== undefined) {
            context.issues.push({ code: "custom", input: context.value, message: problem });
        }
    });

const hosts = z
    .array(host, "it is not a list")
    .refine((names) => new Set(names).size === names.length, "a name is in it twice")
    .default([])
    .meta({
        allowed: "list of host names such as books.example.com or *.example.com",
        fallback: "any",
        description: "Host names that the gateway serves. It answers all others with 404.",
    });

/** The name of a Secret (RFC 1123). With its suffix for the CA of clients, it must not be longer than such a name can be. */
const SECRET_NAME = /^[a-z0-9](?:[-a-z0-9.]{0,240}[a-z0-9])?$/;

const tls = z
    .strictObject({
        mode: z
            .enum(["simple", "mutual"])
            .default("simple")
            .describe("With mutual, clients need a certificate of istio.gateway.tls.clientCa."),
        secret: z
            .string()
            .regex(SECRET_NAME, "it is not a name for a Secret")
            .refine((name) => !name.endsWith("-cacert"), "istiod takes a Secret of such a name for a CA")
            .optional()
            .meta({
                allowed: "name of a TLS Secret in istio-system",
                fallback: "none; either this or selfSigned",
                example: "books-certificate",
                description:
                    "Certificate of the gateway. It may come later: the gateway serves HTTPS when it is there.",
            }),
        selfSigned: z.boolean().optional().meta({
            fallback: "false; either this or secret",
            example: true,
            description:
                "Whether the program makes a certificate, for istio.gateway.hosts, and keeps it. No client trusts it unless told to.",
        }),
        clientCa: z.string().optional().meta({
            allowed: "one or more CA certificates as PEM, with the mode mutual",
            fallback: "required with mutual",
            fromFile: true,
            description: "The CA whose clients may connect.",
        }),
        redirect: z.boolean().default(true).describe("Whether port 80 sends clients to HTTPS."),
    })
    .optional();

/** The keys under `istio.gateway` that say how clients reach it. */
export const GATEWAY_ACCESS = { service, address, hosts, tls };
