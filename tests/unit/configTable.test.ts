import { readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { configTable } from "../../config";

const FILE = path.join(__dirname, "../../docs/config.md");
const GENERATED = /(?<=<!-- config:begin -->\n)[^]*?(?=\n<!-- config:end -->)/;

/** Set UPDATE_DOCS to write the table, after a key has changed. */
test("docs/config.md has the table of every config key", () => {
    if (process.env.UPDATE_DOCS) {
        writeFileSync(
            FILE,
            readFileSync(FILE, "utf8").replace(GENERATED, () => `\n${configTable()}\n`),
        );
    }
    const [table] = GENERATED.exec(readFileSync(FILE, "utf8")) ?? [];
    expect(table?.trim()).toBe(configTable());
});
