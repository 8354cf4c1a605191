"use strict";
// Load it before the SDK of Pulumi. The SDK loads these modules at its start, which takes two thirds of its CPU time. A program
// without dynamic providers needs none of them. Here they are loaded at their first use.
const Module = require("node:module");

const DEFERRED = new Set([
    // They turn functions into text.
    ...["typescript", "@npmcli/arborist"],
    // The Automation API, for programs that run other programs.
    "./automation",
    // Would map every stack trace that is looked at, and the SDK looks at thousands. stackTrace.js maps those of errors.
    "source-map-support/register",
]);

const load = Module._load;
Module._load = function (request, parent, ...rest) {
    const now = () => load.call(this, request, parent, ...rest);
    const isOfSdk = /[\\/]@pulumi[\\/]pulumi[\\/]/.test(parent?.filename ?? "");
    return isOfSdk && DEFERRED.has(request) ? deferred(now) : now();
};

function deferred(loadNow) {
    let found;
    // With the mark of compiled ES modules, an import takes the object as it is, and does not copy everything from it.
    const get = (_, name) => (name === "__esModule" ? true : (found ??= loadNow())[name]);
    return new Proxy({}, { get });
}
