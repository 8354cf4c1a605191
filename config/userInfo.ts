/** Credentials that stand in a URL, such as https://USER:PASSWORD@HOST. They would be copied wherever the URL goes. */
import { type ConfigIssue, inPulumi, removeCommand, SECRET } from "./issues";
import { shellWord } from "../packages/shared/shell";

/** A URL with something before an `@` in front of its host. */
const URL_WITH_USER = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*@/i;

/** The same without a scheme, in front of a registry. The `@` of an image's digest comes after a slash. */
const REGISTRY_WITH_USER = /^[^/\s]*@(?!sha256:)/;

/** The keys whose values are registries or images. */
const REGISTRY_KEYS = /^(?:images\.mirror|istio\.hub|bookinfo\.registry|istio\.\w+\.image)$/;

/** Where the credentials of a key belong. Of any other key, the whole value has to be a secret. */
const PLACES: [key: RegExp, place: string[]][] = [
    [/^istio\.chartRepository$/, ["istio", "chartCredentials"]],
    [/^istio\.kiali\.chartRepository$/, ["istio", "kiali", "chartCredentials"]],
];

/**
 * The issues of all URLs and registries with credentials in them.
 * @param set the sections of the config, as the user set them
 * @param secret the sections that are secrets: Helm values in them may have credentials, because they are kept as secrets
 */
export function checkUserInfo(set: Readonly<Record<string, unknown>>, secret: readonly string[]): ConfigIssue[] {
    return Object.entries(set).flatMap(([section, value]) =>
        textsIn(value, [section])
            .filter(({ path }) => !(secret.includes(section) && path[1] === "values"))
            .filter(({ path, text }) => hasUserInfo(inPulumi(path), text))
            .map(({ path }) => issueAt(path)),
    );
}

function hasUserInfo(key: string, text: string): boolean {
    return URL_WITH_USER.test(text) || (REGISTRY_KEYS.test(key) && REGISTRY_WITH_USER.test(text));
}

function issueAt(path: string[]): ConfigIssue {
    const key = inPulumi(path);
    return {
        path,
        value: SECRET,
        problem: "it has a user or a password in it, which files and messages would show",
        allowed: "the same without them",
        remedy: `${remedyFor(key, path)} Then replace the password, because it has been in a file.`,
    };
}

function remedyFor(key: string, path: string[]): string {
    const [, place] = PLACES.find(([pattern]) => pattern.test(key)) ?? [];
    const set = (at: string[]) => `pulumi config set --secret --path ${shellWord(inPulumi(at))}`;
    if (place) {
        return `Take them out, and run: ${set([...place, "username"])}, and: ${set([...place, "password"])}.`;
    }
    if (REGISTRY_KEYS.test(key)) {
        return `Take them out, and run: ${set(["images", "dockerConfig"])} < FILE.`;
    }
    return path[0] === "istio" && path[1] === "values"
        ? `Run: ${set(path)}.`
        : `Take them out, or remove the key. ${removeCommand(path)}.`;
}

/** The texts in a tree, with their paths. */
function textsIn(value: unknown, path: string[]): { path: string[]; text: string }[] {
    if (typeof value === "string") {
        return [{ path, text: value }];
    }
    return typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([key, inner]) => textsIn(inner, [...path, key]))
        : [];
}
