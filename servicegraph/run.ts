/** Runs the server from its source: bundles it into a temporary folder, and passes on the flags. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ENTRY, serverFiles } from "./bundle";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "servicegraph-"));
for (const [name, text] of Object.entries(serverFiles())) {
    fs.writeFileSync(path.join(folder, name), text);
}
const server = spawn(process.execPath, [path.join(folder, ENTRY), ...process.argv.slice(2)], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => server.kill(signal));
}
server.on("exit", (code) => {
    fs.rmSync(folder, { recursive: true });
    process.exitCode = code ?? 1;
});
