import type { Endpoint } from "../../../components/istio/address";
import type { ClusterApi } from "../../kubernetes/api";
import { commandLine, invocationOf } from "../../shared/invocation";
import type { Stack } from "../stack/stack";
import { certificateOptions, kubectlFor, optionsFor, upCommand } from "../stack/suggestions";
import type { DeployedCluster } from "./deployedCluster";
import { type PageAccess, pageAccessOf } from "../token/pageAccess";
import type { ClientCertificate } from "./pageClient";
import { readSwitches, type Switches } from "./switches";

/** A deployed mesh, as the checks see it. */
export interface Mesh extends Switches {
    api: ClusterApi;
    /** Address of the product page; default: the ingress gateway's external address. */
    pageUrl?: string;
    /** What stands in front of the ingress gateway, by the config. */
    address?: Endpoint;
    /** How these commands ask for the page. Default: like anybody. */
    access?: PageAccess;
    /** The client's certificate for the gateway. */
    certificate?: ClientCertificate;
    /** Commands for the user, in remedies. */
    commands: {
        /** The start of a kubectl command for this cluster. */
        kubectl: string;
        /** Deploys what the config says. */
        up: string;
        /** Restores everything that the program declares. */
        redeploy: string;
        load: string;
        /** The start of the dashboard command; the name of a page follows. */
        dashboard: string;
    };
}

/** The mesh of a deployed stack. */
export async function readMesh({ stack, api }: DeployedCluster): Promise<Mesh> {
    const address = stack.ingress?.address;
    const access = pageAccessOf(stack.file);
    return {
        ...(await readSwitches(stack, api)),
        api,
        commands: commandsFor(stack),
        access,
        ...(address && { address }),
    };
}

function commandsFor(stack: Stack): Mesh["commands"] {
    const options = optionsFor(stack);
    // A stack without a record was deployed by the Pulumi CLI itself; the sandbox's only by these commands.
    const byHand = stack.record === undefined && !stack.sandbox;
    const up = byHand ? `pulumi up --stack ${stack.name}` : upCommand(stack);
    return {
        kubectl: kubectlFor(stack),
        up,
        redeploy: byHand ? `${up} --refresh` : stack.record ? upCommand(stack, "--refresh") : up,
        load: commandLine("load", [...options, ...certificateOptions(stack)]),
        dashboard: [invocationOf("dashboard"), ...options].join(" "),
    };
}
