import { readFileSync } from "node:fs";
import * as path from "node:path";
import { configTable } from "../../config";

test("the README has the table of every config key", () => {
    const readme = readFileSync(path.join(__dirname, "../../README.md"), "utf8");
    const [, table] = /<!-- config:begin -->\n([^]*?)\n<!-- config:end -->/.exec(readme) ?? [];
    expect(table?.trim()).toBe(configTable());
});
