import { hostname } from "node:os";
import type { PulumiStack } from "../engine/pulumiStack";
import { UserError } from "../../shared/errors";
import { pastDeadLocks } from "./recover";
import { noteStarted } from "./startedProcesses";

const never = new AbortController().signal;

/** An id that Linux never gives. */
const DEAD = 2 ** 22 + 1;

const NOW = new Date();

/** The engine's message about locks. */
const locked = (...owners: string[]) =>
    [
        `the stack is currently locked by ${owners.length} lock(s). Either wait for the other process(es) to end or delete the ` +
            "lock file with `pulumi cancel`.",
        ...owners.map(
            (owner, index) => `  s3://states/.pulumi/locks/${index}.json: created by ${owner} at ${NOW.toISOString()}`,
        ),
    ].join("\n");

const dead = `ann@${hostname()} (pid ${DEAD})`;
const alive = `bob smith@elsewhere (pid ${process.pid})`;

let cancel: jest.Mock;
let stack: PulumiStack;
beforeEach(() => {
    jest.spyOn(console, "log").mockImplementation();
    cancel = jest.fn();
    stack = { cancel, cancelCommand: () => "pulumi cancel mine" } as unknown as PulumiStack;
});
afterEach(() => {
    jest.restoreAllMocks();
});

/** Work of the engine that fails once, with these words in its output. */
const failing = (words: string) =>
    jest
        .fn<Promise<string>, []>()
        .mockRejectedValueOnce(new UserError("Pulumi could not deploy", { cause: words }))
        .mockResolvedValue("done");

describe("an engine's work on a locked stack", () => {
    it("runs after the lock of a dead process that this clone has started is removed", async () => {
        const forget = noteStarted(DEAD);
        await expect(pastDeadLocks(stack, never, failing(locked(dead)))).resolves.toBe("done");
        forget();
        expect(cancel).toHaveBeenCalledTimes(1);
        expect(console.log).toHaveBeenCalledWith(expect.stringContaining(`process ${DEAD} of ann@${hostname()}`));
    });

    it("is refused if the owner of a lock may be alive", async () => {
        const forget = noteStarted(DEAD);
        await expect(pastDeadLocks(stack, never, failing(locked(dead, alive)))).rejects.toThrow(
            new RegExp(
                `^somebody else works on this stack: process ${process.pid} of bob smith@elsewhere, since ${NOW.toISOString()}\\.\n` +
                    ".*\n {2}pulumi cancel mine$",
            ),
        );
        forget();
        expect(cancel).not.toHaveBeenCalled();
    });

    it("fails with its own error for another reason", async () => {
        const work = failing("exceeded quota: tiny");
        await expect(pastDeadLocks(stack, never, work)).rejects.toThrow("Pulumi could not deploy");
        expect(work).toHaveBeenCalledTimes(1);
        expect(cancel).not.toHaveBeenCalled();
    });
});
