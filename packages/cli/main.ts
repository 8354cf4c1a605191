/** The command `bookinfo`: finds a verb. The verb reads its options, and then loads what it needs. */
import path from "node:path";
import { Command } from "commander";
import { load } from "../compile/compiled";
import { PROJECT_FOLDER } from "../shared/project";
import { command as dashboard } from "./dashboard";
import { command as down } from "./down";
import { command as lesson } from "./lesson";
import { command as makeLoad } from "./load";
import { command as render } from "./render";
import { command as token } from "./token";
import { command as up } from "./up";
import { command as verify } from "./verify";

/** The verbs, with a line each for the help. */
const VERBS: Record<string, [description: string, command: Command]> = {
    up: ["deploy Istio and Bookinfo, and wait for the page", up],
    down: ["undo everything that up did", down],
    verify: ["check a deployed mesh, and name remedies", verify],
    load: ["make requests to the product page and count the answers", makeLoad],
    dashboard: ["bring the pages of Bookinfo and the add-ons to this machine", dashboard],
    token: ["print a token for a page that asks for one, to learn by", token],
    lesson: ["set up a lesson of the course in docs/course, or take it back", lesson],
    render: ["write what the program declares as files", render],
};

/** Verbs that are programs of other packages, which nothing here imports. */
const PROGRAMS = {
    sandbox: ["manage the sandbox cluster on this machine", "sandbox/cli.ts"],
    bench: ["measure how long everything takes", "bench/bench.ts"],
} as const;

const program = new Command("npx bookinfo")
    .description("Istio with its observability and the Bookinfo application, on any Kubernetes cluster.")
    .usage("<command> [options]")
    .helpCommand(false)
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText("after", "\nnpx bookinfo <command> --help shows the options of a command.");

for (const [verb, [description, command]] of Object.entries(VERBS)) {
    add(verb, description, async (args) => {
        await command.parseAsync(args, { from: "user" });
    });
}
for (const [verb, [description, file]] of Object.entries(PROGRAMS)) {
    add(verb, description, (args) => {
        const script = path.join(PROJECT_FOLDER, "packages", file);
        process.argv = [process.execPath, script, ...args];
        load(script);
        return Promise.resolve();
    });
}
void program.parseAsync();

/** Adds a verb that gets all its options as they are. */
function add(verb: string, description: string, run: (args: string[]) => Promise<void>): void {
    program
        .command(verb)
        .description(description)
        .argument("[options...]")
        .helpOption(false)
        .allowUnknownOption()
        .passThroughOptions()
        .action(run);
}
