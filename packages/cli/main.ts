/** The command `bookinfo`: finds a verb, and loads only what that verb needs. */
import path from "node:path";
import { Command } from "commander";
import { load } from "../compile/compiled";
import { PROJECT_FOLDER } from "../shared/project";

/** The verbs whose commands are in the modules of the same names, with a line each for the help. */
const VERBS = {
    up: "deploy Istio and Bookinfo, and wait for the page",
    down: "undo everything that up did",
    verify: "check a deployed mesh, and name remedies",
    load: "make requests to the product page and count the answers",
    dashboard: "bring the add-ons' pages to this machine",
    render: "write what the program declares as files",
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

for (const [verb, description] of Object.entries(VERBS)) {
    add(verb, description, async (args) => {
        const { command } = load(path.join(__dirname, `${verb}.ts`)) as { command: Command };
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
