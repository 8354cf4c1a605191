import { contains, overlap, rangeOf } from "./cidr";
import { type CloudObject, get, type Inputs, type Kind, list, located, type Reference, refuse, text } from "./kind";
import type { UserError } from "./shapes";

/*
 * Networks. Immutable fields: those marked ForceNew in hashicorp/terraform-provider-google 7.45, services/compute, from which
 * the real provider is made (@pulumi/gcp's declarations mention only some of them). Automatic names: pulumi/pulumi-gcp,
 * provider/resources.go.
 */

const API = "compute.googleapis.com";
const LINK = "https://www.googleapis.com/compute/v1/";
/** RFC 1035, the form of every name in Compute Engine. */
const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const autoName = { field: "name", limit: 63 };

/** Id of a network, given by name, id or link. */
export function networkId(reference: string, project: string): string {
    const path = reference.replace(LINK, "");
    return path.includes("/") ? path : `projects/${project}/global/networks/${path}`;
}

/** Id of a subnet, given by name, id or link. */
export function subnetworkId(reference: string, project: string, region: string): string {
    const path = reference.replace(LINK, "");
    return path.includes("/") ? path : `projects/${project}/regions/${region}/subnetworks/${path}`;
}

function routerId(reference: string, project: string, region: string): string {
    const path = reference.replace(LINK, "");
    return path.includes("/") ? path : `projects/${project}/regions/${region}/routers/${path}`;
}

const uses = (id: string): Reference => ({ id, onDelete: "refuse" });

const ofNetwork = (settled: Inputs) => uses(networkId(text(settled, "network"), text(settled, "project")));

function checkName(inputs: Inputs): UserError[] {
    const name = text(inputs, "name");
    return NAME.test(name) ? [] : [{ property: "name", reason: `"${name}" doesn't match regexp ${NAME.source}` }];
}

/** Every IPv4 range of a subnet, by what it is called. */
export function rangesOf(subnetwork: Inputs): Map<string, string> {
    const secondary = list(subnetwork, "secondaryIpRanges").map(
        (range) => [text(range, "rangeName"), text(range, "ipCidrRange")] as const,
    );
    return new Map([["", text(subnetwork, "ipCidrRange")], ...secondary]);
}

function checkRanges(inputs: Inputs): UserError[] {
    return [...rangesOf(inputs)]
        .filter(([, block]) => block !== "" && rangeOf(block) === undefined)
        .map(([name, block]) => ({
            property: name === "" ? "ipCidrRange" : "secondaryIpRanges",
            reason: `invalid CIDR address: ${block}`,
        }));
}

/** Ranges of one network do not overlap, wherever the subnets are. */
function refuseOverlaps(settled: Inputs, others: CloudObject[]): void {
    const network = ofNetwork(settled).id;
    const taken = others.filter(({ type, outputs }) => type === subnetwork.type && ofNetwork(outputs).id === network);
    const own = [...rangesOf(settled).values()];
    const rivals = [
        ...taken.flatMap(({ outputs }) => [...rangesOf(outputs).values()].map((block) => [block, outputs.name])),
        ...own.map((block) => [block, settled.name]),
    ] as [string, string][];
    for (const [index, block] of own.entries()) {
        const rival = rivals.find(([other], position) => {
            const itself = position === rivals.length - own.length + index;
            const [one, another] = [rangeOf(block), rangeOf(other)];
            return !itself && one && another && overlap(one, another);
        });
        if (rival) {
            refuse(400, `Invalid IPCidrRange: ${block} conflicts with existing subnetwork '${rival[1]}'`);
        }
    }
}

export const network: Kind = {
    type: "gcp:compute/network:Network",
    module: "compute/network",
    api: API,
    autoName,
    immutable: [
        "name",
        "autoCreateSubnetworks",
        "description",
        "internalIpv6Range",
        "networkProfile",
        "params",
        "project",
    ],
    check: checkName,
    settle: (inputs, scope) => located(inputs, scope, "project"),
    id: ({ project, name }) => `projects/${String(project)}/global/networks/${String(name)}`,
    references: () => [],
    computed: (_, id) => ({ selfLink: LINK + id, gatewayIpv4: "", networkId: "1", numericId: "1" }),
};

