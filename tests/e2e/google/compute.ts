import { contains, overlap, rangeOf } from "./cidr";
import {
    type CloudObject,
    type Inputs,
    type Kind,
    listAt,
    type Reference,
    stringAt,
    throwApiError,
    valueAt,
    withScope,
} from "./kind";
import type { InputError } from "./shapes";

/*
 * Networks. Sources:
 * - immutable fields: ForceNew in hashicorp/terraform-provider-google 7.45, services/compute, the base of the real provider
 *   (@pulumi/gcp's declarations mention only some of them)
 * - automatic names: pulumi/pulumi-gcp, provider/resources.go
 */

const API = "compute.googleapis.com";
const LINK = "https://www.googleapis.com/compute/v1/";
/** Every name in Compute Engine (RFC 1035). */
const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const autoName = { field: "name", limit: 63 };

/** Id of an object, given by name, id or link. */
function idOf(reference: string, parent: string): string {
    const path = reference.replace(LINK, "");
    return path.includes("/") ? path : `${parent}/${path}`;
}

/** Id of a network, given by name, id or link. */
export function networkId(reference: string, project: string): string {
    return idOf(reference, `projects/${project}/global/networks`);
}

/** Id of a subnet, given by name, id or link. */
export function subnetworkId(reference: string, project: string, region: string): string {
    return idOf(reference, `projects/${project}/regions/${region}/subnetworks`);
}

function routerId(reference: string, project: string, region: string): string {
    return idOf(reference, `projects/${project}/regions/${region}/routers`);
}

const referenceTo = (id: string): Reference => ({ id, onDelete: "refuse" });

const networkReference = (resolved: Inputs) =>
    referenceTo(networkId(stringAt(resolved, "network"), stringAt(resolved, "project")));

function checkName(inputs: Inputs): InputError[] {
    const name = stringAt(inputs, "name");
    return NAME.test(name) ? [] : [{ property: "name", reason: `"${name}" doesn't match regexp ${NAME.source}` }];
}

/** The IPv4 ranges of a subnet, by name; that of the primary range is empty. */
export function rangesOf(subnetwork: Inputs): Map<string, string> {
    const secondary = listAt(subnetwork, "secondaryIpRanges").map(
        (range) => [stringAt(range, "rangeName"), stringAt(range, "ipCidrRange")] as const,
    );
    return new Map([["", stringAt(subnetwork, "ipCidrRange")], ...secondary]);
}

function checkRanges(inputs: Inputs): InputError[] {
    return [...rangesOf(inputs)]
        .filter(([, block]) => block !== "" && rangeOf(block) === undefined)
        .map(([name, block]) => ({
            property: name === "" ? "ipCidrRange" : "secondaryIpRanges",
            reason: `invalid CIDR address: ${block}`,
        }));
}

/** The ranges of a network must not overlap, even in different regions. */
function rejectOverlaps(resolved: Inputs, others: CloudObject[]): void {
    const network = networkReference(resolved).id;
    const taken = others.filter(
        ({ type, outputs }) => type === subnetwork.type && networkReference(outputs).id === network,
    );
    const own = [...rangesOf(resolved).values()];
    const candidates = [
        ...taken.flatMap(({ outputs }) => [...rangesOf(outputs).values()].map((block) => [block, outputs.name])),
        ...own.map((block) => [block, resolved.name]),
    ] as [string, string][];
    for (const [index, block] of own.entries()) {
        const conflict = candidates.find(([other], position) => {
            const itself = position === candidates.length - own.length + index;
            const [one, another] = [rangeOf(block), rangeOf(other)];
            return !itself && one && another && overlap(one, another);
        });
        if (conflict) {
            throwApiError(400, `Invalid IPCidrRange: ${block} conflicts with existing subnetwork '${conflict[1]}'`);
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
    resolve: (inputs, scope) => withScope(inputs, scope, "project"),
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
    // A subnet can grow but not shrink (ForceNewIfChange IsShrinkageIpCidr).
    forcesReplacement: (path, before, after) => {
        const [old, now] = [before, after].map((inputs) => rangeOf(stringAt(inputs, "ipCidrRange")));
        return path === "ipCidrRange" && !(old && now && contains(now, old));
    },
    check: (inputs) => [...checkName(inputs), ...checkRanges(inputs)],
    resolve: (inputs, scope) => withScope(inputs, scope, "project", "region"),
    id: ({ project, region, name }) => subnetworkId(String(name), String(project), String(region)),
    references: (resolved) => [networkReference(resolved)],
    validate: rejectOverlaps,
    computed: (resolved, id) => ({
        selfLink: LINK + id,
        gatewayAddress: stringAt(resolved, "ipCidrRange").replace(/\d+\/\d+$/, "1"),
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
    resolve: (inputs, scope) => withScope(inputs, scope, "project", "region"),
    id: ({ project, region, name }) => routerId(String(name), String(project), String(region)),
    references: (resolved) => [networkReference(resolved)],
    computed: (_, id) => ({ selfLink: LINK + id }),
};

export const routerNat: Kind = {
    type: "gcp:compute/routerNat:RouterNat",
    module: "compute/routerNat",
    api: API,
    autoName,
    immutable: ["name", "router", "endpointTypes", "initialNatIps", "region", "type", "project"],
    check: (inputs) => {
        const subnetworks = listAt(inputs, "subnetworks");
        return inputs.sourceSubnetworkIpRangesToNat === "LIST_OF_SUBNETWORKS" && subnetworks.length === 0
            ? [{ property: "subnetworks", reason: "required with LIST_OF_SUBNETWORKS" }]
            : checkName(inputs);
    },
    resolve: (inputs, scope) => withScope(inputs, scope, "project", "region"),
    id: (resolved) => ["project", "region", "router", "name"].map((key) => stringAt(resolved, key)).join("/"),
    references: (resolved) => {
        const [project, region] = [stringAt(resolved, "project"), stringAt(resolved, "region")];
        const subnetworks = listAt(resolved, "subnetworks").map((each) => stringAt(each, "name"));
        return [
            { id: routerId(stringAt(resolved, "router"), project, region), onDelete: "cascade" },
            ...subnetworks.map((name) => referenceTo(subnetworkId(name, project, region))),
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
            listAt(inputs, property)
                .filter((block) => String(block).includes(".") && rangeOf(String(block)) === undefined)
                .map((block) => ({ property, reason: `invalid CIDR address: ${String(block)}` })),
        ),
    ],
    resolve: (inputs, scope) => withScope(inputs, scope, "project"),
    id: ({ project, name }) => `projects/${String(project)}/global/firewalls/${String(name)}`,
    references: (resolved) => [networkReference(resolved)],
    computed: (resolved, id) => ({ selfLink: LINK + id, direction: resolved.direction ?? "INGRESS" }),
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
    resolve: (inputs, scope) => withScope(inputs, scope, "project", "region"),
    id: ({ project, region, name }) =>
        `projects/${String(project)}/regions/${String(region)}/addresses/${String(name)}`,
    references: (resolved) => (valueAt(resolved, "network") === undefined ? [] : [networkReference(resolved)]),
    computed: (resolved, id) => ({ selfLink: LINK + id, address: resolved.address ?? "203.0.113.20", users: [] }),
};
