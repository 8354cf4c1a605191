/** `verify`: whether a deployed mesh does what it should. */
import path from "node:path";
import { load } from "../compile/compiled";
import { addCertificateOptions, addTargetOptions, commandOf } from "./terminal/commandLine";
import { webAddress } from "./terminal/optionValues";
import type * as Verify from "./verify/verify";

export const command = addCertificateOptions(
    addTargetOptions(commandOf("verify").description("Checks a deployed mesh, and says what to do about what fails.")),
)
    .option(
        "--url <url>",
        "the product page (default: at the ingress gateway's address, else through the API server)",
        webAddress,
    )
    .option("--json", "print the results as JSON (after npm run: with `npm run --silent`)")
    .action((options: Verify.VerifyOptions) => {
        const { verify } = load(path.join(__dirname, "verify/verify.ts")) as typeof Verify;
        return verify(options);
    });
