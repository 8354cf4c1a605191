import pc from "picocolors";
import { UserError } from "../../shared/errors";
import { readStackFile } from "../program/projectConfig";
import { runCommand } from "../terminal/runCommand";
import { adviceFor, keySetFor, type Question, settingsFor } from "./advice";
import { signedToken } from "./jwt";
import { keyPair } from "./keyPair";
import { DEFAULT_ISSUER, type Login, loginIn } from "./login";

export interface TokenOptions {
    user: string;
    /** Milliseconds from now. */
    expires: number;
    issuer?: string;
    audience?: string;
    jwks?: boolean;
    stack: string;
}

/** Runs `token` to its end, and exits. */
export function token(options: TokenOptions): Promise<void> {
    return runCommand(() => {
        const { output, advice } = answerTo(options);
        console.log(output);
        if (advice !== undefined) {
            // On standard error: standard output is for the token, or for the keys, alone.
            console.error(pc.yellow(advice));
        }
        if (!process.stdout.isTTY && hasBanner()) {
            console.error(pc.yellow(`npm writes two lines before it. Without them: ${SILENT}`));
        }
        return Promise.resolve();
    });
}

const SILENT = "npx bookinfo token, or npm run --silent token --";

/** Whether npm has written the name of its script to standard output. */
function hasBanner({ npm_lifecycle_event: script, npm_config_loglevel: level } = process.env): boolean {
    return script === "token" && level !== "silent";
}

/** What goes to standard output, and what the user must know. @param folder where the key is; default: the state folder */
export function answerTo(options: TokenOptions, folder?: string): { output: string; advice?: string } {
    const { stack, user, expires } = options;
    if (user === "" || options.issuer === "" || options.audience === "") {
        throw new UserError("--user, --issuer and --audience must not be empty");
    }
    const pair = keyPair(folder);
    const question: Question = { stack, login: loginIn(readStackFile(stack)), publicJwk: pair.publicJwk };
    const known: Partial<Login> = typeof question.login === "object" ? question.login : {};
    const issuer = options.issuer ?? known.issuer ?? DEFAULT_ISSUER;
    if (options.jwks) {
        return { output: JSON.stringify(keySetFor(question)), advice: settingsFor(question, issuer) };
    }
    const audience = options.audience ?? known.audiences?.[0];
    const output = signedToken(pair, { user, issuer, audience, expires });
    return { output, advice: adviceFor(question, { issuer, audience }) };
}
