"use strict";
/**
 * A module registry that loads packages by Node.js, once for all test files of a process. For jest, the packages are part of each test
 * file: their loading took more than half of the time of all tests. The project's own modules are new in each test file, as usual, but
 * their compiled code is used again. jest.mock works as usual, for packages too, as only the project's modules get mocks.
 */
const { createRequire, isBuiltin } = require("node:module");
const { AsyncLocalStorage } = require("node:async_hooks");
const vm = require("node:vm");
const { default: Runtime } = require("jest-runtime");

/** By file: its source, and the function that runs the module. */
const compiled = new Map();

class SharedRuntime extends Runtime {
    storages = [];

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
        if (options?.isInternalModule) {
            return /^(node:)?async_hooks$/.test(name ?? "")
                ? this.asyncHooks()
                : super.requireModule(from, name, options, isRequireActual);
        }
        if (name && !/^[./]/.test(name) && !isBuiltin(name)) {
            return createRequire(from)(name);
        }
        return super.requireModule(from, name, options, isRequireActual);
    }

    /** jest-circus creates a storage for each test file, and Node.js passes each of them on to every new promise until it is disabled. */
    asyncHooks() {
        const { storages } = this;
        class Storage extends AsyncLocalStorage {
            constructor() {
                super();
                storages.push(this);
            }
        }
        return { AsyncLocalStorage: Storage };
    }

    teardown() {
        super.teardown();
        this.storages.forEach((storage) => storage.disable());
    }
}

module.exports = { __esModule: true, default: SharedRuntime };
