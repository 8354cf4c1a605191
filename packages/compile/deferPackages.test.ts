import { execFileSync } from "node:child_process";
import path from "node:path";

it("defers packages of Pulumi's SDK until a function is turned into text", () => {
    const script = `
        require(${JSON.stringify(path.join(__dirname, "deferPackages"))});
        const pulumi = require("@pulumi/pulumi");
        const loaded = () => Object.keys(require.cache).filter((file) => /typescript\\.js$|arborist/.test(file)).length;
        const before = loaded();
        pulumi.runtime.serializeFunction(() => 42).then(({ text }) => {
            console.log(JSON.stringify([before, loaded() > 0, text]));
        });`;
    const output = execFileSync(process.execPath, ["-e", script], { cwd: __dirname, encoding: "utf8" });
    expect(JSON.parse(output)).toEqual([0, true, expect.stringContaining("return () => 42") as string]);
});
