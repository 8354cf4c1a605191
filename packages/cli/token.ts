/** `token`: a token for a product page that asks for one, to learn by. */
import path from "node:path";
import { load } from "../compile/compiled";
import { SANDBOX_STACK } from "../shared/project";
import { commandOf } from "./terminal/commandLine";
import { signedDuration } from "./terminal/optionValues";
import type * as Token from "./token/token";

export const command = commandOf("token")
    .description(
        "Prints a JSON Web Token for the product page. Its key is made once, and stays on this machine. " +
            "Only the token goes to standard output (after npm run: with `npm run --silent`).",
    )
    .option("--user <name>", "whom the token is for", "jason")
    .option(
        "--expires <duration>",
        "how long it is good, such as 30m or 1h; with a minus, how long ago it expired",
        signedDuration,
        signedDuration("1h"),
    )
    .option("--issuer <name>", "who issues it (default: what the stack's config says, else bookinfo-mesh)")
    .option("--audience <name>", "for whom it is (default: the first audience in the stack's config)")
    .option("--jwks", "print the public keys for the config in place of a token, and how to set them")
    .option("--stack <name>", "the stack whose config must know the key: Pulumi.<name>.yaml", SANDBOX_STACK)
    .action((options: Token.TokenOptions) => {
        const { token } = load(path.join(__dirname, "token/token.ts")) as typeof Token;
        return token(options);
    });
