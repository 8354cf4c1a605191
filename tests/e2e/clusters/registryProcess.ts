/** The process of a registry: it reads what it serves from standard input, and prints its port. */
import { text } from "node:stream/consumers";
import { startRegistry } from "../downloads/registry";
import type { Login } from "../downloads/releaseHost";

/** What the process is told. By standard input, because everybody can read arguments. */
export interface RegistryOrder {
    /** Archives of images. */
    archives: string[];
    /** Folder for its files. */
    folder: string;
    login: Login;
}

void text(process.stdin).then(async (order) => {
    const { archives, folder, login } = JSON.parse(order) as RegistryOrder;
    const { url } = await startRegistry(archives, folder, login);
    console.log(new URL(url).port);
});
