import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PulumiStack } from "../../../commands/engine/pulumiStack";
import { Fault } from "../../../commands/fault";
import type * as Project from "../../../commands/project";
import { STATE_FOLDER } from "../../../commands/project";

// The stacks' folder of this clone is not touched.
jest.mock("../../../commands/project", (): typeof Project => ({
    ...jest.requireActual<typeof Project>("../../../commands/project"),
    STATE_FOLDER: path.join(tmpdir(), `bookinfo-mesh-state-${process.pid}`),
}));

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"));
    mkdirSync(path.join(STATE_FOLDER, "workspace"), { recursive: true });
});
afterEach(() => {
    rmSync(folder, { recursive: true });
    rmSync(STATE_FOLDER, { recursive: true });
});

/** A stack handled by a CLI that runs a line of shell, with its arguments. */
function stackBy(line: string): PulumiStack {
    const cli = path.join(folder, "pulumi");
    writeFileSync(cli, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    return new PulumiStack({ cli, version: "v3" }, "mine", "file:///nowhere");
}

describe("a stack that the engine fails to deploy", () => {
    it("is a fault whose cause are the engine's errors, and whose events are not kept", async () => {
        const event = JSON.stringify({ diagnosticEvent: { severity: "error", message: "exceeded quota: tiny" } });
        // The log is the last argument; without the variable, the CLI does not know that option.
        const stack = stackBy(
            `for log; do :; done; test "$PULUMI_DEBUG_COMMANDS" && echo '${event}' > "$log"; exit 255`,
        );
        const fault = await stack.up({}).catch((error: unknown) => error);
        expect(fault).toEqual(new Fault('Pulumi could not deploy stack "mine" (see above)'));
        expect((fault as Fault).cause).toBe("exceeded quota: tiny");
        expect(existsSync(path.join(STATE_FOLDER, "workspace", "mine.events"))).toBe(false);
    });

    it("is none where the engine ends well", async () => {
        await expect(stackBy("exit 0").up({})).resolves.toBeUndefined();
    });
});

describe("a stack's state", () => {
    const listing = (...stacks: object[]) => stackBy(`echo '${JSON.stringify(stacks)}'`).isEmpty();

    it("is empty where it has no resources, or was never there", async () => {
        expect(await listing()).toBe(true);
        expect(await listing({ name: "mine" }, { name: "other", resourceCount: 3 })).toBe(true);
        expect(await listing({ name: "mine", resourceCount: 0 })).toBe(true);
        expect(await listing({ name: "mine", resourceCount: 3 })).toBe(false);
        expect(await listing({ name: "organization/bookinfo-mesh/mine", resourceCount: 3 })).toBe(false);
    });

    it("that cannot be looked at is a fault", async () => {
        await expect(stackBy("echo 'error: no access' >&2; exit 1").isEmpty()).rejects.toThrow(
            "the stacks in file:///nowhere cannot be listed: no access",
        );
    });
});
