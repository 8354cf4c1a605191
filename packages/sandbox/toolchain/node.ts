import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../run";
import { sandboxDirectory } from "../paths";
import { type Artifact, sourcesIn } from "./artifacts";

const directoryOfPins = path.join(sandboxDirectory, "toolchain", "node");

/** Node itself, out of npm's package for this kind of machine; the package's hash is pinned in node/package-lock.json. */
export const nodeArtifact: Artifact = {
    name: "node",
    title: "Node",
    builtFrom: [...sourcesIn(directoryOfPins), process.arch],
    async build(directory, report) {
        const download = path.join(directory, "download");
        fs.cpSync(directoryOfPins, download, { recursive: true });
        report("downloading npm's package");
        await run("npm", [
            ...["ci", "--prefix", download, "--cache", path.join(download, "cache")],
            // It is optional because npm passes by what is made for other machines.
            ...["--include=optional", "--ignore-scripts", "--no-audit", "--no-fund"],
        ]);
        const installed = path.join(download, "node_modules", `node-linux-${process.arch}`);
        fs.renameSync(path.join(installed, "bin", "node"), path.join(directory, "node"));
        fs.rmSync(download, { recursive: true });
    },
};
