/** Why an image cannot be pulled, by the words of registries and container runtimes, with what to do. */

export interface PullFault {
    /** The cause in short. */
    why: string;
    /** Whether only a person can repair it. */
    final: boolean;
    remedy: (pull: Pull) => string;
}

interface Pull {
    /** The whole name of the image. */
    image: string;
    /** The registry's host. */
    host: string;
    /** Names of the pod's pull secrets. */
    secrets: string[];
}

const MIRROR = "set images.mirror to a registry that has copies";
const LOGIN = "images.dockerConfig, or images.pullSecrets if the namespaces have a pull secret already";

/** The first match counts: a registry is asked for a token first, so a fault of the network names the login too. */
const FAULTS: [words: RegExp, fault: PullFault][] = [
    [
        // Docker Hub counts pulls for hours. Any other registry may answer again in a moment.
        /pull rate limit/i,
        {
            why: "rate limit of the registry",
            final: true,
            remedy: ({ image }) =>
                `The registry of ${image} allows only so many pulls in some hours. Log in (${LOGIN}), or ${MIRROR}.`,
        },
    ],
    [
        /toomanyrequests|too many requests|\b429\b/i,
        {
            why: "rate limit of the registry",
            final: false,
            remedy: ({ image }) =>
                `The registry of ${image} gets too many requests. If it stays so, log in (${LOGIN}), or ${MIRROR}.`,
        },
    ],
    [
        /x509:|certificate signed by unknown authority|tls: failed to verify certificate/,
        {
            why: "the node does not trust the registry's certificate",
            final: true,
            remedy: ({ host }) =>
                `Give the certificate's authority to the container runtime of each node (containerd: certs.d/${host}), or ${MIRROR}.`,
        },
    ],
    [
        /server gave HTTP response to HTTPS client/,
        {
            why: "the registry has no TLS",
            final: true,
            remedy: ({ host }) =>
                `Give ${host} a certificate, or let the container runtime of each node use HTTP (containerd: certs.d/${host}).`,
        },
    ],
    [
        /no such host|server misbehaving|Temporary failure in name resolution/,
        {
            why: "the node does not find the registry's name",
            final: false,
            remedy: ({ host }) =>
                `Is ${host} the right name, and does the DNS of the nodes know it? Otherwise ${MIRROR}.`,
        },
    ],
    [
        /i\/o timeout|connection refused|connection reset|no route to host|network is unreachable|TLS handshake timeout|deadline exceeded|proxyconnect|: EOF/,
        {
            why: "the node does not reach the registry",
            final: false,
            remedy: ({ host }) => `Do the nodes reach ${host} (firewall, NAT, proxy)? Otherwise ${MIRROR}.`,
        },
    ],
    [
        /unauthorized|\b401\b|authentication required|no basic auth credentials|access denied|\bdenied\b|insufficient_scope|authorization failed|\b403\b/i,
        {
            why: "the registry refuses access",
            final: true,
            remedy: ({ image, host, secrets }) =>
                secrets.length === 0
                    ? `${host} wants credentials for ${image}, or does not have it. Set ${LOGIN}.`
                    : `${host} refuses ${image}, or does not have it: is ${host} in the pull secret ${secrets.join(" or ")}, with ` +
                      `credentials that may read it? ${LOGIN} set the credentials.`,
        },
    ],
    [
        /no match(?:ing manifest)? for/,
        {
            why: "the image has no build for this node",
            final: true,
            remedy: ({ image }) =>
                `${image} has no build for the architecture of the node: copy all platforms of the image.`,
        },
    ],
    [
        /manifest unknown|name unknown|not found|repository does not exist/i,
        {
            why: "the registry does not have the image",
            final: true,
            remedy: ({ image, host }) => `${host} does not have ${image}: copy it there, or correct its name or tag.`,
        },
    ],
];

/** The fault behind a message; undefined if its words are unknown. */
export function pullFaultOf(message: string): PullFault | undefined {
    return FAULTS.find(([words]) => words.test(message))?.[1];
}
