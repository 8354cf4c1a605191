"use strict";
/**
 * A module registry that loads packages by Node.js, once for all test files of a process. For jest, the packages are part of each test
 * file: their loading took more than half of the time of all tests. The project's own modules are new in each test file, as usual, but
 * their compiled code is used again. jest.mock works as usual, for packages too, as only the project's modules get mocks.
 */
const { createRequire, isBuiltin } = require("node:module");
const path = require("node:path");
const vm = require("node:vm");
const { default: Runtime } = require("jest-runtime");
// What the SDK of Pulumi needs only for functions takes two thirds of its time to load.
require("../../../packages/compile/deferPackages");

/** It declares resources when it is loaded, so each `require` runs it again. The modules that it imports have no state. */
const PROGRAM = path.resolve(__dirname, "../../../index.ts");

/** By file: its source, and the function that runs the module. */
const compiled = new Map();

class SharedRuntime extends Runtime {
    constructor(...args) {
        super(...args);
        const { injectedModuleParameters } = this.executor;
        this.executor.compile = (source, filename) => {
            let known = compiled.get(filename);
            if (known?.source !== source) {
                known = { source, run: vm.compileFunction(source, injectedModuleParameters, { filename }) };
                compiled.set(filename, known);
            }
            return known.run;
        };
    }

    requireModule(from, name, options, isRequireActual) {
        if (options?.isInternalModule && /^(node:)?async_hooks$/.test(name ?? "")) {
            return { AsyncLocalStorage: CurrentTest };
        }
        // jest's own packages too: only jest-circus itself is new in each test file.
        if (name && !/^[./]/.test(name) && !isBuiltin(name)) {
            return createRequire(from)(name);
        }
        if (name?.endsWith("../index") && path.resolve(path.dirname(from), `${name}.ts`) === PROGRAM) {
            this.registries.getActiveCjsRegistry().delete(PROGRAM);
        }
        return super.requireModule(from, name, options, isRequireActual);
    }
}

/**
 * What jest-circus keeps in an AsyncLocalStorage: which test or hook runs, here one after the other. Node.js would pass a storage on to
 * every promise.
 */
class CurrentTest {
    current;

    getStore() {
        return this.current;
    }

    run(value, callback) {
        const before = this.current;
        this.current = value;
        return callback().finally(() => {
            this.current = before;
        });
    }
}

module.exports = { __esModule: true, default: SharedRuntime };
