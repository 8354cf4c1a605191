/** The mesh's access logs: the part of the config under `istio.accessLogs`. schema.ts explains the metadata. */
import * as z from "zod";
import { faultOfCel } from "./cel";
import { flag, group } from "./fields";

const filter = z.string().check((context) => {
    const problem = faultOfCel(context.value);
    if (problem !== undefined) {
        context.issues.push({ code: "custom", input: context.value, message: problem });
    }
});

export const ACCESS_LOGS = group({
    enabled: flag(false, "Whether each proxy of the mesh logs its requests, to its standard output."),
    filter: filter.optional().meta({
        allowed: "CEL expression over Envoy's attributes, with istio.accessLogs.enabled",
        fallback: "all requests",
        example: "response.code >= 400",
        description: "Which requests are logged, such as response.code >= 400.",
    }),
});
