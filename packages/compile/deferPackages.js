"use strict";
// Load it before the SDK of Pulumi. The SDK loads these packages at its start, which takes two thirds of its CPU time, and
// needs them only to turn functions into text, for dynamic providers. Here they are loaded at their first use.
const Module = require("node:module");

const PACKAGES = new Set(["typescript", "@npmcli/arborist"]);

const load = Module._load;
Module._load = function (request, parent, ...rest) {
    const now = () => load.call(this, request, parent, ...rest);
    const isOfSdk = /[\\/]@pulumi[\\/]pulumi[\\/]/.test(parent?.filename ?? "");
    return isOfSdk && PACKAGES.has(request) ? deferred(now) : now();
};

function deferred(loadNow) {
    let found;
    // With the mark of compiled ES modules, an import takes the object as it is, and does not copy everything from it.
    const get = (_, name) => (name === "__esModule" ? true : (found ??= loadNow())[name]);
    return new Proxy({}, { get });
}
