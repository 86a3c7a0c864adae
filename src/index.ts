/**
 * kthread-machine: a deterministic machine of BSD kernel threads in WebAssembly.
 *
 * @packageDocumentation
 */

export type { CompleteConfig, MachineConfig, SchedulerName } from "./core/config.js";
export {
  ArgumentError,
  ConfigError,
  errnoName,
  KernelError,
  KernelPanic,
  type PostMortem,
} from "./core/errors.js";
export type { KernelBuild, KernelSource } from "./core/instantiate.js";
export type { TraceRecord } from "./core/kernel.js";
export { type SysctlName, sysctlNames } from "./core/sysctl.js";
export { BodyError } from "./machine/bodies.js";
export {
  type Body,
  type BodyFunction,
  type Created,
  type Handle,
  KernelCall,
  kernel,
  sys,
} from "./machine/calls.js";
export * from "./machine/event-lists.js";
export type { KernelCalls } from "./machine/generated/sys.js";
export {
  type Counters,
  type LoadedProgram,
  type LwktOptions,
  Machine,
  type ProcessOptions,
  type RunOptions,
  type RunReason,
  type RunResult,
  type SysInit,
  type ThreadOptions,
} from "./machine/machine.js";
export { formatRecord } from "./machine/record-text.js";
export * from "./machine/sysinit.js";
export {
  CpuView,
  type Latency,
  type ProcessState,
  ProcessView,
  type ThreadState,
  ThreadView,
} from "./machine/views.js";
export * from "./program/index.js";
export { type ChromeTrace, createChromeTrace } from "./trace/chrome.js";
export { TraceError } from "./trace/file.js";