export const subnetwork: Kind = {
    type: "gcp:compute/subnetwork:Subnetwork",
    module: "compute/subnetwork",
    api: API,
    autoName,
    immutable: [
        "name",
        "network",
        "description",
        "externalIpv6Prefix",
        "internalIpv6Prefix",
        "params",
        "region",
        "reservedInternalRange",
        "resolveSubnetMask",
        "project",
    ],
    // A subnet can grow, and not shrink (ForceNewIfChange IsShrinkageIpCidr).
    needsNew: (path, before, after) => {
        const [old, now] = [before, after].map((inputs) => rangeOf(text(inputs, "ipCidrRange")));
        return path === "ipCidrRange" && !(old && now && contains(now, old));
    },
    check: (inputs) => [...checkName(inputs), ...checkRanges(inputs)],
    settle: (inputs, scope) => located(inputs, scope, "project", "region"),
    id: ({ project, region, name }) => subnetworkId(String(name), String(project), String(region)),
    references: (settled) => [ofNetwork(settled)],
    admit: refuseOverlaps,
    computed: (settled, id) => ({
        selfLink: LINK + id,
        gatewayAddress: text(settled, "ipCidrRange").replace(/\d+\/\d+$/, "1"),
        purpose: "PRIVATE",
    }),
};

export const router: Kind = {
    type: "gcp:compute/router:Router",
    module: "compute/router",
    api: API,
    autoName,
    immutable: ["name", "encryptedInterconnectRouter", "nccGateway", "network", "params", "region", "project"],
    check: checkName,
    settle: (inputs, scope) => located(inputs, scope, "project", "region"),
    id: ({ project, region, name }) => routerId(String(name), String(project), String(region)),
    references: (settled) => [ofNetwork(settled)],
    computed: (_, id) => ({ selfLink: LINK + id }),
};

export const routerNat: Kind = {
    type: "gcp:compute/routerNat:RouterNat",
    module: "compute/routerNat",
    api: API,
    autoName,
    immutable: ["name", "router", "endpointTypes", "initialNatIps", "region", "type", "project"],
    check: (inputs) => {
        const subnetworks = list(inputs, "subnetworks");
        return inputs.sourceSubnetworkIpRangesToNat === "LIST_OF_SUBNETWORKS" && subnetworks.length === 0
            ? [{ property: "subnetworks", reason: "required with LIST_OF_SUBNETWORKS" }]
            : checkName(inputs);
    },
    settle: (inputs, scope) => located(inputs, scope, "project", "region"),
    id: (settled) => ["project", "region", "router", "name"].map((key) => text(settled, key)).join("/"),
    references: (settled) => {
        const [project, region] = [text(settled, "project"), text(settled, "region")];
        const subnetworks = list(settled, "subnetworks").map((each) => text(each, "name"));
        return [
            { id: routerId(text(settled, "router"), project, region), onDelete: "cascade" },
            ...subnetworks.map((name) => uses(subnetworkId(name, project, region))),
        ];
    },
    computed: () => ({}),
};

export const firewall: Kind = {
    type: "gcp:compute/firewall:Firewall",
    module: "compute/firewall",
    api: API,
    autoName,
    immutable: ["name", "direction", "params", "project"],
    check: (inputs) => [
        ...checkName(inputs),
        ...((inputs.allows === undefined) === (inputs.denies === undefined)
            ? [{ property: "allows", reason: "exactly one of `allows`, `denies` must be specified" }]
            : []),
        ...["sourceRanges", "destinationRanges"].flatMap((property) =>
            list(inputs, property)
                .filter((block) => String(block).includes(".") && rangeOf(String(block)) === undefined)
                .map((block) => ({ property, reason: `invalid CIDR address: ${String(block)}` })),
        ),
    ],
    settle: (inputs, scope) => located(inputs, scope, "project"),
    id: ({ project, name }) => `projects/${String(project)}/global/firewalls/${String(name)}`,
    references: (settled) => [ofNetwork(settled)],
    computed: (settled, id) => ({ selfLink: LINK + id, direction: settled.direction ?? "INGRESS" }),
};

export const address: Kind = {
    type: "gcp:compute/address:Address",
    module: "compute/address",
    api: API,
    autoName,
    immutable: [
        "name",
        "address",
        "addressType",
        "description",
        "ipCollection",
        "ipVersion",
        "ipv6EndpointType",
        "network",
        "networkTier",
        "prefixLength",
        "purpose",
        "region",
        "subnetwork",
        "project",
    ],
    check: checkName,
    settle: (inputs, scope) => located(inputs, scope, "project", "region"),
    id: ({ project, region, name }) =>
        `projects/${String(project)}/regions/${String(region)}/addresses/${String(name)}`,
    references: (settled) => (get(settled, "network") === undefined ? [] : [ofNetwork(settled)]),
    computed: (settled, id) => ({ selfLink: LINK + id, address: settled.address ?? "203.0.113.20", users: [] }),
};
