/** `dashboard`: the pages of the add-ons and of Bookinfo, on this machine. */
import path from "node:path";
import { Argument } from "commander";
import { load } from "../compile/compiled";
import type * as Dashboard from "./dashboard/dashboard";
import { PAGE_NAMES, type PageName } from "./mesh/addons";
import { addCertificateOptions, addTargetOptions, commandOf } from "./terminal/commandLine";
import { wholeNumber } from "./terminal/optionValues";

export const command = addCertificateOptions(
    addTargetOptions(
        commandOf("dashboard")
            .description(
                "Brings the pages of add-ons and of Bookinfo to this machine, and opens them in the browser if there is one.",
            )
            .addArgument(new Argument("[pages...]", "which ones").choices(PAGE_NAMES)),
    ),
)
    .option("--all", "all pages that are deployed")
    .option("--port <number>", "local port (default: the page's own)", wholeNumber(1, 65535))
    .option("--no-open", "open no browser")
    .action((names: PageName[], options: Dashboard.DashboardOptions) => {
        const { dashboard } = load(path.join(__dirname, "dashboard/dashboard.ts")) as typeof Dashboard;
        return dashboard(names, options);
    });
