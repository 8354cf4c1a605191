import * as fs from "node:fs";
import * as path from "node:path";
import { live } from "../../../packages/sandbox/paths";
import { istioVersion } from "../../../packages/sandbox/settings";
import { program } from "../../../packages/sandbox/toolchain/toolchain";
import { outputOf } from "../../../packages/shared/childProcess";

/*
 * A next version for the sandbox, which has only one version of Istio's charts and of each image: a copy with another version number.
 */

/** A later patch of the sandbox's version of Istio: none whose images have digests in config/pinnedImages.ts, which the sandbox's lack. */
export const nextIstioVersion = istioVersion.replace(/\d+$/, (patch) => String(Number(patch) + 90));

/** Adds a second tag to the sandbox's images of a version. */
export async function copyImages(version: string, next: string): Promise<void> {
    const containerd = ["--address", live.containerdSocket, "--namespace", "k8s.io", "images"];
    const ctr = (...args: string[]) => outputOf(program("containerd", "ctr"), [...containerd, ...args]);
    const names = (await ctr("list", "--quiet")).split("\n").filter((name) => name.endsWith(`:${version}`));
    for (const name of names) {
        await ctr("tag", "--force", name, `${name.slice(0, -version.length)}${next}`);
    }
}

/** Copies the sandbox's charts into a folder, with another version number. */
export function copyCharts(version: string, folder: string): void {
    fs.cpSync(live.charts, folder, { recursive: true });
    for (const chart of fs.readdirSync(folder)) {
        const file = path.join(folder, chart, "Chart.yaml");
        fs.writeFileSync(file, fs.readFileSync(file, "utf8").replaceAll(istioVersion, version));
    }
}
