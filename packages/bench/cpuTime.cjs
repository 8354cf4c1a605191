// NODE_OPTIONS loads this file into every Node.js process of a command. At its end, each writes its CPU time in seconds, by
// the kernel's accounting, to the file named by BENCH_CPU_TIME. The engine's own processes do not.
const { appendFileSync, readFileSync } = require("node:fs");
const path = require("node:path");

const [, script = ""] = process.argv;
if (!/[\\/]cmd[\\/]run\b|pulumi-resource-/.test(script)) {
    process.on("exit", () => {
        const { user, system } = process.cpuUsage();
        // The children of the command itself are the engine, Helm, or processes that write their own time.
        const children = path.basename(script) === "bookinfo.js" ? 0 : timeOfChildren();
        appendFileSync(process.env.BENCH_CPU_TIME, `${(user + system) / 1e6 + children}\n`);
    });
}

/** CPU time of the children that have ended: fields 16 and 17 of /proc/self/stat, in hundredths of a second, proc(5). */
function timeOfChildren() {
    try {
        const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1).split(" ");
        return (Number(fields[13]) + Number(fields[14])) / 100;
    } catch {
        return 0; // not Linux
    }
}
