/**
 * At least `workloads` workloads, declared by the program's components: Bookinfo with its six workloads, once in each
 * namespace. The provider writes files and needs no cluster.
 */
import { readFileSync } from "node:fs";
import * as k8s from "@pulumi/kubernetes";
import { Bookinfo } from "../../../components/bookinfo/bookinfo";
import { BOOKINFO_SERVICES } from "../../../components/bookinfo/services";
import { InjectedNamespace } from "../../../components/injectedNamespace";

const { workloads, folder } = JSON.parse(readFileSync("growth.json", "utf8")) as { workloads: number; folder: string };
const provider = new k8s.Provider("files", { renderYamlToDirectory: folder });
const each = BOOKINFO_SERVICES.flatMap(({ versions }) => versions).length;

for (let number = 0; number * each < workloads; number += 1) {
    const app = `app-${number}`;
    // Pods wait for the injector. No injector runs here, so the provider replaces it.
    const args = { name: app, exists: false, injector: provider };
    const { name: namespace, injection } = new InjectedNamespace(app, args, { provider });
    const source = { registry: "docker.io/istio", tag: "1.20.3", imagePullPolicy: "IfNotPresent" } as const;
    new Bookinfo(app, { ...source, images: { pullSecrets: [] }, namespace, injection }, { provider });
}
