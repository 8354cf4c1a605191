/** The parts of the benchmark, in the order of the report. */
export const PART_NAMES = ["up", "start", "destroy", "growth", "commands", "cold"] as const;

export type PartName = (typeof PART_NAMES)[number];
