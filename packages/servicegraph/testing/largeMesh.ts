import { at } from "../layout/geometry";
import { fakePrometheus } from "./fakePrometheus";
import { answerTo, type Traffic } from "./traffic";

/**
 * A mesh of a given size, always the same: services in twenty namespaces with calls to each other, some with errors, faults and refusals.
 * @param characters the least length of a name
 */
export function largeMesh(services: number, edges: number, characters = 0): Traffic[] {
    const workloads = Array.from({ length: services }, (_, index) => ({
        app: `service-${index}`.padEnd(characters, "-long"),
        workload: `service-${index}-v1`.padEnd(characters, "-long"),
        namespace: `namespace-${index % 20}`,
    }));
    const callees = Math.ceil(edges / services);
    return Array.from({ length: edges }, (_, index) => {
        const [caller, call] = [Math.floor(index / callees), index % callees];
        // Steps without a common factor with the number of services spread the calls over all of them.
        const callee = (caller + 1 + call * 97 + (caller % 7) * 13) % services;
        const requests = 1 + (index % 400) / 4;
        return {
            from: at(workloads, caller % services),
            to: at(workloads, callee),
            requests,
            failures: index % 9 === 0 ? requests * 0.02 : 0,
            refusals: index % 11 === 0 ? requests * 0.1 : undefined,
            flags: index % 10 === 0 ? { FI: requests * 0.1, UO: requests * 0.01 } : undefined,
            p95: 3 + (index % 700),
        };
    });
}

// As a program (`largeMesh.ts SERVICES EDGES CHARACTERS`), this is a Prometheus with the metrics of such a mesh.
if (require.main === module) {
    const [services = 0, edges = 0, characters] = process.argv.slice(2).map(Number);
    const mesh = largeMesh(services, edges, characters);
    void fakePrometheus((promql) => answerTo(promql, mesh)).then(({ url }) => {
        console.log(JSON.stringify({ port: Number(new URL(url).port) }));
    });
}
