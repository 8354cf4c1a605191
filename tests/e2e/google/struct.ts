import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";

/** Converts the values of a message to JavaScript. */
export function fromStruct(struct: Struct | undefined): Record<string, unknown> {
    return struct?.toJavaScript() ?? {};
}

/** Converts values for a message. Undefined ones are left out, because the protocol does not have them. */
export function toStruct(values: Record<string, unknown>): Struct {
    return Struct.fromJavaScript(JSON.parse(JSON.stringify(values)) as Record<string, JavaScriptValue>);
}
