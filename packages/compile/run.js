"use strict";
// `node run.js FILE.ts ARGUMENTS...` runs a TypeScript file of this clone, as `node FILE.ts ARGUMENTS...` would.
const path = require("node:path");
const entry = path.resolve(process.argv[2]);
process.argv.splice(1, 2, entry);
require("./compiled").load(entry);
