// The state of an LWKT machine with one CPU, in the form of the recorded cases.

import type { Kernel } from "../../../src/core/kernel.js";
import { linkedThreads, lwktRunq } from "../../../src/core/runq-view.js";
import * as Layout from "../../../src/generated/layout.js";

const { GlobalData: G, LwktWait: W, Thread: T, ThreadCold: C } = Layout;

/** Names of the structures of a case. */
export interface LwktNames {
  /** The name that a thread structure is shown under, by address. */
  readonly names: ReadonlyMap<number, string>;
  /** The structure that each thread was given when it was created. */
  readonly threads: ReadonlyMap<string, number>;
  readonly waits: readonly (readonly [string, number])[];
  readonly tokens: readonly (readonly [string, number])[];
}

/** A thread's flags, in the order in which they are listed. */
export const flagNames: readonly (readonly [string, number])[] = [
  ["EXITED", Layout.TDL_EXITED],
  ["RUNQ", Layout.TDL_RUNQ],
  ["PREEMPT_LOCK", Layout.TDL_PREEMPT_LOCK],
  ["PREEMPT_DONE", Layout.TDL_PREEMPT_DONE],
  ["ALLOCATED_THREAD", Layout.TDL_ALLOCATED_THREAD],
  ["ALLOCATED_STACK", Layout.TDL_ALLOCATED_STACK],
  ["VERBOSE", Layout.TDL_VERBOSE],
  ["DEADLKTREAT", Layout.TDL_DEADLKTREAT],
  ["STOPREQ", Layout.TDL_STOPREQ],
  ["WAKEREQ", Layout.TDL_WAKEREQ],
  ["TIMEOUT", Layout.TDL_TIMEOUT],
];

/** The whole state: of CPU 0, the wait structures, the tokens and the threads. */
export function lwktState(kernel: Kernel, names: LwktNames): unknown {
  const gd = kernel.globaldata(0);
  const name = (td: number) => names.names.get(td) ?? null;
  const all = (threads: readonly number[]) => threads.map(name);
  const mask = kernel.read(gd + G.gd_runqmask);
  return {
    cur: name(kernel.read(gd + G.gd_curthread)),
    switch_count: kernel.readNumber(gd + G.gd_switch_count),
    preempt_hit: kernel.readNumber(gd + G.gd_preempt_hit),
    preempt_miss: kernel.readNumber(gd + G.gd_preempt_miss),
    preempt_weird: kernel.readNumber(gd + G.gd_preempt_weird),
    runqmask: `0x${mask.toString(16).padStart(8, "0")}`,
    reqpri: kernel.readSigned(gd + G.gd_reqpri),
    intr_nesting: kernel.readSigned(gd + G.gd_intr_nesting_level),
    untimely_switch: kernel.machine("untimely_switch") | 0,
    pending: all(pendingThreads(kernel, gd)),
    runq: Object.fromEntries([...lwktRunq(kernel, 0)].map(([nq, tds]) => [nq, all(tds)])),
    waits: Object.fromEntries(names.waits.map(([wait, at]) => [wait, waitState(kernel, at, all)])),
    tokens: Object.fromEntries(names.tokens.map(([token, at]) => [token, owners(kernel, at)])),
    freecount: kernel.readSigned(gd + G.gd_tdfreecount),
    freeq: all(linkedThreads(kernel, kernel.read(gd + G.gd_tdfreeq))),
    threads: threadStates(kernel, names),
  };
}

function pendingThreads(kernel: Kernel, gd: number): number[] {
  const count = kernel.read(gd + G.gd_nintr);
  return Array.from({ length: count }, (_, i) => kernel.read(gd + Layout.GD_INTRQ_OFFSET + 4 * i));
}

function owners(kernel: Kernel, at: number): readonly number[] {
  return [
    kernel.readSigned(at + Layout.LwktToken.t_cpu),
    kernel.readSigned(at + Layout.LwktToken.t_reqcpu),
  ];
}

function waitState(
  kernel: Kernel,
  at: number,
  all: (threads: readonly number[]) => readonly (string | null)[],
): unknown {
  return {
    gen: kernel.readSigned(at + W.wa_gen),
    count: kernel.readSigned(at + W.wa_count),
    token: owners(kernel, at),
    queue: all(linkedThreads(kernel, kernel.read(at + W.wa_waitq))),
  };
}

/** The states of threads whose structures have not been reused. */
function threadStates(kernel: Kernel, names: LwktNames): Record<string, unknown> {
  const states: Record<string, unknown> = {};
  for (const [name, td] of names.threads) {
    if (names.names.get(td) === name) states[name] = threadState(kernel, td, names);
  }
  return states;
}

function threadState(kernel: Kernel, td: number, names: LwktNames): unknown {
  const pri = kernel.readSigned(td + T.td_pri);
  const flags = kernel.view.getUint16(td + T.td_lwflags, true);
  const wait = kernel.read(td + T.td_wait);
  const message = kernel.read(kernel.cold(td) + C.td_wmesg);
  return {
    pri: pri & Layout.TDPRI_MASK,
    crit: pri >> 5,
    flags: flagNames.filter(([, bit]) => (flags & bit) !== 0).map(([flag]) => flag),
    wait: wait === 0 ? null : (names.waits.find(([, at]) => at === wait)?.[0] ?? null),
    wmesg: message === 0 ? null : kernel.text(message),
    preempted: names.names.get(kernel.read(td + T.td_preempted)) ?? null,
  };
}
