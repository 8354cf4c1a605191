/**
 * The order of the end-to-end tests: files that use the same sandbox run one after the other (see sharedSandbox.ts). Files that are not
 * listed, and the unit tests, follow in jest's own order.
 */
const { default: Sequencer } = require("@jest/test-sequencer");

const ORDER = [
    // Starts and removes sandboxes all the time.
    "sandbox",
    // Deploys what the next two use. The last of them removes it, and tests that.
    "pageFirst",
    "mesh",
    "renderedUp",
    // Deploys, without --rendered, what the next one uses, which removes the sandbox.
    "engine",
    "lifecycle/goneCluster",
    // These start with nothing and leave nothing.
    "lifecycle/renewedKubeconfig",
    "switches",
    "lifecycle/changes",
    "clusters/noLoadBalancer",
    "clusters/company",
    "clusters/restricted",
].map((name) => require.resolve(`./${name}.test.ts`));

/** Position of a file; that of files without one is after all others. */
function positionOf({ path }) {
    return ORDER.includes(path) ? ORDER.indexOf(path) : ORDER.length;
}

module.exports = class extends Sequencer {
    sort(tests) {
        return super.sort(tests).sort((one, other) => positionOf(one) - positionOf(other));
    }
};
