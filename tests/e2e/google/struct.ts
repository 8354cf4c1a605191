import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";

/** A message's values as they are in JavaScript. */
export function plain(struct: Struct | undefined): Record<string, unknown> {
    return struct?.toJavaScript() ?? {};
}

/** Values as a message has them. Undefined ones are left out: the protocol has none. */
export function struct(values: Record<string, unknown>): Struct {
    return Struct.fromJavaScript(JSON.parse(JSON.stringify(values)) as Record<string, JavaScriptValue>);
}
