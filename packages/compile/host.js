"use strict";
// Pulumi's Node.js host loads this file before everything else (Pulumi.yaml, `nodeargs`). It runs TypeScript files from builds.
require("./deferPackages");
const Module = require("node:module");
const { compiled, keepBytecode } = require("./compiled");
const { mapStackTraces } = require("./stackTrace");

keepBytecode();

Module._extensions[".ts"] = (module, file) => {
    // The SDK has its own listeners by now, which print an error that ends the program. Before them, nothing may listen: a
    // listener would keep a process alive that has failed.
    for (const event of ["uncaughtException", "unhandledRejection"]) {
        process.prependListener(event, mapStackTraces);
    }
    // The engine would keep in the state, for each resource, the lines that declare it: here those of a build, a path of this
    // machine. Nothing reads them.
    Module.createRequire(file)("@pulumi/pulumi/resource").Resource.stackTrace = () => [];
    module.exports = require(compiled(file));
};
