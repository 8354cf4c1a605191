import { ApiError } from "../../kubernetes/apiError";
import type * as Wait from "../../kubernetes/wait";
import type { ObjectStep } from "../render/step";
import { applySteps, type Deployer } from "./steps";

// Retries follow at once.
jest.mock("../../kubernetes/wait", (): typeof Wait => ({
    ...jest.requireActual<typeof Wait>("../../kubernetes/wait"),
    pause: () => Promise.resolve(),
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

    it("is not tried again if the object is refused", async () => {
        const invalid = new ApiError(422, "invalid");
        const { attempt, applied } = apply(invalid);
        await expect(applied).rejects.toBe(invalid);
        expect(attempt).toHaveBeenCalledTimes(1);
    });
});
