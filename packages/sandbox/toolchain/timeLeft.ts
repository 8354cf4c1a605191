import type { Artifact, Provenance } from "./artifacts";

/**
 * CPU time of each build, in seconds, in the order of the builds from empty caches: `npm run bench -- cold` measures it, and
 * docs/benchmarks.md names the machine. A part that is missing takes a few seconds.
 */
const reference: Readonly<Record<string, number>> = {
    runc: 43,
    cni: 8,
    etcd: 64,
    containerd: 82,
    kubernetes: 632,
    coredns: 20,
    helm: 29,
    istio: 337,
    // After Kubernetes, as `up` builds it.
    "kube-router": 6,
    istioctl: 60,
    prometheus: 154,
    jaeger: 306,
    // From empty caches, because it is built last, and mostly long after the others.
    "istio-cni": 406,
};

const OF_SMALL_PARTS = 5;

/** CPU seconds of builds from which on their pace says something about this machine. */
const ENOUGH = 20;

/** A part that is finished. */
export type Finished = Pick<Artifact, "name"> & Pick<Provenance, "origin" | "seconds">;

/**
 * The time that builds still need, in seconds: what they took elsewhere, at the pace of those that are finished here.
 * @param processors of this machine: they decide until enough is finished
 */
export function timeLeft(
    left: readonly Pick<Artifact, "name">[],
    finished: readonly Finished[],
    processors: number,
): number {
    const built = finished.filter(({ origin }) => origin === "built");
    const done = referenceOf(built);
    const taken = built.reduce((sum, { seconds }) => sum + seconds, 0);
    const pace = done < ENOUGH ? 1 / processors : taken / done;
    return referenceOf(left) * pace;
}

function referenceOf(parts: readonly Pick<Artifact, "name">[]): number {
    return parts.reduce((sum, { name }) => sum + (reference[name] ?? OF_SMALL_PARTS), 0);
}

/** A time in words: `about 12 min`. */
export function inWords(seconds: number): string {
    return seconds < 60 ? "less than 1 min" : `about ${Math.round(seconds / 60)} min`;
}
