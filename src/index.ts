/**
 * kthread-machine: a deterministic machine of BSD kernel threads in WebAssembly.
 *
 * @packageDocumentation
 */

export type { CompilerCounters } from "./compiler/index.js";
export {
  CreateFlag,
  LockAssertion,
  LockManager,
  LwktFlag,
  MutexOption,
  ReadMostlyOption,
  SchedulingPolicy,
  SingleMode,
  SleepFlag,
  TimerMode,
} from "./core/call-options.js";
export type { CallName } from "./core/calls.js";
export type { CompleteConfig, MachineConfig, SchedulerName, Topology } from "./core/config.js";
export {
  ArgumentError,
  ConfigError,
  errnoName,
  KernelError,
  KernelPanic,
  type PostMortem,
} from "./core/errors.js";
export type { KernelBuild, KernelSource } from "./core/instantiate.js";
export type { Kernel, TraceRecord } from "./core/kernel.js";
export type { Scheduler, SchedulerMachine, SchedulerThread } from "./core/scheduler.js";
export {
  type SysctlName,
  type SysctlTextName,
  type SysctlValue,
  sysctlNames,
} from "./core/sysctl.js";
export * from "./debug/index.js";
export * from "./elf/index.js";
export {
  type BareEnd,
  BareMetal,
  type BareOptions,
  type BareProgram,
  type BareSegment,
} from "./machine/bare-metal.js";
export { BodyError } from "./machine/bodies.js";
export {
  type Body,
  type BodyFunction,
  type CallArgument,
  type Created,
  type Handle,
  KernelCall,
  kernel,
  sys,
} from "./machine/calls.js";
export * from "./machine/event-lists.js";
export { type CodePlace, type FaultReport, formatFault } from "./machine/faults.js";
export type { KernelCalls } from "./machine/generated/sys.js";
export type { LockReport, LockTimesReport, LockWaitReport } from "./machine/lock-profile.js";
export { Machine, type RunOptions, type SysInit } from "./machine/machine.js";
export type {
  Counters,
  LwktOptions,
  ProcessOptions,
  RunReason,
  RunResult,
  ThreadOptions,
} from "./machine/options.js";
export type { LoadElfOptions, LoadedElf, LoadedProgram } from "./machine/programs.js";
export { formatRecord } from "./machine/record-text.js";
export type { MachineFunctions } from "./machine/resources.js";
export type { SnapshotOptions, TwinOptions } from "./machine/snapshots.js";
export type { SyncKind } from "./machine/sync-views.js";
export * from "./machine/sysinit.js";
export {
  CpuView,
  type Deadline,
  type Latency,
  type ProcessState,
  ProcessView,
  type ThreadState,
  ThreadView,
} from "./machine/views.js";
export * from "./program/index.js";
export {
  ExploreError,
  type ExploreFailure,
  type ExploreOptions,
  type ExploreResult,
  encodeTape,
  explore,
  type FailureKind,
  type Judge,
  type SearchChoice,
  type SearchTools,
  type Setup,
  type SharedWord,
  type Step,
  type StrategyName,
  type TapeMode,
  type Watch,
} from "./search/index.js";
export { SnapshotError } from "./snapshot/errors.js";
export { decodeSnapshot, encodeSnapshot, loadSnapshot, saveSnapshot } from "./snapshot/file.js";
export type { SnapshotPart } from "./snapshot/part.js";
export type { Moment, Recording, RecordOptions } from "./snapshot/recording.js";
export type { Snapshot } from "./snapshot/snapshot.js";
export { type ChromeTrace, createChromeTrace } from "./trace/chrome.js";
export { TraceError, type TraceStream, type TraceTarget } from "./trace/file.js";
export { type RunWorkloadOptions, runWorkload } from "./workload/api.js";
export {
  type ComparedRuns,
  type ComparedScheduler,
  type ComparedTask,
  type CompareOptions,
  type Comparison,
  compareWorkload,
  type Spread,
} from "./workload/compare.js";
export { WorkloadError, type WorkloadProblem } from "./workload/diagnostics.js";
export type { Workload } from "./workload/model.js";
export { parseWorkload, readWorkload } from "./workload/parse.js";
export type { EndedSums, WorkloadOptions } from "./workload/run.js";
export type { Stalemate, StalemateWait } from "./workload/run-deadlock.js";
export type {
  CpuReport,
  DurationSource,
  LatencyReport,
  Outcome,
  RunReport,
  SyncReport,
  ThreadReport,
} from "./workload/run-report.js";
export { type WorkloadTest, workloadTest } from "./workload/search.js";
export {
  type SweepFailure,
  type SweepOptions,
  type SweepReport,
  type SweptThread,
  sweepWorkload,
  type Variation,
} from "./workload/sweep.js";
