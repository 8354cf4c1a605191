import https from "node:https";
import * as tls from "node:tls";

/* A client of the ingress gateway's HTTPS port, by the rules of TLS alone. */

/** Address of the ingress gateway on the sandbox. */
export const GATEWAY = "198.51.100.20";

/** What a client trusts and shows, as PEM. */
export interface Client {
    ca: string;
    cert?: string;
    key?: string;
}

interface Answer {
    status: number;
    body: string;
}

/** GETs the page of a host over a connection of its own. @throws the error of the handshake or of the connection */
export function getSecurely(host: string, client: Client, path = "/productpage"): Promise<Answer> {
    return new Promise((resolve, reject) => {
        const headers = { host, connection: "close" };
        const options = { host: GATEWAY, port: 443, servername: host, path, headers, agent: false, timeout: 10_000 };
        const request = https.get({ ...options, ...client }, (response) => {
            let body = "";
            response.setEncoding("utf8").on("data", (chunk: string) => {
                body += chunk;
            });
            response.once("end", () => {
                resolve({ status: response.statusCode ?? 0, body });
            });
        });
        request.on("timeout", () => request.destroy(new Error("no answer in 10 s")));
        request.on("error", reject);
    });
}

/** The names in the certificate that the gateway shows for a host, or the code of the error, such as ECONNRESET. */
export function certificateFor(host: string, client: Client): Promise<string> {
    return new Promise((resolve) => {
        const socket = tls.connect({ host: GATEWAY, port: 443, servername: host, timeout: 10_000, ...client }, () => {
            resolve(socket.getPeerCertificate().subjectaltname ?? "no names");
            socket.destroy();
        });
        socket.on("timeout", () => socket.destroy(new Error("no answer in 10 s")));
        socket.on("error", (error: NodeJS.ErrnoException) => {
            resolve(error.code ?? error.message);
        });
    });
}
