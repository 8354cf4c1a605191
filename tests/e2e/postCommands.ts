import { spawn } from "node:child_process";
import { once } from "node:events";
import { clone, plainText, runCommand, sandboxEnvironment } from "./commands";
import { waitForOutput } from "./processes";

/* The commands of the 2018 post that this project is based on. */

/** The post's commands, literally but without the `&`. */
export const POST_COMMANDS = {
    grafana:
        "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=grafana -o jsonpath='{.items[0].metadata.name}') 3000:3000",
    jaeger: "kubectl port-forward -n istio-system $(kubectl get pod -n istio-system -l app=jaeger -o jsonpath='{.items[0].metadata.name}') 16686:16686",
    servicegraph:
        "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=servicegraph -o jsonpath='{.items[0].metadata.name}') 8088:8088",
    // The post opens these two as well; their commands here have the same form.
    kiali: "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=kiali -o jsonpath='{.items[0].metadata.name}') 20001:20001",
    prometheus:
        "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=prometheus -o jsonpath='{.items[0].metadata.name}') 9090:9090",
};

/** Runs a command that forwards ports, does something after the command has printed that it is ready, and ends the command. */
export async function during<T>(command: string, ready: RegExp, work: () => Promise<T>): Promise<T> {
    const child = spawn("bash", ["-c", command], {
        cwd: clone,
        env: { ...plainText, ...sandboxEnvironment },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
    });
    try {
        await waitForOutput(child, ready);
        return await work();
    } finally {
        const ended = once(child, "exit");
        if (child.exitCode === null && child.pid !== undefined) {
            process.kill(-child.pid, "SIGINT");
            await ended;
        }
    }
}

/** Runs the part of the post's command that finds the pod. */
export function findPod(addon: keyof typeof POST_COMMANDS) {
    const find = /\$\((.*)\)/.exec(POST_COMMANDS[addon])?.[1] ?? "";
    return runCommand("bash", ["-c", find], sandboxEnvironment);
}
