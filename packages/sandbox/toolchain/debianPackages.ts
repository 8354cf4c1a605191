import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../run";
import { UserError } from "../../shared/errors";
import type { Artifact } from "./artifacts";

/**
 * What the sandbox takes from Debian, by name: iptables for kube-proxy, the CNI plugins and Istio's init container; busybox
 * so that a container has a shell; libseccomp for runc; the C++ library for Node. With all that they depend on, down to the
 * C library, since images are made of them too.
 */
const packages = ["iptables", "busybox-static", "libseccomp-dev", "libstdc++6"];

/** The directory in which Debian puts this machine's libraries. */
const libraryTriple = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[os.arch()] ?? os.arch();
const loader = { x64: "lib64/ld-linux-x86-64.so.2", arm64: "lib/ld-linux-aarch64.so.1" }[os.arch()] ?? "";

/** Places in the finished artifact. */
export const debian = {
    /** The packages' files, as they would lie under `/`. */
    root: (directory: string) => path.join(directory, "root"),
    /** `iptables` and its kin, to be run on this machine. */
    bin: (directory: string) => path.join(directory, "bin"),
    /** Tells Go's C compiler where libseccomp is. */
    pkgConfig: (directory: string) => path.join(directory, "pkg-config"),
};

/**
 * Debian's packages, unpacked into the cache: nothing is installed on the machine. apt works with an empty status file of its own, so it
 * brings the whole closure, whatever the machine has.
 */
export const debianArtifact: Artifact = {
    name: "debian",
    title: "Debian packages",
    builtFrom: [
        ...packages,
        fs.existsSync("/etc/os-release") ? fs.readFileSync("/etc/os-release", "utf8") : "",
        os.arch(),
        // Another number whenever what is done with the packages changes.
        "recipe 2",
    ],
    async build(directory, report, finished) {
        const apt = path.join(directory, "apt");
        const archives = path.join(apt, "cache", "archives");
        fs.mkdirSync(path.join(apt, "state", "lists", "partial"), { recursive: true });
        fs.mkdirSync(path.join(archives, "partial"), { recursive: true });
        fs.writeFileSync(path.join(apt, "status"), "");
        const configuration = path.join(apt, "apt.conf");
        fs.writeFileSync(
            configuration,
            [
                `Dir::State "${path.join(apt, "state")}";`,
                `Dir::State::status "${path.join(apt, "status")}";`,
                `Dir::Cache "${path.join(apt, "cache")}";`,
                `APT::Install-Recommends "false";`,
                // The directory is root's: apt's own download user could not write there.
                `APT::Sandbox::User "root";`,
            ].join("\n"),
        );
        const aptGet = (...args: string[]) =>
            run("apt-get", ["-q", "-y", ...args], { env: { APT_CONFIG: configuration } });
        report("reading Debian's package lists");
        await aptGet("update");
        report(`downloading ${packages.join(", ")}`);
        await aptGet("install", "--download-only", ...packages);
        const root = debian.root(directory);
        // As on an installed system: since Debian 13 the packages rely on these links, which no package of ours brings.
        for (const merged of ["bin", "sbin", "lib", "lib64"]) {
            fs.mkdirSync(path.join(root, "usr", merged), { recursive: true });
            fs.symlinkSync(path.join("usr", merged), path.join(root, merged));
        }
        for (const archive of fs.readdirSync(archives).filter((file) => file.endsWith(".deb"))) {
            report(`unpacking ${archive}`);
            const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --keep-directory-symlink --directory "$2"';
            await run("sh", ["-c", unpack, "sh", path.join(archives, archive), root]);
        }
        for (const needed of [loader, "bin/busybox", "usr/sbin/xtables-nft-multi"]) {
            if (!fs.existsSync(path.join(root, needed))) {
                throw new UserError(`Debian's packages have no /${needed} on this machine (${os.arch()})`);
            }
        }
        fs.rmSync(apt, { recursive: true });
        writeIptables(debian.bin(directory), debian.root(finished));
        writePkgConfig(debian.pkgConfig(directory), debian.root(finished));
    },
};

/** iptables runs with the loader and the libraries that it was packaged with, so any Linux will do. */
function writeIptables(bin: string, root: string): void {
    fs.mkdirSync(bin);
    const libraries = ["lib", "usr/lib"].map((lib) => path.join(root, lib, libraryTriple));
    for (const name of ["iptables", "ip6tables"].flatMap((tool) => [tool, `${tool}-save`, `${tool}-restore`])) {
        writeScript(path.join(bin, name), [
            `export XTABLES_LIBDIR="${path.join(root, "usr/lib", libraryTriple, "xtables")}"`,
            `exec "${path.join(root, loader)}" --library-path "${libraries.join(":")}" --argv0 ${name} \\`,
            `    "${path.join(root, "usr/sbin/xtables-nft-multi")}" "$@"`,
        ]);
    }
}

/** Answers cgo's two questions about libseccomp; the static library, so that runc needs nothing of it at run time. */
function writePkgConfig(file: string, root: string): void {
    writeScript(file, [
        `case "$*" in`,
        `*--cflags*) echo "-I${path.join(root, "usr/include")}" ;;`,
        `*--libs*) echo "${path.join(root, "usr/lib", libraryTriple, "libseccomp.a")}" ;;`,
        `esac`,
    ]);
}

function writeScript(file: string, lines: string[]): void {
    fs.writeFileSync(file, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
}
