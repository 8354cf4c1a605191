/** `dashboard`: the pages of the add-ons, on this machine. */
import path from "node:path";
import { Argument } from "commander";
import type { AddonName } from "../../components/names";
import { load } from "../compile/compiled";
import type * as Dashboard from "./dashboard/dashboard";
import { ADDON_NAMES } from "./mesh/addons";
import { addTargetOptions, commandOf } from "./terminal/commandLine";
import { wholeNumber } from "./terminal/optionValues";

export const command = addTargetOptions(
    commandOf("dashboard")
        .description("Brings the pages of add-ons to this machine, and opens them in the browser if there is one.")
        .addArgument(new Argument("[add-ons...]", "which ones").choices(ADDON_NAMES)),
)
    .option("--all", "all add-ons that are deployed")
    .option("--port <number>", "local port (default: the add-on's own)", wholeNumber(1, 65535))
    .option("--no-open", "open no browser")
    .action((names: AddonName[], options: Dashboard.DashboardOptions) => {
        const { dashboard } = load(path.join(__dirname, "dashboard/dashboard.ts")) as typeof Dashboard;
        return dashboard(names, options);
    });
