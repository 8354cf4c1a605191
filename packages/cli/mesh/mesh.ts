import type { ClusterApi } from "../../kubernetes/api";
import { readRecord } from "../target/record";
import { kubectlFor, optionsFor, upOptionsFor } from "../target/suggestions";
import type { Target } from "../target/target";
import type { DeployedCluster } from "./deployedCluster";
import { readSwitches, type Switches } from "./switches";

/** A mesh that is deployed, as checks look at it. */
export interface Mesh extends Switches {
    api: ClusterApi;
    /** Where the product page is; undefined: at the ingress gateway's external address. */
    pageUrl?: string;
    /** What a person types, for remedies. */
    commands: {
        /** kubectl on this cluster, without arguments. */
        kubectl: string;
        /** Deploys what the config says. */
        up: string;
        /** Brings everything back that the program declares. */
        redeploy: string;
        load: string;
        /** The dashboard command, to be followed by an add-on. */
        dashboard: string;
    };
}

/** The mesh of a deployed cluster. */
export async function readMesh({ target, api }: DeployedCluster): Promise<Mesh> {
    return { ...(await readSwitches(target, api)), api, commands: commandsFor(target) };
}

function commandsFor(target: Target): Mesh["commands"] {
    const options = optionsFor(target);
    const upOptions = upOptionsFor(target);
    const deployedBy = readRecord(target.stack)?.deployedBy.way ?? (target.sandbox ? "rendered" : "hand");
    const up = deployedBy === "hand" ? `pulumi up --stack ${target.stack}` : `npm run up${upOptions}`;
    // The engine looks at what is really there only when it is told to; what is rendered is applied anew every time.
    const redeploy = {
        rendered: up,
        pulumi: `npm run up${upOptions || " --"} --refresh`,
        hand: `${up} --refresh`,
    }[deployedBy];
    return {
        kubectl: kubectlFor(target),
        up,
        redeploy,
        load: `npm run load${options}`,
        dashboard: `npm run dashboard${options || " --"}`,
    };
}
