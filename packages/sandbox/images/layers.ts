import * as fs from "node:fs";
import * as path from "node:path";
import { iptablesCommands } from "../toolchain/debianPackages";
import { toolchainFiles } from "../toolchain/toolchain";

/** Files of an image. Paths in the image have no leading slash. */
export interface Layer {
    name: string;
    /** Path in the image, and the file of this machine that goes there. */
    files?: Readonly<Record<string, string>>;
    /** Path in the image, and the text of the file. */
    texts?: Readonly<Record<string, string>>;
    /** Path in the image, and the target of the symbolic link there. */
    links?: Readonly<Record<string, string>>;
    /** A directory of this machine that becomes `/` in the image. */
    tree?: string;
}

const users = Object.entries({ root: 0, app: 1000, reviews: 1001, "istio-proxy": 1337, jaeger: 10001, nobody: 65534 });

/** Debian's C library, iptables and a shell, and the users of the images' processes. */
export const debianTree: Layer = {
    name: "debian",
    tree: toolchainFiles.debianRoot,
    texts: {
        "etc/passwd": users.map(([name, id]) => `${name}:x:${id}:${id}::/:/bin/sh\n`).join(""),
        "etc/group": users.map(([name, id]) => `${name}:x:${id}:\n`).join(""),
        "tmp/.keep": "",
        "etc/ssl/certs/.keep": "",
    },
    links: {
        "bin/sh": "busybox",
        ...Object.fromEntries(iptablesCommands.map((name) => [`usr/sbin/${name}`, "xtables-nft-multi"])),
    },
};

/** Writes a layer's files into a directory. Large files are linked if the file system allows it, and otherwise copied. */
export function writeLayer(layer: Layer, directory: string): void {
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
            fs.copyFileSync(source, place(file)); // on another file system
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
