// Loaded by NODE_OPTIONS into every Node process of an operation. The one that runs the Pulumi program leaves the most memory
// that it ever held, in units of 1,024 bytes, in the file that BENCH_PEAK_MEMORY names.
const { appendFileSync } = require("node:fs");

if (/[\\/]cmd[\\/]run\b/.test(process.argv[1] ?? "")) {
    process.on("exit", () => {
        appendFileSync(process.env.BENCH_PEAK_MEMORY, `${process.resourceUsage().maxRSS}\n`);
    });
}
