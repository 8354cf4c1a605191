/** The few requests of the program itself to Google's APIs, beside those of the Google Cloud provider. */
import { findExecutable, run, searchPath } from "../shared/childProcess";
import { UserError } from "../shared/errors";
import { AUTH_PLUGIN, authPluginArgs } from "../shared/gcloudPlugin";

/** Longest time for one answer, in milliseconds. */
const ANSWER = 30_000;

/** Where Google's APIs are. The variables are those of the Google Cloud provider, for private endpoints. */
const APIS = {
    compute: ["GOOGLE_COMPUTE_CUSTOM_ENDPOINT", "https://compute.googleapis.com/compute/v1/"],
    container: ["GOOGLE_CONTAINER_CUSTOM_ENDPOINT", "https://container.googleapis.com/v1/"],
    iam: ["GOOGLE_IAM_CUSTOM_ENDPOINT", "https://iam.googleapis.com/v1/"],
} as const;

/** An access token for Google's APIs, as kubectl gets it. @throws UserError if the plugin has none */
async function accessToken(stop: AbortSignal): Promise<string> {
    const plugin = findExecutable(AUTH_PLUGIN, searchPath());
    if (plugin === undefined) {
        throw new UserError(`${AUTH_PLUGIN} is not on PATH`);
    }
    const { code, stdout, stderr } = await run(plugin, authPluginArgs(process.env), { stop, timeout: ANSWER });
    if (code !== 0) {
        throw new UserError(`${AUTH_PLUGIN}: ${stderr.trim()}`);
    }
    return (JSON.parse(stdout) as { status: { token: string } }).status.token;
}

/** An answer with which Google refuses a request. */
export class Refusal extends UserError {
    constructor(
        status: number,
        message: string,
        /** The answer's body. */
        readonly body: unknown,
    ) {
        super(`Google answers ${status}: ${message}`);
    }
}

/** Google's APIs for one user. */
export class Google {
    private constructor(
        private readonly token: string,
        private readonly stop: AbortSignal,
    ) {}

    /** @throws UserError if this machine has no token */
    static async connect(stop: AbortSignal): Promise<Google> {
        return new Google(await accessToken(stop), stop);
    }

    async get<T>(api: keyof typeof APIS, path: string): Promise<T> {
        return (await this.send(api, path, "GET")) as T;
    }

    /** The `items` of all pages of a list of Compute Engine. */
    async list<Items>(path: string): Promise<Items[]> {
        const pages: Items[] = [];
        for (let token: string | undefined = ""; token !== undefined;) {
            const query = token === "" ? "" : `?pageToken=${encodeURIComponent(token)}`;
            const page: { items?: Items; nextPageToken?: string } = await this.get("compute", path + query);
            pages.push(...(page.items === undefined ? [] : [page.items]));
            token = page.nextPageToken;
        }
        return pages;
    }

    /** Begins to delete something. What is gone already, or still in use, is no error: the next look decides. */
    async remove(api: keyof typeof APIS, path: string): Promise<void> {
        await this.send(api, path, "DELETE", [400, 404, 409]);
    }

    private async send(
        api: keyof typeof APIS,
        path: string,
        method: string,
        ignored: readonly number[] = [],
    ): Promise<unknown> {
        const [variable, usual] = APIS[api];
        const base = (process.env[variable] ?? usual).replace(/\/?$/, "/");
        const answer = await fetch(base + path, {
            method,
            headers: { authorization: `Bearer ${this.token}` },
            signal: AbortSignal.any([this.stop, AbortSignal.timeout(ANSWER)]),
        });
        const body = (await answer.json().catch(() => ({}))) as { error?: { message?: string } };
        if (!answer.ok && !ignored.includes(answer.status)) {
            throw new Refusal(answer.status, body.error?.message ?? answer.statusText, body);
        }
        return body;
    }
}
