/** The only data source, as panels refer to it. Its uid is provisioned, so it is the same in every Grafana. */
export const PROMETHEUS = { type: "prometheus", uid: "prometheus" } as const;
