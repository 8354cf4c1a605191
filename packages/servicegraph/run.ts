/** Bundles the server into a temporary folder and runs it with the given flags. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { unpackServer } from "./bundle";

const { folder, entry } = unpackServer();
const server = spawn(process.execPath, [entry, ...process.argv.slice(2)], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => server.kill(signal));
}
server.on("exit", (code) => {
    fs.rmSync(folder, { recursive: true });
    process.exitCode = code ?? 1;
});
