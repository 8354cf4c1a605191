import { stackOf } from "../testing/stack";
import { undo } from "./undo";

it("B4: a down that does not reach the cluster says how to forget it, and that it may still exist", async () => {
    const record = {
        stack: "demo",
        cluster: { kubeconfig: "/no/such/file", context: "mine", identity: "its-uid" },
        deployedBy: { way: "rendered" as const },
    };
    const stack = stackOf({ name: "demo", record, cluster: { kubeconfig: "/no/such/file", context: "mine" } });
    await expect(undo(stack, {}, new AbortController().signal)).rejects.toThrow(
        /cannot be used[^]*If it is gone for good, forget it: .*--stack demo --forget\n.*touches no cluster.*may still exist/,
    );
});
