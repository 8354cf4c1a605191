import { parseFlags } from "./flags";
import { parseListenAddress } from "./listenAddress";

const parse = (...args: string[]) => parseFlags(args, "/app");

it("has the flags and defaults of 1.0, and its files in its own folder", () => {
    expect(parse()).toEqual({
        bindAddr: { port: 8088 },
        prometheusAddr: new URL("http://localhost:9090"),
        assetDir: "/app",
        prometheusTimeout: 10_000,
        prometheusAnswerBytes: 33_554_432,
    });
});

it.each([
    [["--bindAddr", ":80", "--prometheusAddr", "https://prometheus:9090/prefix"]],
    [["-bindAddr=:80", "-prometheusAddr=https://prometheus:9090/prefix"]],
    [["--bindAddr=:80", "-prometheusAddr", "https://prometheus:9090/prefix"]],
])("accepts %j, as Go does", (args) => {
    expect(parse(...args)).toMatchObject({
        bindAddr: { port: 80 },
        prometheusAddr: new URL("https://prometheus:9090/prefix"),
    });
});

it.each([
    [["--bindAddr", "8088"], '--bindAddr must be [host]:port, such as :8088; it is "8088"'],
    [["--bindAddr", ":99999"], "--bindAddr must be"],
    [["--prometheusAddr", "prometheus:9090"], "--prometheusAddr must be an address such as http://prometheus:9090"],
    [["--prometheusAddr", "ftp://prometheus"], "--prometheusAddr must be"],
    [["--prometheusTimeout", "0s"], "--prometheusTimeout must be a duration above 0"],
    [["--prometheusAnswerBytes", "1e9"], "--prometheusAnswerBytes must be a number of bytes"],
    [["--port", "1"], "--port"],
    [["extra"], "extra"],
])("refuses %j", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
});

it.each([
    [":8088", { port: 8088 }],
    ["0.0.0.0:8088", { host: "0.0.0.0", port: 8088 }],
    ["[::1]:8088", { host: "::1", port: 8088 }],
    ["[::]:0", { host: "::", port: 0 }],
    ["localhost:1", { host: "localhost", port: 1 }],
    ["::1:8088", undefined],
    ["localhost", undefined],
    [":", undefined],
    [":http", undefined],
])("reads the address %s", (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
});
