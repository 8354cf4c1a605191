import {
    chmodSync,
    chownSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { makePrivateFolder, writableByOthers, writeAtomically, writePrivately } from "./privateFiles";

describe("private files", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"))));
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });
    const modeOf = (file: string) => statSync(file).mode & 0o777;

    it("are in a folder that only its owner enters, also if it was open before", () => {
        const open = path.join(folder, "state");
        mkdirSync(open);
        chmodSync(open, 0o755);
        makePrivateFolder(open);
        makePrivateFolder(path.join(open, "a", "b"));
        expect([open, path.join(open, "a"), path.join(open, "a", "b")].map(modeOf)).toEqual([0o700, 0o700, 0o700]);
    });

    it("get their mode also if a run that was killed has left an open draft, or somebody a link", () => {
        const file = path.join(folder, "a.json");
        writeFileSync(`${file}.new`, "old");
        chmodSync(`${file}.new`, 0o666);
        writeAtomically(file, "new");
        expect([readFileSync(file, "utf8"), modeOf(file)]).toEqual(["new", 0o600]);
        const other = path.join(folder, "other");
        writeFileSync(other, "theirs");
        symlinkSync(other, `${file}.new`);
        writeAtomically(file, "newer");
        expect(readFileSync(other, "utf8")).toBe("theirs");
        expect(readFileSync(file, "utf8")).toBe("newer");
    });

    it("are never written over, nor through a link", () => {
        const link = path.join(folder, "link");
        symlinkSync(path.join(folder, "target"), link);
        expect(() => {
            writePrivately(link, "secret");
        }).toThrow("EEXIST");
    });

    it("are as open as they are asked to be, whatever the umask says", () => {
        const mask = process.umask(0o077);
        try {
            writeAtomically(path.join(folder, "shared"), "", 0o644);
            expect(modeOf(path.join(folder, "shared"))).toBe(0o644);
        } finally {
            process.umask(mask);
        }
    });

    it("can be replaced by others if they own or may write to a folder above them", () => {
        if (process.getuid?.() !== 0) {
            // Only root asks this.
            expect(writableByOthers(folder)).toBe(folder);
            return;
        }
        const below = path.join(folder, "cache", "artifacts");
        mkdirSync(below, { recursive: true });
        expect(writableByOthers(below)).toBeUndefined();
        chmodSync(path.join(folder, "cache"), 0o757);
        expect(writableByOthers(below)).toBe(path.join(folder, "cache"));
        chmodSync(path.join(folder, "cache"), 0o755);
        chownSync(below, 65534, 0);
        expect(writableByOthers(below)).toBe(below);
        expect(writableByOthers(path.join(folder, "not", "yet"))).toBeUndefined();
    });
});
