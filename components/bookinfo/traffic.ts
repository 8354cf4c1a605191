import * as pulumi from "@pulumi/pulumi";
import { BACKGROUND_DELETION } from "../annotations";
import { CustomResource } from "../kubernetes";
import { Propagation } from "./propagation";
import { BOOKINFO_SERVICES, type BookinfoService } from "./services";
import { destinationRuleSpec, routesSpec, type ServiceTraffic, usesSubsets } from "./trafficSpecs";

/** By the service's name. A service without settings has no routes of its own. */
export type Traffic = Readonly<Partial<Record<BookinfoService["name"], ServiceTraffic>>>;

export interface BookinfoTrafficArgs {
    /** The namespace of Bookinfo. */
    namespace: pulumi.Input<string>;
    traffic: Traffic;
}

/**
 * The mesh's own routes between the services of Bookinfo: a DestinationRule and a VirtualService for each service that has
 * something set. Pass everything that routes must wait for in `dependsOn`.
 */
export class BookinfoTraffic extends pulumi.ComponentResource {
    constructor(name: string, args: BookinfoTrafficArgs, { dependsOn, ...opts }: pulumi.ComponentResourceOptions = {}) {
        super("bookinfo-mesh:bookinfo:BookinfoTraffic", name, args, opts);

        // A component's children do not inherit its dependsOn.
        const childOpts = { parent: this, dependsOn };
        for (const service of BOOKINFO_SERVICES) {
            const settings = args.traffic[service.name] ?? {};
            const metadata = { name: service.name, namespace: args.namespace, annotations: BACKGROUND_DELETION };
            const apiVersion = "networking.istio.io/v1";

            const ruleSpec = destinationRuleSpec(service, settings);
            const rule =
                ruleSpec &&
                new CustomResource(
                    `${name}-${service.name}-rule`,
                    { apiVersion, kind: "DestinationRule", metadata, spec: ruleSpec },
                    childOpts,
                );
            const propagated =
                rule && usesSubsets(settings)
                    ? new Propagation(`${name}-${service.name}-subsets`, { parent: this, dependsOn: [rule] })
                    : undefined;
            const spec = routesSpec(service, settings);
            if (spec) {
                new CustomResource(
                    `${name}-${service.name}-routes`,
                    { apiVersion, kind: "VirtualService", metadata, spec },
                    propagated ? { parent: this, dependsOn: [propagated] } : childOpts,
                );
            }
        }
        this.registerOutputs({});
    }
}
