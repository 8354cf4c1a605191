import { ConfigError } from "../../config";

/** The lines of the config's error, one for each issue; none if the config is valid. */
export function issueLines(parse: () => unknown): string[] {
    try {
        parse();
        return [];
    } catch (error) {
        if (!(error instanceof ConfigError)) {
            throw error;
        }
        return error.message.split("\n").slice(1);
    }
}
