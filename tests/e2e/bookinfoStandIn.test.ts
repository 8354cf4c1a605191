import * as path from "node:path";
import { clone, runCommand } from "./commands";

/* The Go tests of the sandbox's stand-in for Bookinfo, run with the others. */

const directory = path.join(clone, "packages", "sandbox", "images", "bookinfo");

it.each([["vet"], ["test"]])(
    "go %s finds no fault in the stand-in for Bookinfo",
    async (command) => {
        expect(await runCommand("go", ["-C", directory, command, "./..."])).toMatchObject({ code: 0 });
    },
    300_000,
);
