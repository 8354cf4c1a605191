import * as path from "node:path";
import { parseArgs } from "node:util";
import { parseDuration } from "../prometheus/duration";
import { type ListenAddress, parseListenAddress } from "./listenAddress";

interface Flags {
    bindAddr: ListenAddress;
    prometheusAddr: URL;
    /** A folder whose files replace the server's own. It may have none of them. */
    assetDir: string;
    /** How long Prometheus may take for an answer, in milliseconds. */
    prometheusTimeout: number;
    /** How long an answer of Prometheus may be, in bytes. */
    prometheusAnswerBytes: number;
}

export const USAGE = `Flags, with their defaults:
  --bindAddr :8088                          where to listen
  --prometheusAddr http://localhost:9090    the Prometheus to ask; a path is a prefix, and a query is sent with each question
  --assetDir                                a folder whose files replace the server's own of the same name; none by default
  --prometheusTimeout 10s                   how long Prometheus may take for an answer
  --prometheusAnswerBytes 33554432          how long an answer of Prometheus may be, in bytes, after decompression
  --help                                    shows this text

HTTP_PROXY, HTTPS_PROXY and NO_PROXY say how to reach Prometheus.`;

/** Whether the flags ask for \`USAGE\`, as Go's flag package does. */
export function asksForHelp(args: readonly string[]): boolean {
    return args.some((arg) => /^--?h(?:elp)?$/.test(arg));
}

/**
 * Reads the flags: those of 1.0, with one dash or two as in Go, and two new ones.
 * @param programFolder the folder of the server's own files
 * @throws Error with the flag, its value and what is allowed
 */
export function parseFlags(args: string[], programFolder: string): Flags {
    const { values } = parseArgs({
        args: args.map((arg) => arg.replace(/^-(?=[a-zA-Z]{2})/, "--")),
        options: {
            bindAddr: { type: "string", default: ":8088" },
            prometheusAddr: { type: "string", default: "http://localhost:9090" },
            assetDir: { type: "string", default: programFolder },
            prometheusTimeout: { type: "string", default: "10s" },
            prometheusAnswerBytes: { type: "string", default: String(32 * 1024 * 1024) },
        },
    });
    const bytes = values.prometheusAnswerBytes;
    return {
        bindAddr:
            parseListenAddress(values.bindAddr) ?? refuse("bindAddr", values.bindAddr, "[host]:port, such as :8088"),
        prometheusAddr:
            parseHttpUrl(values.prometheusAddr) ??
            refuse("prometheusAddr", values.prometheusAddr, "an address such as http://prometheus:9090"),
        assetDir: path.resolve(values.assetDir),
        prometheusTimeout: parseTimeout(values.prometheusTimeout),
        prometheusAnswerBytes: /^[1-9]\d{0,9}$/.test(bytes)
            ? Number(bytes)
            : refuse("prometheusAnswerBytes", bytes, "a number of bytes"),
    };
}

/** In milliseconds. No client waits longer than ten minutes. */
function parseTimeout(text: string): number {
    const milliseconds = parseDuration(text) ?? 0;
    return milliseconds > 0 && milliseconds <= 600_000
        ? milliseconds
        : refuse("prometheusTimeout", text, "a duration above 0, such as 10s, and at most 10m");
}

function parseHttpUrl(text: string): URL | undefined {
    return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

function refuse(flag: string, value: string, allowed: string): never {
    throw new Error(`--${flag} must be ${allowed}; it is ${JSON.stringify(value)}`);
}
