/** The registry of an image with a full name, such as `docker.io`. */
export function registryOf(image: string): string {
    return image.split("/")[0] ?? image;
}

/** How long to wait for a registry's answer, in milliseconds: a network that drops packets must not hold the start up for long. */
const patience = 3_000;

/** Whether a registry speaks the distribution protocol from here: it answers `/v2/` with success or asks for credentials. */
export async function isReachable(registry: string): Promise<boolean> {
    const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
    try {
        const answer = await fetch(`https://${host}/v2/`, { signal: AbortSignal.timeout(patience) });
        return answer.status === 200 || answer.status === 401;
    } catch {
        return false;
    }
}
