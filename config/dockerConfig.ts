/** Credentials for registries, in the form of Docker's config.json. */
import { parseJson } from "../packages/shared/json";

/** What the config may have, in words. */
export const DOCKER_CONFIG_FORM = '{"auths": {"HOST": {"username": "USER", "password": "PASSWORD"}}}';

interface Entry {
    username?: unknown;
    password?: unknown;
    /** `username:password` in base64. */
    auth?: unknown;
}

/**
 * Reads the content of a config.json. Nodes need only its credentials, so everything else is left out: a user's own file
 * also has settings of that machine, such as proxies.
 * @returns JSON with `auths` alone; or what is wrong, as the end of a sentence. It quotes nothing but names of registries.
 */
export function readDockerConfig(text: string): { json: string } | { problem: string } {
    const content = parseJson(text);
    if (!isObject(content)) {
        return { problem: "it is not a JSON object" };
    }
    const { auths, credsStore, credHelpers } = content;
    const stored = credsStore !== undefined || credHelpers !== undefined;
    const elsewhere = "credsStore and credHelpers keep the passwords on this machine, where no node finds them";
    if (auths === undefined || (isObject(auths) && Object.keys(auths).length === 0)) {
        return { problem: stored ? elsewhere : "it has no auths" };
    }
    if (!isObject(auths)) {
        return { problem: "its auths are not an object" };
    }
    const entries = Object.entries(auths);
    if (entries.some(([host]) => !/^[^\s@]+$/.test(host))) {
        return { problem: "a key of its auths is not the host of a registry" };
    }
    const wrong = entries.find(([, entry]) => !isObject(entry) || !isEntry(entry));
    if (wrong) {
        return { problem: `its entry for ${wrong[0]} has neither auth nor username and password` };
    }
    const usable = entries.filter(([, entry]) => isComplete(entry as Entry));
    if (usable.length === 0) {
        const [host = ""] = entries[0] ?? [];
        return { problem: stored ? elsewhere : `its entry for ${host} has neither auth nor username and password` };
    }
    return { json: JSON.stringify({ auths: Object.fromEntries(usable) }) };
}

/** Whether the entry's fields have the right form. Docker leaves an empty entry if the password is in a store. */
function isEntry(entry: Entry): boolean {
    const { username, password, auth } = entry;
    const texts = [username, password, auth].every((field) => field === undefined || typeof field === "string");
    return texts && (!auth || /^[^:]+:[^]+$/.test(Buffer.from(auth as string, "base64").toString()));
}

function isComplete({ username, password, auth }: Entry): boolean {
    return Boolean(auth) || Boolean(username && password);
}

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
