import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** Google's answer: its status and body. The path has neither the API's version nor a slash before it. */
export type Answering = (method: string, path: string, query: URLSearchParams) => [status: number, body: object];

/**
 * Google's APIs on loopback, and gcloud's plugin with a token for them, for all tests of a file.
 * @returns the requests of the current test, such as `DELETE projects/p`
 */
export function useFakeGoogle(answer: Answering): string[] {
    const requests: string[] = [];
    const environment = { ...process.env };
    const folder = mkdtempSync(path.join(tmpdir(), "google-"));
    const server = createServer((request, response) => {
        const { method = "", headers } = request;
        const url = new URL(request.url ?? "", "http://host");
        const at = url.pathname.replace("/v1/", "");
        requests.push(`${method} ${at}`);
        const isKnown = headers.authorization === "Bearer of the plugin";
        const [status, body] = isKnown ? answer(method, at, url.searchParams) : [401, {}];
        response.writeHead(status).end(JSON.stringify(body));
    });
    beforeAll(async () => {
        const plugin = path.join(folder, "gke-gcloud-auth-plugin");
        writeFileSync(plugin, `#!/bin/sh\necho '{"status": {"token": "of the plugin"}}'\n`);
        chmodSync(plugin, 0o755);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    });
    beforeEach(() => {
        requests.length = 0;
        const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
        process.env = {
            ...environment,
            PATH: `${folder}${path.delimiter}${environment.PATH ?? ""}`,
            GOOGLE_COMPUTE_CUSTOM_ENDPOINT: address,
            GOOGLE_CONTAINER_CUSTOM_ENDPOINT: `${address}/`,
            GOOGLE_IAM_CUSTOM_ENDPOINT: address,
        };
    });
    afterAll(() => {
        process.env = environment;
        server.closeAllConnections();
        server.close();
        rmSync(folder, { recursive: true });
    });
    return requests;
}
