import { Writable } from "node:stream";
import { MovingLine } from "./progress";

describe("a moving line", () => {
    let written: string[];
    const streamOf = (isTTY: boolean) => {
        const write = (chunk: Buffer, _: unknown, done: () => void) => {
            written.push(chunk.toString());
            done();
        };
        const terminal = { isTTY, columns: 20, clearLine: () => true, cursorTo: () => true };
        return Object.assign(new Writable({ write }), terminal) as unknown as NodeJS.WriteStream;
    };

    beforeEach(() => {
        jest.useFakeTimers();
        written = [];
    });
    afterEach(() => {
        jest.useRealTimers();
    });

    it("is drawn again and again on a terminal, cut to its width", () => {
        const line = new MovingLine(streamOf(true), () => "a line that is longer than the terminal");
        line.start();
        jest.advanceTimersByTime(300);
        line.end();
        expect(written).toHaveLength(3);
        expect(written[2]).toMatch(/^\S a line that is l…$/);
    });

    it("is printed as a plain line from time to time without a terminal, as in a CI log", () => {
        let done = 0;
        const line = new MovingLine(streamOf(false), () => `${done} of 9`);
        line.start();
        done = 4;
        jest.advanceTimersByTime(10_000);
        done = 8;
        jest.advanceTimersByTime(10_000);
        line.end();
        jest.advanceTimersByTime(60_000);
        expect(written).toEqual(["4 of 9\n", "8 of 9\n"]);
    });
});
