import { readFileSync } from "node:fs";
import path from "node:path";
import { rules, stackRules } from "./rules";

test("the README lists the rules", () => {
    const readme = readFileSync(path.join(__dirname, "README.md"), "utf8");
    const rows = [...rules, ...stackRules].map(
        ({ name, level, description }) => `| \`${name}\` | ${level} | ${description} |`,
    );
    expect(readme.match(/^\| `.*$/gm)).toEqual(rows);
});
