import { homedir } from "node:os";
import { backendOf } from "./chooseStrategy";

describe("the backend", () => {
    it("is that of the options, else of the environment, else a folder of this clone", () => {
        const env = { PULUMI_BACKEND_URL: "gs://of-the-environment" };
        expect(backendOf({ backend: "s3://mine" }, env)).toBe("s3://mine");
        expect(backendOf({}, env)).toBe("gs://of-the-environment");
        expect(backendOf({}, {})).toMatch(/^file:\/\/\/.*\/\.state\/pulumi$/);
    });

    it.each(["file:///data/100%", "file:///a%2/b", "s3://bucket/%zz"])(
        "whose address cannot be read is refused: %s",
        (backend) => {
            expect(() => backendOf({ backend })).toThrow(`${backend} has a "%"`);
            expect(() => backendOf({}, { PULUMI_BACKEND_URL: backend })).toThrow('write "%25"');
        },
    );

    it.each([
        ["file:///a%20b", "file:///a%20b"],
        ["file://./states?no_tmp_dir=true", `file://${process.cwd()}/states?no_tmp_dir=true`],
        ["file://states", `file://${process.cwd()}/states`],
        ["file://~", "file://~"],
        [`file://${homedir()}/states`, `file://${homedir()}/states`],
    ])("that is a folder does not depend on the CLI's working directory: %s", (given, backend) => {
        expect(backendOf({ backend: given })).toBe(backend);
    });
});
