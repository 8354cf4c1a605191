"use strict";
/**
 * A test environment without a context of its own: the tests run in the globals of their process. In a context of jest, each access to a
 * global takes a detour, and nothing that is compiled can be used again. What a test file changes is put back after it.
 */
const { ModernFakeTimers } = require("@jest/fake-timers");
const { ModuleMocker } = require("jest-mock");

const GLOBALS = Object.getOwnPropertyDescriptors(globalThis);
const { exit } = process;

class SharedEnvironment {
    global = globalThis;
    env = { ...process.env };
    listeners = listeners();
    moduleMocker = new ModuleMocker(globalThis);
    fakeTimers = null;

    constructor({ projectConfig }) {
        this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    }

    async setup() {
        // jest sets 100 for its contexts, and each `expect` records a stack trace. 10 is the limit of Node.js.
        Error.stackTraceLimit = 10;
    }

    async teardown() {
        this.fakeTimersModern.dispose();
        // Globals of packages stay, because the packages stay too.
        Object.defineProperties(globalThis, GLOBALS);
        process.exit = exit;
        // jest-circus would add its handlers to those of the file before.
        delete globalThis[Symbol.for("EVENT_HANDLERS")];
        for (const name of Object.keys(process.env).filter((name) => !(name in this.env))) {
            delete process.env[name];
        }
        Object.assign(process.env, this.env);
        for (const [event, listener] of listeners().filter(
            (one) => !this.listeners.some((known) => same(known, one)),
        )) {
            process.removeListener(event, listener);
        }
    }

    exportConditions() {
        return ["node", "node-addons"];
    }

    /** jest asks for it only to see that the environment still exists; `runtime.cjs` compiles without it. */
    getVmContext() {
        return globalThis;
    }
}

/** The events of the process with their listeners. */
function listeners() {
    return process.eventNames().flatMap((event) => process.rawListeners(event).map((listener) => [event, listener]));
}

function same([event, listener], [otherEvent, otherListener]) {
    return event === otherEvent && listener === otherListener;
}

module.exports = SharedEnvironment;
