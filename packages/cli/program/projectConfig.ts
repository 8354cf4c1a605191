import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { ClusterAddress } from "../../kubernetes/address";
import { UserError, messageOf } from "../../shared/errors";
import { PROJECT_FOLDER, PROJECT_NAME, stackFile } from "../../shared/project";
import { resolveStackConfig, type StackConfig } from "./stackConfig";

/** Content of Pulumi.<stack>.yaml; undefined where there is no such file. */
export function readStackFile(stack: string): { config?: Record<string, unknown>; [key: string]: unknown } | undefined {
    const file = stackFile(stack);
    if (!existsSync(file)) {
        return undefined;
    }
    const content = readYaml(file) as { config?: Record<string, unknown> | null };
    // A key with nothing below it is null.
    return { ...content, config: content.config ?? {} };
}

/**
 * The config of a stack of this project.
 * @param cluster replaces the cluster that the stack file names
 * @throws UserError where the stack has no file and no cluster is given, else naming everything that is missing, of the wrong
 * type or encrypted
 */
export function readStackConfig(stack: string, cluster?: ClusterAddress): StackConfig {
    const ownFile = readStackFile(stack);
    if (!ownFile && !cluster) {
        throw new UserError(`there is no stack file ${stackFile(stack)}`);
    }
    const { config, faults } = resolveStackConfig({
        project: PROJECT_NAME,
        stack,
        projectFile: readYaml(path.join(PROJECT_FOLDER, "Pulumi.yaml")),
        stackFile: ownFile,
        overrides: cluster && { cluster: clusterConfig(cluster) },
    });
    if (faults.length > 0) {
        const lines = faults.map((fault) => `  ${fault}`).join("\n");
        throw new UserError(`the configuration of stack "${stack}" is not complete. Nothing was deployed.\n${lines}`);
    }
    return config;
}

/** A cluster as the program's config names it. */
export function clusterConfig({ kubeconfig, context }: ClusterAddress): Record<string, string> {
    return { kind: "kubeconfig", path: kubeconfig, context };
}

function readYaml(file: string): unknown {
    try {
        return parse(readFileSync(file, "utf8")) ?? {};
    } catch (error) {
        throw new UserError(`${file} cannot be read: ${messageOf(error)}`);
    }
}
