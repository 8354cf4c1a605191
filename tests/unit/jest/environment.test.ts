interface Environment {
    fakeTimersModern: { useFakeTimers(): void };
    teardown(): Promise<void>;
}
const SharedEnvironment = jest.requireActual<new (settings: object) => Environment>("./environment.cjs");

it("puts back what a test file has changed", async () => {
    const environment = new SharedEnvironment({ projectConfig: { fakeTimers: {} } });
    const { PATH } = process.env;
    const { setTimeout: timer } = globalThis;
    const listener = jest.fn();
    process.env.PATH = "/nowhere";
    process.env.NEW_VARIABLE = "1";
    process.on("SIGUSR2", listener);
    environment.fakeTimersModern.useFakeTimers();
    expect(setTimeout).not.toBe(timer);

    await environment.teardown();
    expect(process.env).toMatchObject({ PATH });
    expect(process.env).not.toHaveProperty("NEW_VARIABLE");
    expect(process.listeners("SIGUSR2")).not.toContain(listener);
    expect(setTimeout).toBe(timer);
});

it("has the same classes for packages, the project and Node.js", () => {
    expect(jest.requireActual<{ parse(text: string): unknown }>("yaml").parse("[1]")).toBeInstanceOf(Array);
    expect(new (jest.requireActual<{ RunError: new () => Error }>("@pulumi/pulumi").RunError)()).toBeInstanceOf(Error);
    expect(Buffer.from("x")).toBeInstanceOf(Uint8Array);
});
