import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { ClusterAddress } from "../../kubernetes/address";
import { messageOf, UserError } from "../../shared/errors";
import { PROJECT_FOLDER, PROJECT_NAME, stackFile } from "../../shared/project";
import { resolveStackConfig, type StackConfig } from "./stackConfig";

/** Content of a stack's file. */
export interface StackFile {
    config?: Record<string, unknown>;
    [key: string]: unknown;
}

/** Content of Pulumi.<stack>.yaml; undefined if there is no such file. @throws UserError if it is not YAML */
export function readStackFile(stack: string): StackFile | undefined {
    const file = stackFile(stack);
    if (!existsSync(file)) {
        return undefined;
    }
    const content = readYaml(file) as { config?: Record<string, unknown> | null };
    // YAML reads a key with nothing below it as null.
    return { ...content, config: content.config ?? {} };
}

/** A section of the project's config in a stack's file, by its name with or without the namespace. */
export function sectionOf(file: StackFile | undefined, name: string): unknown {
    return file?.config?.[`${PROJECT_NAME}:${name}`] ?? file?.config?.[name];
}

/**
 * The config of a stack of this project.
 * @param file content of the stack's file
 * @param overrides values that replace the file's, by key
 * @throws UserError if there is no file and no cluster, or naming every value that is missing, encrypted or of the wrong type
 */
export function completeConfig(
    stack: string,
    file: StackFile | undefined,
    overrides: Record<string, unknown> = {},
): StackConfig {
    if (!file && overrides.cluster === undefined) {
        throw new UserError(`there is no stack file ${stackFile(stack)}`);
    }
    const { config, faults } = resolveStackConfig({
        project: PROJECT_NAME,
        stack,
        projectFile: readYaml(path.join(PROJECT_FOLDER, "Pulumi.yaml")),
        stackFile: file,
        overrides,
    });
    if (faults.length > 0) {
        const lines = faults.map((fault) => `  ${fault}`).join("\n");
        throw new UserError(`the configuration of stack "${stack}" is incomplete. Nothing was deployed.\n${lines}`);
    }
    return config;
}

/** The config section that names a cluster. */
export function clusterSection({ kubeconfig, context }: ClusterAddress): Record<string, string> {
    return { kind: "kubeconfig", path: kubeconfig, context };
}

function readYaml(file: string): unknown {
    try {
        return parse(readFileSync(file, "utf8")) ?? {};
    } catch (error) {
        throw new UserError(`${file} cannot be read: ${messageOf(error)}`);
    }
}
