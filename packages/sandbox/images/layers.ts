import * as fs from "node:fs";
import * as path from "node:path";
import { program, toolchainFiles } from "../toolchain/toolchain";

/** Files of an image: what is at each path (without the leading slash) in it, and directories that are taken whole. */
export interface Layer {
    name: string;
    /** Path in the image, and the file of this machine that is put there. */
    files?: Readonly<Record<string, string>>;
    /** Path in the image, and the text of the file. */
    texts?: Readonly<Record<string, string>>;
    /** Path in the image, and what the symbolic link there points to. */
    links?: Readonly<Record<string, string>>;
    /** A directory of this machine whose content lies under `/` in the image. */
    tree?: string;
}

const users = { root: 0, app: 1000, reviews: 1001, "istio-proxy": 1337, jaeger: 10001, nobody: 65534 };

/** Debian's C library, iptables and a shell, with the accounts that the images' processes run as. */
export const debianTree: Layer = {
    name: "debian",
    get tree() {
        return toolchainFiles.debianRoot;
    },
    texts: {
        "etc/passwd": Object.entries(users)
            .map(([name, id]) => `${name}:x:${id}:${id}::/:/bin/sh\n`)
            .join(""),
        "etc/group": Object.entries(users)
            .map(([name, id]) => `${name}:x:${id}:\n`)
            .join(""),
        "tmp/.keep": "",
        "etc/ssl/certs/.keep": "",
    },
    links: {
        "bin/sh": "busybox",
        ...Object.fromEntries(
            ["iptables", "ip6tables"]
                .flatMap((tool) => [tool, `${tool}-save`, `${tool}-restore`])
                .map((tool) => [`usr/sbin/${tool}`, "xtables-nft-multi"]),
        ),
    },
};

/** Istio's programs, at the places that its charts and its injection template expect. */
export const istioFiles = {
    pilot: { name: "pilot", files: { "usr/local/bin/pilot-discovery": program("istio", "pilot-discovery") } },
    proxy: {
        name: "proxy",
        files: {
            "usr/local/bin/pilot-agent": program("istio", "pilot-agent"),
            "usr/local/bin/envoy": toolchainFiles.envoy,
            "var/lib/istio/envoy/envoy_bootstrap_tmpl.json": toolchainFiles.envoyBootstrap,
        },
    },
} as const satisfies Record<string, Layer>;

/** What runs beside the mesh, at the places that the published images have it. */
export const addonFiles = {
    prometheus: { name: "prometheus", files: { "bin/prometheus": program("prometheus", "prometheus") } },
    jaeger: { name: "jaeger", files: { "cmd/jaeger/jaeger-linux": program("jaeger", "jaeger") } },
    node: { name: "node", files: { "usr/local/bin/node": toolchainFiles.node } },
} as const satisfies Record<string, Layer>;

/** Lays a layer's files out under a directory; big files are linked, not copied, where the file system can. */
export function layOut(layer: Layer, directory: string): void {
    fs.mkdirSync(directory, { recursive: true });
    if (layer.tree) {
        fs.cpSync(layer.tree, directory, { recursive: true, verbatimSymlinks: true });
    }
    const place = (file: string) => {
        const target = path.join(directory, file);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        return target;
    };
    for (const [file, source] of Object.entries(layer.files ?? {})) {
        try {
            fs.linkSync(source, place(file));
        } catch {
            fs.copyFileSync(source, place(file)); // another file system
        }
    }
    for (const [file, text] of Object.entries(layer.texts ?? {})) {
        fs.writeFileSync(place(file), text);
    }
    for (const [file, target] of Object.entries(layer.links ?? {})) {
        const link = place(file);
        fs.rmSync(link, { force: true });
        fs.symlinkSync(target, link);
    }
}
