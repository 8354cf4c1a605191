import * as path from "node:path";
import { clone, runCommand } from "./commands";

/* The sandbox's Bookinfo has its own tests, in Go; here they count with the others. */

const directory = path.join(clone, "sandbox", "images", "bookinfo");

it.each([["vet"], ["test"]])(
    "go %s finds nothing wrong with the Bookinfo stand-in",
    async (command) => {
        expect(await runCommand("go", ["-C", directory, command, "./..."])).toMatchObject({ code: 0 });
    },
    300_000,
);
