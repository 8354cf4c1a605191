import { SharedWork } from "./sharedWork";

it("refuses more tasks than may run at the same time, and none that share one", async () => {
    const work = new SharedWork<string>(2);
    const ends: (() => void)[] = [];
    const client = new AbortController().signal;
    const ask = (key: string) => {
        const result = new Promise<string>((resolve) => {
            ends.push(() => {
                resolve(key);
            });
        });
        return work.do(key, () => result, client);
    };
    const asked = [ask("a"), ask("a"), ask("b")];
    await expect(ask("c")).rejects.toMatchObject({ status: 503 });
    ends.forEach((end) => {
        end();
    });
    expect(await Promise.all(asked)).toEqual(["a", "a", "b"]);
    const next = ask("c");
    ends.at(-1)?.();
    expect(await next).toBe("c");
});
