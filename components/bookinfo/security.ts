import * as pulumi from "@pulumi/pulumi";
import { BACKGROUND_DELETION } from "../annotations";
import { CustomResource } from "../kubernetes";
import { accessSpec, type Identities, NOTHING } from "./accessSpecs";
import { type Jwt, tokenRequiredSpec, tokensSpec } from "./loginSpecs";
import { PRODUCTPAGE } from "../names";
import { Propagation } from "./propagation";
import { type RateLimit, rateLimitSpec } from "./rateLimitSpecs";
import { BOOKINFO_SERVICES, type BookinfoService } from "./services";

/** What protects Bookinfo: nothing by default. */
export interface Security {
    /** Whether each service only gets the requests that it needs. Needs strict mutual TLS, which tells who calls. */
    leastPrivilege?: boolean;
    /** Whose tokens the product page asks for. */
    jwt?: Jwt;
    /** By the service's name. */
    rateLimit?: Readonly<Partial<Record<BookinfoService["name"], RateLimit>>>;
}

export interface BookinfoSecurityArgs extends Security {
    /** The namespace of Bookinfo. */
    namespace: pulumi.Input<string>;
    /** Whether that namespace was there before the stack. Then it may have pods of others, which are left alone. */
    namespaceExists: boolean;
    identities: pulumi.Input<Pick<Identities, "trustDomain" | "gatewayServiceAccount">>;
}

/**
 * Who may call the services of Bookinfo, with which tokens, and how often. Pass everything that routes must wait for in
 * `dependsOn`: a policy about callers works only if mutual TLS tells who they are.
 *
 * A change is complete when connections that were open are closed: these keep what they began with, until Envoy has drained them.
 * `drainSecondsOf` says how long that takes.
 */
export class BookinfoSecurity extends pulumi.ComponentResource {
    private readonly childOpts: pulumi.CustomResourceOptions;

    constructor(
        private readonly name: string,
        private readonly args: BookinfoSecurityArgs,
        { dependsOn, ...opts }: pulumi.ComponentResourceOptions = {},
    ) {
        super("bookinfo-mesh:bookinfo:BookinfoSecurity", name, args, opts);

        // A component's children do not inherit its dependsOn.
        this.childOpts = { parent: this, dependsOn };
        if (args.leastPrivilege) {
            this.addAccess();
        }
        if (args.jwt) {
            this.addLogin(args.jwt);
        }
        for (const service of BOOKINFO_SERVICES) {
            const limit = args.rateLimit?.[service.name];
            if (limit) {
                const spec = rateLimitSpec(service.name, limit);
                this.add("networking.istio.io/v1alpha3", "EnvoyFilter", `${service.name}-rate-limit`, spec);
            }
        }
        this.registerOutputs({});
    }

    /**
     * Each service's policy shuts its pods to all but its callers, so these policies have no order. The one that shuts the rest of
     * the namespace would shut a service whose own policy is not known yet, or not any more: proxies get it last, and lose it first.
     */
    private addAccess(): void {
        const { namespace, namespaceExists } = this.args;
        const identities = pulumi
            .all([this.args.identities, namespace])
            .apply(([others, name]) => ({ ...others, namespace: name }));
        const policies = BOOKINFO_SERVICES.map(({ name: service }) =>
            this.addPolicy(
                `${service}-access`,
                identities.apply((known) => accessSpec(service, known)),
            ),
        );
        if (!namespaceExists) {
            this.addPolicy("allow-nothing", NOTHING, this.propagated("access-known", policies));
        }
    }

    /**
     * Whoever has a good token is served all the time: proxies know which tokens are good before they ask for one, and until they no
     * longer do.
     */
    private addLogin(jwt: Jwt): void {
        const name = `${PRODUCTPAGE}-login`;
        const tokens = this.add("security.istio.io/v1", "RequestAuthentication", name, tokensSpec(jwt), "tokens");
        this.addPolicy(name, tokenRequiredSpec(jwt), this.propagated("tokens-known", [tokens]));
    }

    private addPolicy(name: string, spec: pulumi.Input<object>, opts?: pulumi.CustomResourceOptions): CustomResource {
        return this.add("security.istio.io/v1", "AuthorizationPolicy", name, spec, name, opts);
    }

    private add(
        apiVersion: string,
        kind: string,
        name: string,
        spec: pulumi.Input<object>,
        resource = name,
        opts = this.childOpts,
    ): CustomResource {
        const metadata = { name, namespace: this.args.namespace, annotations: BACKGROUND_DELETION };
        return new CustomResource(`${this.name}-${resource}`, { apiVersion, kind, metadata, spec }, opts);
    }

    /** Options of what proxies must get after some objects, and lose before them. */
    private propagated(name: string, after: pulumi.Resource[]): pulumi.CustomResourceOptions {
        const wait = new Propagation(`${this.name}-${name}`, { parent: this, dependsOn: after });
        return { parent: this, dependsOn: [wait] };
    }
}
