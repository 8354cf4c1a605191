/**
 * The order of the end-to-end tests: files that use the same sandbox run one after the other (see sharedSandbox.ts). Files that are not
 * listed, and the unit tests, follow in jest's own order.
 */
const { default: Sequencer } = require("@jest/test-sequencer");

const ORDER = [
    // Deploys what the next four use.
    "pageFirst",
    "mesh",
    "networkPolicies",
    "traffic/course",
    // Removes the sandbox of that deployment, and deploys to a new one what the next file uses. That one removes it, and tests that.
    "lifecycle/goneCluster",
    "renderedUp",
    // These start with nothing and leave nothing.
    "lifecycle/renewedKubeconfig",
    "switches",
    "traffic/traffic",
    "traffic/security",
    "clusters/noLoadBalancer",
    "clusters/restricted",
    "clusters/existing",
    "traffic/tls",
    // Starts with nothing, and removes the sandbox.
    "clusters/company",
    "failures/rendered",
    // Starts with nothing, and leaves a sandbox that nobody can use. The next file removes it.
    "lifecycle/changes",
    "sandbox",
    // Packs the programs and images of the sandboxes before.
    "downloads/downloads",
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
