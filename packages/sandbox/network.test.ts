import { outputOf } from "../shared/childProcess";
import { unlinkNetwork } from "./network";
import { hostInterface } from "./settings";

jest.mock("../shared/childProcess", () => ({ outputOf: jest.fn() }));

/** A machine on which `ip link delete` fails. @param links what its `ip link show` lists, time after time */
function machineWith(...links: string[][]): void {
    jest.mocked(outputOf).mockImplementation((_, [option]) =>
        option === "-json"
            ? Promise.resolve(JSON.stringify((links.shift() ?? []).map((ifname) => ({ ifname }))))
            : Promise.reject(new Error(`Cannot find device "${hostInterface}"`)),
    );
}

describe("the end of the sandbox's link to the machine", () => {
    it("is no error if the kernel has removed it at the same time", async () => {
        machineWith(["lo", hostInterface], ["lo"]);
        await expect(unlinkNetwork()).resolves.toBeUndefined();
    });

    it("is an error if it stays", async () => {
        machineWith(["lo", hostInterface], ["lo", hostInterface]);
        await expect(unlinkNetwork()).rejects.toThrow("Cannot find device");
    });
});
