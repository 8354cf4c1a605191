/**
 * What is used of the Kubernetes client library. By these paths, a build leaves out the library's generated classes, which are
 * nine tenths of it. Import this file only when it is needed: the library takes most of the time that a command needs to start.
 */
export { KubeConfig } from "@kubernetes/client-node/dist/config.js";
export { Exec } from "@kubernetes/client-node/dist/exec.js";
export { PortForward } from "@kubernetes/client-node/dist/portforward.js";
