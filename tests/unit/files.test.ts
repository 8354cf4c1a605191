import * as path from "node:path";
import { absolute, localFiles } from "../../config/files";

test("a path starts at the home directory or at the project's", () => {
    const files = { ...localFiles, home: "/home/me$&" };
    expect(absolute("~/.kube/config", files)).toBe("/home/me$&/.kube/config");
    expect(absolute("~", files)).toBe("/home/me$&");
    expect(absolute("~other/config", files)).toBe(path.resolve("~other/config"));
    expect(absolute("config", files)).toBe(path.resolve("config"));
    expect(absolute("/etc/config", files)).toBe("/etc/config");
});
