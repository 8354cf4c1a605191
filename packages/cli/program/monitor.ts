/**
 * Listens to the requests that a program sends to Pulumi's test monitor. Unlike Pulumi's mocks, the requests show
 * dependencies, options and secrets.
 */
import * as pulumi from "@pulumi/pulumi";
import type { DeclaredResource } from "./declaration";

/** A resource as the program registers it with the engine. Secrets in its inputs are wrapped. */
export interface Registration extends Omit<DeclaredResource, "parent" | "secrets"> {
    /** URN; empty for the root of the stack. */
    parent: string;
}

// The parts of the monitor's protocol that are used here; the SDK does not export its types.
interface Properties {
    toJavaScript(): Record<string, unknown>;
}
export interface RegistrationRequest {
    getType(): string;
    getName(): string;
    getParent(): string;
    getDependenciesList(): string[];
    /** This and the next two are missing if the resource is only read. */
    getCustom(): boolean;
    getIgnorechangesList(): string[];
    getObject(): Properties;
    /** Only if the resource is read. */
    getProperties(): Properties;
}
type Callback = (error: unknown, response: { getUrn(): string }) => void;
interface Monitor {
    registerResource(request: RegistrationRequest, callback: Callback): unknown;
    readResource(request: RegistrationRequest, callback: Callback): unknown;
    registerResourceOutputs(request: { getUrn(): string; getOutputs(): Properties }, callback: unknown): unknown;
}

/** Call it after `pulumi.runtime.setMocks`. Outputs are those of components; the stack is a component too. */
export function listenToMonitor(
    onResource: (registration: Registration, request: RegistrationRequest) => void,
    onOutputs?: (urn: string, outputs: Record<string, unknown>) => void,
): void {
    const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
    for (const method of ["registerResource", "readResource"] as const) {
        const read = method === "readResource";
        const send = monitor[method].bind(monitor);
        monitor[method] = (request, callback) => {
            const registration = {
                type: request.getType(),
                name: request.getName(),
                custom: read || request.getCustom(),
                read,
                parent: request.getParent(),
                dependencies: request.getDependenciesList(),
                ignoreChanges: read ? [] : request.getIgnorechangesList(),
                inputs: (read ? request.getProperties() : request.getObject()).toJavaScript(),
            };
            return send(request, (error, response) => {
                if (!error) {
                    onResource({ urn: response.getUrn(), ...registration }, request);
                }
                callback(error, response);
            });
        };
    }
    const sendOutputs = monitor.registerResourceOutputs.bind(monitor);
    monitor.registerResourceOutputs = (request, callback) => {
        onOutputs?.(request.getUrn(), request.getOutputs().toJavaScript());
        return sendOutputs(request, callback);
    };
}
