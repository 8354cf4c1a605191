import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { outputOf } from "../../shared/childProcess";
import { UserError } from "../../shared/errors";
import type { Artifact } from "./artifacts";

/**
 * Debian packages that the sandbox uses: iptables for kube-proxy, kube-router, the CNI plugins and Istio's init container; ipset
 * for kube-router; busybox as the shell of containers; libseccomp for runc; the C++ library for Node. Their dependencies come too,
 * even the C library, because images are made of these files.
 */
const packages = ["iptables", "ipset", "busybox-static", "libseccomp-dev", "libstdc++6"];

/** The directory in which Debian puts this machine's libraries. */
const libraryTriple = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[os.arch()] ?? os.arch();
const loader = { x64: "lib64/ld-linux-x86-64.so.2", arm64: "lib/ld-linux-aarch64.so.1" }[os.arch()] ?? "";

/** All names under which the program xtables-nft-multi runs. */
export const iptablesCommands = ["iptables", "ip6tables"].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);

/** Places in the finished artifact. */
export const debian = {
    /** The files of the packages, as under `/`. */
    root: (directory: string) => path.join(directory, "root"),
    /** `iptables` and similar commands, for this machine. */
    bin: (directory: string) => path.join(directory, "bin"),
    /** Shows Go's C compiler where libseccomp is. */
    pkgConfig: (directory: string) => path.join(directory, "pkg-config"),
};

/**
 * Debian's packages, unpacked into the cache: nothing is installed on the machine. apt gets an empty status file, so it
 * downloads all dependencies, even those that the machine already has.
 */
export const debianArtifact: Artifact = {
    name: "debian",
    title: "Debian packages",
    builtFrom: [
        ...packages,
        fs.existsSync("/etc/os-release") ? fs.readFileSync("/etc/os-release", "utf8") : "",
        os.arch(),
        // Increase this number when the build below changes.
        "recipe 3",
    ],
    tools: ["apt"],
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
                // apt's own download user could not write to this directory, which is root's.
                `APT::Sandbox::User "root";`,
            ].join("\n"),
        );
        const aptGet = (...args: string[]) =>
            outputOf("apt-get", ["-q", "-y", ...args], { env: { ...process.env, APT_CONFIG: configuration } });
        report("reading Debian's package lists");
        await aptGet("update");
        report(`downloading ${packages.join(", ")}`);
        await aptGet("install", "--download-only", ...packages);
        const root = debian.root(directory);
        // Since Debian 13 packages need these links of an installed system, and none of ours contains them.
        for (const merged of ["bin", "sbin", "lib", "lib64"]) {
            fs.mkdirSync(path.join(root, "usr", merged), { recursive: true });
            fs.symlinkSync(path.join("usr", merged), path.join(root, merged));
        }
        for (const archive of fs.readdirSync(archives).filter((file) => file.endsWith(".deb"))) {
            report(`unpacking ${archive}`);
            const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --keep-directory-symlink --directory "$2"';
            await outputOf("sh", ["-c", unpack, "sh", path.join(archives, archive), root]);
        }
        for (const needed of [loader, "bin/busybox", "usr/sbin/xtables-nft-multi", "usr/sbin/ipset"]) {
            if (!fs.existsSync(path.join(root, needed))) {
                throw new UserError(`Debian's packages contain no /${needed} for this machine (${os.arch()})`);
            }
        }
        fs.rmSync(apt, { recursive: true });
        writeIptables(debian.bin(directory), debian.root(finished));
        writePkgConfig(debian.pkgConfig(directory), debian.root(finished));
    },
};

/** iptables and ipset run with the loader and the libraries of their packages, so they work on any Linux. */
function writeIptables(bin: string, root: string): void {
    fs.mkdirSync(bin);
    const libraries = ["lib", "usr/lib"].map((lib) => path.join(root, lib, libraryTriple));
    for (const name of [...iptablesCommands, "ipset"]) {
        const program = name === "ipset" ? name : "xtables-nft-multi";
        writeScript(path.join(bin, name), [
            `export XTABLES_LIBDIR="${path.join(root, "usr/lib", libraryTriple, "xtables")}"`,
            `exec "${path.join(root, loader)}" --library-path "${libraries.join(":")}" --argv0 ${name} \\`,
            `    "${path.join(root, "usr/sbin", program)}" "$@"`,
        ]);
    }
}

/** Answers cgo's two questions about libseccomp. The library is static, so runc does not need it at run time. */
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
