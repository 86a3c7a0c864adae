// The final state of a case: all of its threads and processes.

import * as Layout from "../../../src/generated/layout.js";
import type { ProcRecord, ThreadRecord, World } from "./freebsd-world.js";

const procFlags = [
  ["P_KPROC", Layout.P_KPROC],
  ["P_HADTHREADS", Layout.P_HADTHREADS],
  ["P_SYSTEM", Layout.P_SYSTEM],
  ["P_SINGLE_EXIT", Layout.P_SINGLE_EXIT],
  ["P_TRACED", Layout.P_TRACED],
  ["P_WEXIT", Layout.P_WEXIT],
  ["P_STOPPED_SIG", Layout.P_STOPPED_SIG],
  ["P_STOPPED_TRACE", Layout.P_STOPPED_TRACE],
  ["P_STOPPED_SINGLE", Layout.P_STOPPED_SINGLE],
  ["P_SINGLE_BOUNDARY", Layout.P_SINGLE_BOUNDARY],
  ["P_TOTAL_STOP", Layout.P_TOTAL_STOP],
] as const;

const threadFlags = [
  ["TDF_INMEM", Layout.TDF_INMEM],
  ["TDF_SINTR", Layout.TDF_SINTR],
  ["TDF_TIMEOUT", Layout.TDF_TIMEOUT],
  ["TDF_KTH_SUSP", Layout.TDF_KTH_SUSP],
  ["TDF_ALLPROCSUSP", Layout.TDF_ALLPROCSUSP],
  ["TDF_BOUNDARY", Layout.TDF_BOUNDARY],
  ["TDF_SBDRY", Layout.TDF_SBDRY],
  ["TDF_SERESTART", Layout.TDF_SERESTART],
  ["TDF_SEINTR", Layout.TDF_SEINTR],
] as const;

/** Names of the bits that are set. */
function flagNames(flags: readonly (readonly [string, number])[], bits: number): string[] {
  return flags.filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name);
}

/** All process flags that a case shows. */
export const procFlagMask = procFlags.reduce((mask, [, bit]) => mask | bit, 0);

/** Name of a thread state. */
export function stateName(state: number): string {
  const names = Object.entries(Layout.TDS);
  return names.find(([, value]) => value === state)?.[0] ?? String(state);
}

/** The state of the world, in the form of FORMAT.md, section 1. */
export function finalState(world: World): unknown {
  const { kernel } = world;
  const domains = kernel.machine("ndomains");
  return {
    ticks: kernel.machine("ticks") | 0,
    nthreads: kernel.machine("nthreads") | 0,
    nprocs: kernel.machine("nprocs") | 0,
    procs: Object.fromEntries([...world.procs.values()].map((p) => [p.name, procState(world, p)])),
    threads: Object.fromEntries(
      [...world.threads.values()].map((thread) => [thread.name, threadState(world, thread)]),
    ),
    zombies: Array.from({ length: domains }, (_, domain) =>
      world.zombies(domain).map((td) => world.cold(td, "td_tid") | 0),
    ),
    tids: tidRanges(world),
  };
}

function procState(world: World, record: ProcRecord): unknown {
  if (!world.exists(record)) return "harvested";
  const { p, pid } = record;
  const field = (name: Parameters<World["proc"]>[1]) => world.proc(p, name);
  const identity = (address: number) => (address === 0 ? null : world.nameOf(address));
  return {
    pid,
    state: Object.entries(Layout.PRS).find(([, value]) => value === field("p_state"))?.[0],
    comm: world.kernel.nameAt(p),
    flags: flagNames(procFlags, field("p_flag")),
    wexit2: (field("p_flag2") & Layout.P2_WEXIT) !== 0,
    numthreads: field("p_numthreads"),
    threads: world.threadsOf(p).map(identity),
    suspcount: field("p_suspcount") | 0,
    boundary_count: field("p_boundary_count") | 0,
    exitthreads: field("p_exitthreads") | 0,
    pendingexits: field("p_pendingexits") | 0,
    singlethread: identity(field("p_singlethread")),
    sigstop: (field("p_siglist") & 1) !== 0,
    cowgen: field("p_cowgen"),
    xexit: field("p_xexit") | 0,
    parent: identity(field("p_pptr")),
  };
}

function threadState(world: World, thread: ThreadRecord): unknown {
  const { td, tid, raw } = thread;
  if (raw && !thread.freed && world.owns(thread)) {
    return { tid: world.cold(td, "td_tid") | 0, raw: true };
  }
  const dead = deathOf(world, thread);
  return dead === null ? livingState(world, td) : { tid, dead };
}

function deathOf(world: World, thread: ThreadRecord): string | null {
  if (world.isAlive(thread)) return null;
  const { kernel } = world;
  if (!world.owns(thread)) return "reaped";
  if (kernel.read(kernel.globaldata(0) + Layout.GlobalData.gd_deadthread) === thread.td) {
    return "deadthread";
  }
  for (let domain = 0; domain < kernel.machine("ndomains"); domain++) {
    if (world.zombies(domain).includes(thread.td)) return "zombie";
  }
  const gone = thread.freed || (world.cold(thread.td, "td_tid") | 0) !== thread.tid;
  return gone ? "reaped" : "attached";
}

function livingState(world: World, td: number): unknown {
  const { kernel } = world;
  const wmesg = world.cold(td, "td_wmesg");
  const pflags = kernel.u8[kernel.cold(td) + Layout.ThreadCold.td_pflags] as number;
  return {
    tid: world.cold(td, "td_tid") | 0,
    proc: world.nameOf(world.hot(td, "td_proc")),
    name: kernel.nameAt(td),
    state: stateName(world.hot8(td, "td_state")),
    inhib: world.hot8(td, "td_inhib"),
    flags: flagNames(threadFlags, world.hot(td, "td_flags")),
    kthread: (pflags & Layout.TDP_KTHREAD) !== 0,
    ast: (world.cold8(td, "td_ast") & Layout.TDA_SUSPEND) !== 0,
    pri: world.cold8(td, "td_priority"),
    base_pri: world.cold8(td, "td_base_pri"),
    wchan: world.channelName(td),
    wmesg: wmesg === 0 ? null : kernel.text(wmesg),
  };
}

/** The ids in use, as ranges: from the bitmap. */
function tidRanges(world: World): [number, number][] {
  const { kernel } = world;
  const base = kernel.machine("tid_bitmap");
  const maxthread = kernel.machine("maxthread");
  const ranges: [number, number][] = [];
  let first = -1;
  for (let id = 0; id <= maxthread; id++) {
    const word = id < maxthread ? kernel.read(base + (id >>> 5) * 4) : 0;
    if (first < 0 && word === 0) {
      id |= 31; // nothing in use here
      continue;
    }
    const used = ((word >>> (id & 31)) & 1) !== 0;
    if (used && first < 0) first = id;
    if (!used && first >= 0) {
      ranges.push([first + Layout.NO_PID, id - 1 + Layout.NO_PID]);
      first = -1;
    }
  }
  return ranges;
}
