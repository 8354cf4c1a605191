// NODE_OPTIONS loads this file into every Node.js process of an operation. The process of the Pulumi program writes its peak
// memory, in units of 1,024 bytes, to the file named by BENCH_PEAK_MEMORY.
const { appendFileSync } = require("node:fs");

if (/[\\/]cmd[\\/]run\b/.test(process.argv[1] ?? "")) {
    process.on("exit", () => {
        appendFileSync(process.env.BENCH_PEAK_MEMORY, `${process.resourceUsage().maxRSS}\n`);
    });
}
