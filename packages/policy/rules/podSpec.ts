import { at, type Declared, items } from "../rule";

/** Where each kind has its pod's spec. */
const POD_TEMPLATES: Record<string, string> = {
    Deployment: "spec.template",
    StatefulSet: "spec.template",
    DaemonSet: "spec.template",
    ReplicaSet: "spec.template",
    ReplicationController: "spec.template",
    Job: "spec.template",
    CronJob: "spec.jobTemplate.spec.template",
};

/** Pod, or template of pods, that a resource declares; undefined where it declares none. */
export function podTemplate({ type, inputs }: Declared): unknown {
    const [, kind = ""] = /^kubernetes:(?:core|apps|batch)\/v1:(\w+)$/.exec(type) ?? [];
    const template = POD_TEMPLATES[kind];
    return kind === "Pod" ? inputs : template && at(inputs, template);
}

/** A container of a pod, with the name that it has in messages. */
export interface Container {
    name: string;
    spec: unknown;
}

/** The containers of the pods that a resource declares, those that initialize them included. */
export function containers(resource: Declared): Container[] {
    const template = podTemplate(resource);
    return ["spec.initContainers", "spec.containers"]
        .flatMap((path) => items(template, path))
        .map((spec) => ({ name: `container ${String(at(spec, "name"))}`, spec }));
}
