import { inPulumi } from "../../../config/issues";
import { leaves } from "../../../config/keys";
import { valueAt } from "../../../config/valueAt";
import { UserError } from "../../shared/errors";
import { stackFile } from "../../shared/project";
import { shellWord } from "../../shared/shell";
import { sectionOf, type StackFile } from "../program/projectConfig";
import { isEncrypted } from "../program/stackConfig";

/**
 * The engine keeps the config of every update in its history, as it is in the stack's file.
 * @throws UserError naming the credentials in a stack's file that are not encrypted
 */
export function refusePlainCredentials(stack: string, file: StackFile | undefined): void {
    const plain = leaves().filter(({ path: [section = "", ...rest], secret }) => {
        // A whole section, or the object with the credentials, may be encrypted.
        const values = rest.map((_, depth) => valueAt(sectionOf(file, section), rest.slice(0, depth)));
        const value = valueAt(sectionOf(file, section), rest);
        const encrypted = [...values, value].some((at) => isSecure(at)) || isEncrypted(value);
        return secret && value !== undefined && !encrypted;
    });
    if (plain.length > 0) {
        const commands = plain.map(({ path, fromFile }) => {
            const key = shellWord(inPulumi(path));
            return `  pulumi config set --stack ${stack} --secret --path ${key}${fromFile ? " < FILE" : ""}`;
        });
        throw new UserError(
            [
                `${stackFile(stack)} has credentials in clear text, and Pulumi would copy them into its state. Nothing was changed.`,
                "Encrypt them, and replace the passwords, because they have been in a file:",
                ...commands,
            ].join("\n"),
        );
    }
}

/** Whether a value is one that `pulumi config set --secret` wrote. */
function isSecure(value: unknown): boolean {
    return typeof value === "object" && value !== null && "secure" in value;
}
