import { at, type Declared, items } from "../rule";

const WITH_TEMPLATE = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"];

/** The pod, or the template of pods, in a resource; undefined if it has none. */
export function podTemplate({ type, inputs }: Declared): unknown {
    const [, kind = ""] = /^kubernetes:(?:core|apps|batch)\/v1:(\w+)$/.exec(type) ?? [];
    if (kind === "CronJob") {
        return at(inputs, "spec.jobTemplate.spec.template");
    }
    return kind === "Pod" ? inputs : WITH_TEMPLATE.includes(kind) ? at(inputs, "spec.template") : undefined;
}

/** The containers and init containers of a resource's pods, with their names for messages. */
export function containers(resource: Declared): { name: string; spec: unknown }[] {
    const template = podTemplate(resource);
    return ["spec.initContainers", "spec.containers"]
        .flatMap((path) => items(template, path))
        .map((spec) => ({ name: `container ${String(at(spec, "name"))}`, spec }));
}
