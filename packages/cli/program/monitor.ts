import type {
    ReadResourceRequest,
    RegisterResourceOutputsRequest,
    RegisterResourceRequest,
} from "@pulumi/pulumi/proto/resource_pb";

type Callback = (error: unknown, response: { getUrn(): string }) => void;

interface Monitor {
    registerResource(request: RegisterResourceRequest, callback: Callback): unknown;
    readResource(request: ReadResourceRequest, callback: Callback): unknown;
    registerResourceOutputs(request: RegisterResourceOutputsRequest, callback: unknown): unknown;
}

export interface MonitorListener {
    onRegister: (request: RegisterResourceRequest, urn: string) => void;
    onRead: (request: ReadResourceRequest, urn: string) => void;
    onOutputs: (request: RegisterResourceOutputsRequest) => void;
}

/**
 * Listens to the requests that the program sends to Pulumi's test monitor. Pulumi's mocks see only inputs, but the requests
 * also have dependencies, secrets and resource options.
 * @param testMonitor what `pulumi.runtime.getMonitor` gives after `setMocks`
 */
export function listenTo(testMonitor: unknown, { onRegister, onRead, onOutputs }: MonitorListener): void {
    const monitor = testMonitor as Monitor;
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) =>
        register(
            request,
            afterwards(callback, (urn) => {
                onRegister(request, urn);
            }),
        );
    const read = monitor.readResource.bind(monitor);
    monitor.readResource = (request, callback) =>
        read(
            request,
            afterwards(callback, (urn) => {
                onRead(request, urn);
            }),
        );
    const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
    monitor.registerResourceOutputs = (request, callback) => {
        onOutputs(request);
        return registerOutputs(request, callback);
    };
}

function afterwards(callback: Callback, listen: (urn: string) => void): Callback {
    return (error, response) => {
        if (!error) {
            listen(response.getUrn());
        }
        callback(error, response);
    };
}
