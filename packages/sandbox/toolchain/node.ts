import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../../shared/childProcess";
import { sandboxDirectory } from "../paths";
import { type Artifact, sourcesIn } from "./artifacts";

const directoryOfPins = path.join(sandboxDirectory, "toolchain", "node");

/** Node, from npm's package for this architecture. node/package-lock.json pins the package's hash. */
export const nodeArtifact: Artifact = {
    name: "node",
    title: "Node",
    builtFrom: [...sourcesIn(directoryOfPins), process.arch],
    tools: ["npm"],
    async build(directory, report) {
        const download = path.join(directory, "download");
        fs.cpSync(directoryOfPins, download, { recursive: true });
        report("downloading npm's package");
        await outputOf("npm", [
            ...["ci", "--prefix", download, "--cache", path.join(download, "cache")],
            // The package is optional, so that npm skips those for other architectures.
            ...["--include=optional", "--ignore-scripts", "--no-audit", "--no-fund"],
        ]);
        const installed = path.join(download, "node_modules", `node-linux-${process.arch}`);
        fs.renameSync(path.join(installed, "bin", "node"), path.join(directory, "node"));
        fs.rmSync(download, { recursive: true });
    },
};
