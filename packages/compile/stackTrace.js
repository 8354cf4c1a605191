"use strict";
const fs = require("node:fs");
const { SourceMap } = require("node:module");
const path = require("node:path");

/** Source maps by the path of the build; undefined if there is none. Read only if a stack trace is printed. */
const maps = new Map();

/**
 * Makes the stack traces that are looked at from now on name the TypeScript sources of builds. V8 formats a stack trace when it
 * is looked at first. Node.js's own way would read each map before it runs the file.
 */
function mapStackTraces() {
    Error.prepareStackTrace = (error, frames) => [headingOf(error), ...frames.map(lineOf)].join("\n    at ");
}

function headingOf(error) {
    try {
        return Error.prototype.toString.call(error);
    } catch {
        return "Error";
    }
}

function lineOf(frame) {
    const line = String(frame);
    const file = frame.getFileName();
    const position = [frame.getLineNumber(), frame.getColumnNumber()];
    const { originalSource, originalLine, originalColumn } =
        mapOf(file)?.findEntry(position[0] - 1, position[1] - 1) ?? {};
    return originalSource === undefined
        ? line
        : line.replace([file, ...position].join(":"), [originalSource, originalLine + 1, originalColumn + 1].join(":"));
}

function mapOf(file) {
    if (!maps.has(file)) {
        maps.set(file, readMap(file));
    }
    return maps.get(file);
}

function readMap(file) {
    try {
        const { sourceRoot, sources, ...map } = JSON.parse(fs.readFileSync(`${file}.map`, "utf8"));
        return new SourceMap({ ...map, sources: sources.map((source) => path.join(sourceRoot, source)) });
    } catch {
        return undefined;
    }
}

module.exports = { mapStackTraces };
