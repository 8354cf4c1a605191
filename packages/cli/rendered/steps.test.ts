import { ApiError } from "../../kubernetes/apiError";
import type * as Wait from "../../kubernetes/wait";
import type { ObjectStep, WaitStep } from "../render/step";
import { applySteps, type Deployer, undoSteps } from "./steps";

// Retries follow at once.
const mockPauses: number[] = [];
jest.mock("../../kubernetes/wait", (): typeof Wait => ({
    ...jest.requireActual<typeof Wait>("../../kubernetes/wait"),
    pause: (milliseconds) => {
        mockPauses.push(milliseconds);
        return Promise.resolve();
    },
}));

/** Applies an object to an API server that answers with these errors first. */
function apply(...errors: ApiError[]) {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "it" } };
    const attempt = jest.fn(() => {
        const error = errors.shift();
        return error ? Promise.reject(error) : Promise.resolve();
    });
    const deployer = {
        api: { apply: attempt },
        progress: { during: (_: string, work: () => Promise<void>) => work() },
    } as unknown as Deployer;
    const step: ObjectStep = { name: "it", type: "object", needs: [], object, wait: false };
    return { attempt, applied: applySteps([step], deployer, { onBegin: () => undefined, valuesFile: (name) => name }) };
}

describe("applying an object", () => {
    it("is tried again while the API server fails, or does not know the kind yet", async () => {
        const { attempt, applied } = apply(
            new ApiError(0, "does not answer"),
            new ApiError(404, "no such kind"),
            new ApiError(429, "busy"),
            new ApiError(500, "webhook"),
        );
        await expect(applied).resolves.toBeUndefined();
        expect(attempt).toHaveBeenCalledTimes(5);
    });

    it("A1: is tried for a minute if each attempt takes as long as a webhook without an answer", async () => {
        const begun = Date.now();
        let attempts = 0;
        const clock = jest.spyOn(Date, "now").mockImplementation(() => begun + attempts * 10_500);
        const unreached = new ApiError(500, 'failed calling webhook "validation.istio.io": context deadline exceeded');
        const { attempt, applied } = apply();
        attempt.mockImplementation(() => {
            attempts += 1;
            return Promise.reject(unreached);
        });
        await expect(applied).rejects.toBe(unreached);
        clock.mockRestore();
        expect(attempts * 10.5).toBeGreaterThan(60);
        expect(attempts * 10.5).toBeLessThan(75);
    });

    it("is not tried again if the object is refused", async () => {
        const invalid = new ApiError(422, "invalid");
        const { attempt, applied } = apply(invalid);
        await expect(applied).rejects.toBe(invalid);
        expect(attempt).toHaveBeenCalledTimes(1);
    });
});

describe("a wait", () => {
    const wait: WaitStep = { name: "it", type: "wait", needs: [], title: "Propagation it", seconds: 5 };
    const deployer = { progress: { during: (_: string, work: () => Promise<void>) => work() } } as unknown as Deployer;
    const applied = async (isDone: boolean) => {
        mockPauses.length = 0;
        const recorded: number[] = [];
        await applySteps([wait], deployer, {
            onBegin: () => recorded.push(mockPauses.length),
            valuesFile: (name) => name,
            isDone: () => isDone,
        });
        return { pauses: [...mockPauses], recorded };
    };

    it("takes its time once, and is recorded at its end", async () => {
        expect(await applied(false)).toEqual({ pauses: [5000], recorded: [1] });
        expect(await applied(true)).toEqual({ pauses: [], recorded: [0] });
    });

    it("takes the same time when it is undone", async () => {
        mockPauses.length = 0;
        await undoSteps([wait], deployer);
        expect(mockPauses).toEqual([5000]);
    });
});
