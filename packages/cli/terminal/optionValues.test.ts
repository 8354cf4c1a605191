import { Command } from "commander";
import { addTargetOptions } from "./commandLine";
import { durationWithin, headerText, secondsWithin, webAddress, wholeNumber } from "./optionValues";

/** Reads one option, and gives its value or the error message. */
function read(parse: (text: string) => unknown, value: string): unknown {
    const said: string[] = [];
    const command = new Command()
        .option("--it <value>", "", parse)
        .exitOverride()
        .configureOutput({ writeErr: (text) => void said.push(text) });
    try {
        return command.parse([`--it=${value}`], { from: "user" }).opts<{ it: unknown }>().it;
    } catch {
        return said.join("");
    }
}

describe("an option", () => {
    it("for a whole number accepts only whole numbers within its bounds", () => {
        const count = wholeNumber(1, 1000);
        expect(["1", "1000", "042"].map((text) => read(count, text))).toEqual([1, 1000, 42]);
        for (const bad of ["0", "1001", "-1", "1.5", "1e2", "0x10", "", "ten"]) {
            expect(read(count, bad)).toBe(
                `error: option '--it <value>' argument '${bad}' is invalid. Allowed: a whole number from 1 to 1000.\n`,
            );
        }
    });

    it("for a time accepts only numbers of seconds within its bounds", () => {
        const time = secondsWithin(0.1, 600);
        expect(["0.1", "10", "600"].map((text) => read(time, text))).toEqual([0.1, 10, 600]);
        for (const bad of ["0", "601", "-5", "5s", ".5", "Infinity"]) {
            expect(read(time, bad)).toContain(`'${bad}' is invalid. Allowed: a number of seconds from 0.1 to 600.`);
        }
    });

    it("for a duration accepts numbers with their units, and sums of them", () => {
        const duration = durationWithin(1, 86_400);
        expect(["1s", "1.5m", "1h30m", "2000ms"].map((text) => read(duration, text))).toEqual([1, 90, 5400, 2]);
        for (const bad of ["5", "s", "-5s", "5 s", "1d", "0.5s", "25h"]) {
            expect(read(duration, bad)).toContain(`'${bad}' is invalid. Allowed: a time such as 30s, 5m or 1h`);
        }
    });

    it("for a header accepts what a header can have", () => {
        expect(read(headerText, "Mary Ann")).toBe("Mary Ann");
        for (const bad of ["", " ann", "two\nlines", "Zoë"]) {
            expect(read(headerText, bad)).toContain("Allowed: printable ASCII");
        }
    });

    it("for a URL accepts only http and https", () => {
        expect(read(webAddress, "http://localhost:8080/productpage")).toBe("http://localhost:8080/productpage");
        expect(read(webAddress, "https://[::1]/")).toBe("https://[::1]/");
        for (const bad of ["localhost/productpage", "ftp://host/", "productpage", "http://"]) {
            expect(read(webAddress, bad)).toContain("Allowed: a URL that begins with http:// or https://.");
        }
    });

    it("for the target has its usual name", () => {
        const options = addTargetOptions(new Command()).parse(["--context", "c", "--kubeconfig", "k", "--stack", "s"], {
            from: "user",
        });
        expect(options.opts()).toEqual({ context: "c", kubeconfig: "k", stack: "s" });
    });
});
