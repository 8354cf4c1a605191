import fc from "fast-check";
import { anyName } from "../testing/names";
import { wellFormed } from "../text/wellFormed";
import { AnswerReader, labelOf, type Sample } from "./answer";

/** Reads an answer that arrives in pieces. */
function read(pieces: string[], status = 200): Sample[] {
    const samples: Sample[] = [];
    const reader = new AnswerReader((sample) => samples.push(sample));
    for (const piece of pieces) {
        reader.push(piece);
    }
    reader.end(status);
    return samples;
}

const vector = (result: unknown) => JSON.stringify({ status: "success", data: { resultType: "vector", result } });

const withResult = (result: string) => `{"status":"success","data":{"resultType":"vector","result":${result}}}`;

it("reads any vector, in pieces of any size", () => {
    const anyElement = fc.record({
        labels: fc.dictionary(anyName, anyName, { maxKeys: 4 }),
        value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    });
    fc.assert(
        fc.property(fc.array(anyElement, { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (elements, size) => {
            const text = vector(elements.map(({ labels, value }) => ({ metric: labels, value: [1, String(value)] })));
            const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
                text.slice(index * size, (index + 1) * size),
            );
            const samples = read(pieces);
            expect(samples.map(({ value }) => String(value))).toEqual(elements.map(({ value }) => String(value)));
            samples.forEach((sample, index) => {
                for (const [name, value] of Object.entries(elements[index]?.labels ?? {})) {
                    expect(labelOf(sample, name)).toBe(wellFormed(value));
                }
            });
        }),
    );
});

it("returns an empty label if it is missing, even if every object inherits a property of that name", () => {
    const [sample] = read([vector([{ metric: {}, value: [1, "1"] }])]);
    expect(["source_app", "constructor", "__proto__"].map((name) => sample && labelOf(sample, name))).toEqual([
        "",
        "",
        "",
    ]);
});

it.each([
    ["NaN", NaN],
    ["+Inf", Infinity],
    ["-Inf", -Infinity],
    ["1e-7", 1e-7],
    ["-0", -0],
    ["nan", NaN],
    ["inf", Infinity],
    ["-Infinity", -Infinity],
    [".5E+3", 500],
    ["+5.", 5],
])("reads %s", (text, value) => {
    expect(read([vector([{ metric: {}, value: [1, text] }])])[0]?.value).toBe(value);
});

it("reads an answer in another layout", () => {
    const text = `{ "warnings": ["x"],\n "data": { "result" : [ {"value": [1, "2"], "metric": {"a": "]}"}} , {"metric":{},"value":[1,"3"]} ],
        "resultType": "vector" }, "status": "success" }`;
    expect(read([text]).map(({ value }) => value)).toEqual([2, 3]);
});

it.each<[string, string, number, string]>([
    ["nothing", "", 502, "status 200 and a body that is not its API's JSON"],
    ["a page", "<html>Bad gateway</html>", 502, "not its API's JSON"],
    ["half an answer", vector([{ metric: {}, value: [1, "1"] }]).slice(0, -20), 502, "not its API's JSON"],
    ["other JSON", '{"a":1}', 502, "not its API's JSON"],
    ["a list", "[]", 502, "not its API's JSON"],
    ["a matrix", '{"status":"success","data":{"resultType":"matrix","result":[]}}', 502, "but with matrix"],
    ["a scalar", '{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}', 502, "but with scalar"],
    ["no data", '{"status":"success"}', 502, "but with nothing"],
    ["a vector that is not a list", withResult('{"a":1}'), 502, 'a vector that is not a list: {"a":1}'],
    ["a deep element", vector([]).replace("[]", "[".repeat(1e5) + "]".repeat(1e5)), 502, "nested too deeply"],
    // With a regular expression that tries every division of the digits, this takes hours.
    ["a long value", vector([{ metric: {}, value: [1, `${"1".repeat(200_000)}x`] }]), 502, "not a number: 111"],
    ["an element above the limit", withResult(`["${"x".repeat(5_000_000)}`), 503, "cannot be divided"],
    ["a page above the limit", "x".repeat(5_000_000), 502, "not its API's JSON"],
    ["no value", vector([{ metric: {} }]), 502, "without labels or value"],
    ["no labels", vector([{ value: [1, "1"] }]), 502, "without labels or value"],
    ["a word as a value", vector([{ metric: {}, value: [1, "many"] }]), 502, "not a number: many"],
    ...["0x10", " 5 ", "5 ", "1_000", "0b1", "1e999", "+NaN", ".", "e5", "١"].map(
        (text): [string, string, number, string] => [
            `the value ${text}`,
            vector([{ metric: {}, value: [1, text] }]),
            502,
            `not a number: ${text}`,
        ],
    ),
    ["no value at all", vector([{ metric: {}, value: [1, ""] }]), 502, "not a number"],
    [
        "broken elements",
        '{"status":"success","data":{"resultType":"vector","result":[{{}}]}}',
        502,
        "not its API's JSON",
    ],
    ["a refusal", '{"status":"error","errorType":"bad_data","error":"oops"}', 502, "bad_data: oops"],
    ["its own timeout", '{"status":"error","errorType":"timeout","error":"too slow"}', 504, "timeout: too slow"],
    ["a long page", "x".repeat(1_100_000), 502, "not its API's JSON"],
])("refuses %s", (_, text, status, message) => {
    const act = () => read([text]);
    expect(act).toThrow(
        expect.objectContaining({ status, message: expect.stringContaining(message) as string }) as Error,
    );
});

const ELEMENT = '{"metric":{"a":"b"},"value":[1,"1"]}';

it.each([
    `[${ELEMENT}garbage]`,
    `[${ELEMENT} ${ELEMENT}]`,
    `[${ELEMENT}}]`,
    `[${ELEMENT},]`,
    `[${ELEMENT},,${ELEMENT}]`,
    `[,${ELEMENT}]`,
    "[,]",
    `[x${ELEMENT}]`,
    `["x",${ELEMENT}]`,
    `[null,${ELEMENT}]`,
    `[[${ELEMENT}]]`,
    `[${ELEMENT};${ELEMENT}]`,
    `[${ELEMENT}]]`,
    `[${ELEMENT}}`,
    `[${ELEMENT}],"more":[}`,
])("refuses the elements %s, in one piece and in many", (result) => {
    for (const pieces of [[withResult(result)], withResult(result).split(/(?=.)/)]) {
        expect(() => read(pieces)).toThrow(expect.objectContaining({ name: "RequestError", status: 502 }) as Error);
    }
});

const HEAD = '{"status":"success","data":{"resultType":"vector","result":';

it.each([
    ["escaped keys", '{"status":"success","d\\u0061ta":{"resultType":"vector","r\\u0065sult":[ELEMENT,ELEMENT]}}'],
    ["a repeated key, of which Go reads the last one", `${HEAD}[],"r\\u0065sult":[ELEMENT,ELEMENT]}}`],
    ["a repeated key with other elements", `${HEAD}[{}],"result":[ELEMENT,ELEMENT]}}`],
    ["an element's end inside a name", `${HEAD}[ELEMENT,{"metric":{"x":",{\\"metric\\":","a":"b"},"value":[1,"1"]}]}}`],
    [
        "an element's end inside another label",
        `${HEAD}[ELEMENT,{"metric":{"x":{"y":[1,{"metric":2}]},"a":"b"},"value":[1,"1"]}]}}`,
    ],
    [
        "a result that is not the result",
        '{"result":[{}],"stats":{"result":[1]},"status":"success","data":{"result":[ELEMENT,ELEMENT],"x":{"result":[2]},"resultType":"vector"}}',
    ],
    [
        "a key in a string",
        '{"warnings":["\\"data\\":{\\"result\\":["],"status":"success","data":{"resultType":"vector","result":[ELEMENT,ELEMENT]}}',
    ],
    [
        "space everywhere",
        ' { "status" : "success" , "data" : { "result" : [ ELEMENT , ELEMENT ] , "resultType" : "vector" } } ',
    ],
])("reads %s, in one piece and in many", (_, answer) => {
    const text = answer.replaceAll("ELEMENT", ELEMENT);
    for (const pieces of [[text], text.split(/(?=.)/)]) {
        expect(read(pieces).map((sample) => labelOf(sample, "a"))).toEqual(["b", "b"]);
    }
});

it("refuses a label that is not a string when it is read", () => {
    const [sample] = read([vector([{ metric: { a: 1, b: null }, value: [1, "1"] }])]);
    expect(() => sample && labelOf(sample, "a")).toThrow("a label a that is not a string: 1");
    expect(sample && labelOf(sample, "b")).toBe("");
});

it("refuses a vector with an error status", () => {
    expect(() => read([vector([])], 500)).toThrow("Prometheus answers with status 500");
});

it("reads null as an empty vector", () => {
    expect(read([vector(null)])).toEqual([]);
});
