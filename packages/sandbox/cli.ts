import * as path from "node:path";
import { Command } from "commander";
import { load } from "../compile/compiled";
import { invocationOf } from "../shared/invocation";
import type * as Commands from "./commands";
import { serviceNames } from "./serviceNames";

/** What the commands do is loaded when one runs, so that `--help` is fast. */
const commands = () => load(path.join(__dirname, "commands.ts")) as typeof Commands;

const cli = new Command(invocationOf("sandbox"))
    .description("A real single-node Kubernetes without Docker or a cloud account.")
    .enablePositionalOptions(); // so that options after `kubectl` are kubectl's

cli.command("up")
    .description("build what is missing, start the cluster, and wait until its node is ready")
    .option("--no-addons", "leave the add-ons' images out; a later `up` adds them")
    .option("--istioctl", "build istioctl too")
    .option("--cni", "provide Istio's CNI plugin too: its image and its chart")
    .action((options: Commands.UpOptions) => commands().up(options));

cli.command("down")
    .description("remove the cluster: processes, mounts, interfaces and files; the cache stays")
    .action(() => commands().down());

cli.command("status")
    .description("show the state of the cluster and of each service")
    .option("--json", "print JSON, for other programs")
    .action((options: { json?: boolean }) => commands().status(options));

cli.command("logs")
    .description(`show the log of a service: ${serviceNames.join(", ")}`)
    .argument("<service>")
    .option("-n, --lines <number>", "how many of the last lines", "200")
    .option("-f, --follow", "continue with new lines as they come")
    .action((service: string, options: { lines: string; follow?: boolean }) => commands().logs(service, options));

cli.command("kubectl")
    .description("run kubectl on the cluster")
    .argument("[arguments...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action((args: string[]) => commands().kubectl(args));

void cli.parseAsync();
