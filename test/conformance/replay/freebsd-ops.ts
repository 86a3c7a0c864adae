// The operations of the cases (FORMAT.md, section 4), as kernel calls and reads of kernel memory.

import * as Layout from "../../../src/generated/layout.js";
import { InputError } from "./difference.js";
import { procFlagMask, stateName } from "./freebsd-state.js";
import type { ProcRecord, ThreadRecord, World } from "./freebsd-world.js";

const { PCATCH, Sys } = Layout;

/** An operation as a case writes it. */
export type Op = readonly [string, ...unknown[]];

/** A kernel call that a script makes. */
export interface Call {
  readonly nr: number;
  readonly args: readonly number[];
}

/** What an operation does: kernel calls, which return a0. */
export type Operation = Generator<Call, unknown, number>;

type Performer = (world: World, op: Op, self: string) => Operation;

interface Creation {
  readonly flags?: readonly ("RFSTOPPED" | "RFCFDG")[];
  readonly pages?: number;
  readonly name?: string;
  readonly arg?: number;
  readonly procname?: string;
  readonly uid?: number;
}

type Mode = "SINGLE_NO_EXIT" | "SINGLE_EXIT" | "SINGLE_BOUNDARY" | "SINGLE_ALLPROC";
type Priority = "PPAUSE" | "PWAIT" | "PVM" | "PUSER" | "PSWP";

function* call(nr: number, ...args: number[]): Operation {
  return yield { nr, args };
}

/** Makes a call and ignores its result. */
function* callVoid(nr: number, ...args: number[]): Operation {
  yield { nr, args };
  return null;
}

/** A flag of td_dbgflags. FreeBSD and the cases call these TDB_*, which here is the prefix of the kinds of body. */
function debugFlag(name: string): number {
  return constant(name.replace(/^TDB_/, "DBG_"));
}

/** A word of the Layout by name: a flag, a mode or a priority. */
function constant(name: string | number): number {
  if (typeof name === "number") return name;
  const value = (Layout as unknown as Record<string, unknown>)[name];
  if (typeof value !== "number") throw new InputError(`there is no constant "${name}"`);
  return value;
}

function flagsOf({ flags = [] }: Creation): number {
  return flags.reduce((all, flag) => all | constant(flag), 0);
}

// ---- Identities ----

/** The thread of an identity while it exists, or why it does not. */
function threadOf(world: World, name: unknown): ThreadRecord | "nothread" | "dead" {
  const thread = world.threads.get(name as string);
  if (thread === undefined) return "nothread";
  return world.isAlive(thread) ? thread : "dead";
}

/** The process of an identity while it exists, or why it does not. */
function procOf(world: World, name: unknown): ProcRecord | "noproc" | "dead" {
  const proc = world.procs.get(name as string);
  if (proc === undefined) return "noproc";
  return world.isAliveProc(proc) ? proc : "dead";
}

/** An operation on a living thread, the first argument. */
function onThread(act: (world: World, td: number, op: Op) => Operation): Performer {
  return function* (world, op) {
    const thread = threadOf(world, op[1]);
    return typeof thread === "string" ? thread : yield* act(world, thread.td, op);
  };
}

/** An operation on a living process, the first argument. */
function onProc(act: (world: World, p: number, op: Op) => Operation): Performer {
  return function* (world, op) {
    const proc = procOf(world, op[1]);
    return typeof proc === "string" ? proc : yield* act(world, proc.p, op);
  };
}

/** An operation that makes one call without arguments; its result counts, or not. */
function plain(nr: number): Performer {
  return () => call(nr);
}

function plainVoid(nr: number): Performer {
  return () => callVoid(nr);
}

/** An operation that only looks. */
function look(read: (world: World, op: Op, self: string) => unknown): Performer {
  // biome-ignore lint/correctness/useYield: it makes no call
  return function* (world, op, self) {
    return read(world, op, self);
  };
}

// ---- Creation ----

/** The a1 and a2 that a creating call has left in the caller's registers. */
function created(world: World): [number, number] {
  const frame = world.kernel.frame(world.kernel.curthread());
  return [world.kernel.read(frame + world.F.a1), world.kernel.read(frame + world.F.a2)];
}

function nameArguments(world: World, { name = "", arg = 0 }: Creation): [number, number] {
  return [world.kernel.intern(name), arg];
}

const kthread_add: Performer = function* (world, op) {
  const [, name, process, options] = op as [string, string, string | null, Creation];
  let p = 0;
  if (process !== null) {
    const proc = procOf(world, process);
    if (typeof proc === "string") return proc;
    p = proc.p;
  }
  const text = nameArguments(world, options);
  const { pages = 0 } = options;
  const error = yield* call(
    Sys.kthread_add,
    Layout.FUNC_HOST,
    0,
    p,
    flagsOf(options),
    pages,
    ...text,
  );
  if (error === 0) world.addThread(name, created(world)[0]);
  return error;
};

function addBoth(world: World, process: string, thread: string): void {
  const [p, td] = created(world);
  world.addProc(process, p);
  world.addThread(thread, td);
}

const kproc_create: Performer = function* (world, op) {
  const [, process, thread, options] = op as [string, string, string, Creation];
  const text = nameArguments(world, options);
  const { pages = 0 } = options;
  const error = yield* call(
    Sys.kproc_create,
    Layout.FUNC_HOST,
    0,
    flagsOf(options),
    pages,
    ...text,
  );
  if (error === 0) addBoth(world, process, thread);
  return error;
};

const kproc_kthread_add: Performer = function* (world, op) {
  const [, process, thread, options] = op as [string, string, string, Creation];
  const proc = procOf(world, process);
  if (proc === "dead") return "dead";
  const p = proc === "noproc" ? 0 : proc.p;
  const procname = world.kernel.intern(options.procname ?? "");
  const text = nameArguments(world, options);
  const { pages = 0 } = options;
  const flags = flagsOf(options);
  const error = yield* call(
    Sys.kproc_kthread_add,
    Layout.FUNC_HOST,
    0,
    p,
    flags,
    pages,
    procname,
    ...text,
  );
  if (error !== 0) return error;
  const [td, owner] = created(world);
  if (p === 0) world.addProc(process, owner);
  world.addThread(thread, td);
  return error;
};

const kthread_start: Performer = function* (world, op) {
  const [, thread, arg0] = op as [string, string, string];
  yield* call(Sys.kthread_start, world.kernel.intern(arg0), Layout.FUNC_HOST, 0);
  world.addThread(thread, created(world)[0]);
  return null;
};

const kproc_start: Performer = function* (world, op) {
  const [, process, thread, arg0] = op as [string, string, string, string];
  yield* call(Sys.kproc_start, world.kernel.intern(arg0), Layout.FUNC_HOST, 0);
  addBoth(world, process, thread);
  return null;
};

const fork: Performer = function* (world, op) {
  const [, process, thread, options] = op as [string, string, string, Creation];
  const { pages = 0, uid = -1 } = options;
  const error = yield* call(Sys.fork, Layout.FUNC_HOST, 0, flagsOf(options), pages, uid);
  if (error === 0) addBoth(world, process, thread);
  return error;
};

const thread_create: Performer = function* (world, op) {
  const error = yield* call(Sys.thr_create, Layout.FUNC_HOST, 0);
  if (error === 0) world.addThread(op[1] as string, created(world)[0]);
  return error;
};

const thread_alloc: Performer = function* (world, op) {
  const td = (yield* call(Sys.thread_alloc, op[2] as number)) as number;
  if (td === 0) return null;
  world.addThread(op[1] as string, td >>> 0, true);
  return world.cold(td >>> 0, "td_tid") | 0;
};

const thread_free: Performer = function* (world, op) {
  const thread = threadOf(world, op[1]);
  if (typeof thread === "string") return thread;
  yield* call(Sys.thread_free, thread.td);
  thread.freed = true;
  return null;
};

const thread_free_as: Performer = function* (world, op, self) {
  const thread = threadOf(world, op[1]);
  if (typeof thread === "string") return thread;
  const state = (Layout.TDS as Record<string, number>)[(op[2] as string).replace(/^TDS_/, "")];
  if (state === undefined) throw new InputError(`there is no thread state "${String(op[2])}"`);
  world.kernel.u8[thread.td + world.T.td_state] = state;
  return yield* thread_free(world, op, self);
};

const thread_recycle = onThread(function* (world, td, op) {
  const error = yield* call(Sys.thread_recycle, td, op[2] as number);
  return [error, world.cold8(td, "td_kstack_pages")];
});

// ---- Sleeping ----

const objectChannels: Readonly<Record<string, (address: number) => number>> = {
  td: (td) => td,
  td_flags: (td) => td + Layout.Thread.td_flags,
  proc: (p) => p,
  p_siglist: (p) => p + Layout.Proc.p_siglist,
  p_flag: (p) => p + Layout.Proc.p_flag,
};

/** The address of a channel by name, or why its object does not exist. */
function channelOf(world: World, name: string): number | string {
  const [kind = "", ...rest] = name.split(":");
  const address = objectChannels[kind];
  if (address === undefined || rest.length === 0) return world.kernel.intern(name);
  const identity = rest.join(":");
  if (kind.startsWith("td")) {
    const thread = threadOf(world, identity);
    return typeof thread === "string" ? thread : address(thread.td);
  }
  const proc = procOf(world, identity);
  return typeof proc === "string" ? proc : address(proc.p);
}

const msleep: Performer = function* (world, op) {
  const [, name, pri, wmesg, timo, isCatch] = op as [
    string,
    string,
    Priority,
    string,
    number,
    boolean,
  ];
  const channel = channelOf(world, name);
  if (typeof channel === "string") return channel;
  const priority = constant(pri) | (isCatch ? PCATCH : 0);
  return yield* call(Sys.tsleep, channel, priority, world.kernel.intern(wmesg), timo);
};

function waking(nr: number): Performer {
  return function* (world, op) {
    const channel = channelOf(world, op[1] as string);
    return typeof channel === "string" ? channel : yield* callVoid(nr, channel);
  };
}

const wait: Performer = function* (world, op) {
  const proc = world.procs.get(op[1] as string);
  if (proc === undefined) return "noproc";
  if (!world.exists(proc)) return "dead";
  const error = yield* call(Sys.wait, proc.p);
  if (error !== Layout.ECHILD) return error;
  return world.exists(proc) ? "notchild" : "dead";
};

// ---- Suspension ----

const single_section = onProc(function* (world, p, op) {
  const [, , mode, ticks] = op as [string, string, Mode, number];
  const result = yield* call(Sys.thread_single, p, constant(mode));
  const self = world.kernel.curthread();
  if (result !== 0 || mode === "SINGLE_EXIT" || world.proc(p, "p_singlethread") !== self) {
    return result;
  }
  if (ticks > 0) {
    const section = world.kernel.intern("(section)");
    yield* call(Sys.tsleep, section, Layout.PPAUSE, world.kernel.intern("section"), ticks);
  }
  yield* call(Sys.thread_single_end, p, constant(mode));
  return result;
});

function setBit(world: World, at: number, bit: number, on: unknown): null {
  const old = world.kernel.read(at);
  world.kernel.u32[at >>> 2] = on ? old | bit : old & ~bit;
  return null;
}

function setBit8(world: World, at: number, bit: number, on: unknown): null {
  const old = world.kernel.u8[at] as number;
  world.kernel.u8[at] = on ? old | bit : old & ~bit;
  return null;
}

const lookThread = (read: (world: World, td: number, op: Op) => unknown) =>
  // biome-ignore lint/correctness/useYield: it makes no call
  onThread(function* (world, td, op) {
    return read(world, td, op);
  });

const lookProc = (read: (world: World, p: number, op: Op) => unknown) =>
  // biome-ignore lint/correctness/useYield: it makes no call
  onProc(function* (world, p, op) {
    return read(world, p, op);
  });

const tdfind: Performer = function* (world, op) {
  const [, which, pid] = op as [string, string | number, number];
  const tid = typeof which === "number" ? which : world.threads.get(which)?.tid;
  if (tid === undefined) return "nothread";
  const td = (yield* call(Sys.tdfind, tid, pid)) as number;
  return td === 0 ? null : world.nameOf(td >>> 0);
};

const tid_free: Performer = (_world, op) => callVoid(Sys.tid_free, op[1] as number);

/** The operations by name. */
export const operations: Readonly<Record<string, Performer>> = {
  kthread_add,
  kproc_create,
  kproc_kthread_add,
  kthread_start,
  kproc_start,
  fork,
  thread_create,
  thread_alloc,
  thread_free,
  thread_free_as,
  thread_recycle,
  kstack_fail: (_world, op) => callVoid(Sys.kstack_fail, op[1] as number),
  kstack_pages: lookThread((world, td) => world.cold8(td, "td_kstack_pages")),

  sched_add: onThread((_world, td) => callVoid(Sys.sched_add, td)),
  sched_prio: onThread((_world, td, op) => callVoid(Sys.sched_prio, td, constant(op[2] as string))),
  yield: plainVoid(Sys.sched_relinquish),
  msleep,
  wakeup: waking(Sys.wakeup),
  wakeup_one: waking(Sys.wakeup_one),
  print: look((world, op) => {
    world.kernel.onPrint(op[1] as string);
    return null;
  }),
  ticks: plain(Sys.ticks),
  nthreads: look((world) => world.kernel.machine("nthreads") | 0),
  tid: look((world, op) => world.threads.get(op[1] as string)?.tid ?? "nothread"),
  maxthread: look((world) => world.kernel.machine("maxthread") | 0),
  kthread_exit: plainVoid(Sys.kthread_exit),
  kproc_exit: (_world, op) => callVoid(Sys.kproc_exit, op[1] as number),
  thr_exit: plain(Sys.thr_exit),
  exit: (_world, op) => callVoid(Sys.exit, op[1] as number),
  thread_exit: plainVoid(Sys.thread_exit),
  wait,

  kthread_suspend: onThread((_world, td, op) => call(Sys.kthread_suspend, td, op[2] as number)),
  kthread_resume: onThread((_world, td) => call(Sys.kthread_resume, td)),
  kthread_suspend_check: plainVoid(Sys.kthread_suspend_check),
  kproc_suspend: onProc((_world, p, op) => call(Sys.kproc_suspend, p, op[2] as number)),
  kproc_resume: onProc((_world, p) => call(Sys.kproc_resume, p)),
  kproc_suspend_check: onProc((_world, p) => callVoid(Sys.kproc_suspend_check, p)),
  thread_single: onProc((_world, p, op) => call(Sys.thread_single, p, constant(op[2] as Mode))),
  thread_single_end: onProc((_world, p, op) =>
    callVoid(Sys.thread_single_end, p, constant(op[2] as Mode)),
  ),
  single_section,
  thread_suspend_check: (_world, op) => call(Sys.thread_suspend_check, op[1] as number),
  thread_suspend_check_needed: plain(Sys.thread_suspend_check_needed),
  thread_check_susp: (_world, op) => call(Sys.thread_check_susp, op[1] ? 1 : 0),
  thread_unsuspend: onProc((_world, p) => callVoid(Sys.thread_unsuspend, p)),
  thread_run_flash: onThread((_world, td) => callVoid(Sys.thread_run_flash, td)),
  ast: plainVoid(Sys.ast),
  stop: onProc((_world, p) => callVoid(Sys.proc_stop, p)),
  cont: onProc((_world, p) => callVoid(Sys.proc_cont, p)),

  state: lookThread((world, td) => [
    stateName(world.hot8(td, "td_state")),
    world.hot8(td, "td_inhib"),
    world.hot(td, "td_flags"),
    (world.cold8(td, "td_ast") & Layout.TDA_SUSPEND) !== 0 ? 1 : 0,
    world.cold8(td, "td_priority"),
  ]),
  pstat: lookProc((world, p) => [
    world.proc(p, "p_flag") & procFlagMask,
    world.proc(p, "p_numthreads"),
    world.proc(p, "p_suspcount") | 0,
    world.proc(p, "p_boundary_count") | 0,
    world.nameOf(world.proc(p, "p_singlethread")) ?? "",
  ]),
  tdfind,
  tdflag: lookThread((world, td, op) =>
    setBit(world, td + world.T.td_flags, constant(op[2] as string), op[3]),
  ),
  dbgflag: lookThread((world, td, op) =>
    setBit8(world, world.kernel.cold(td) + world.C.td_dbgflags, debugFlag(op[2] as string), op[3]),
  ),
  astset: lookThread((world, td, op) =>
    setBit8(world, world.kernel.cold(td) + world.C.td_ast, Layout.TDA_SUSPEND, op[2]),
  ),
  pflag: lookProc((world, p, op) =>
    setBit(world, p + world.P.p_flag, constant(op[2] as string), op[3]),
  ),
  pflag2: lookProc((world, p, op) =>
    setBit(world, p + world.P.p_flag2, constant(op[2] as string), op[3]),
  ),
  pstate: lookProc((world, p, op) => {
    const state = (op[2] as string).replace("PRS_", "") as keyof typeof Layout.PRS;
    if (Layout.PRS[state] === undefined) {
      throw new InputError(`there is no process state "${String(op[2])}"`);
    }
    const { u32 } = world.kernel;
    const isNew = Number(state === "NEW") - Number(world.proc(p, "p_state") === Layout.PRS.NEW);
    u32[(p + world.P.p_state) >>> 2] = Layout.PRS[state];
    const care = world.kernel.machine("tid_care");
    world.kernel.setMachine("tid_care", care + isNew);
    return null;
  }),
  zombies: look((world, op) =>
    world.zombies(op[1] as number).map((td) => world.cold(td, "td_tid") | 0),
  ),
  reapticks: look((world, op) => {
    const at = world.domain(op[1] as number) + Layout.ThreadDomain.tdd_reapticks;
    return world.kernel.readSigned(at);
  }),
  thread_reap: plainVoid(Sys.thread_reap),
  thread_reap_all: plainVoid(Sys.thread_reap_all),
  thread_reap_barrier: plainVoid(Sys.thread_reap_barrier),
  setcred: onProc((_world, p, op) => callVoid(Sys.proc_setcred, p, op[2] as number)),
  setlimit: onProc((_world, p, op) => callVoid(Sys.proc_setlimit, p, op[2] as number)),
  cow: lookThread((world, td) => [
    world.cold(td, "td_cowgen"),
    world.proc(world.hot(td, "td_proc"), "p_cowgen"),
    world.kernel.read(world.cold(td, "td_ucred") + Layout.Ucred.cr_uid),
    world.kernel.read(world.cold(td, "td_limit") + Layout.Plimit.pl_id),
  ]),
  cow_update: plainVoid(Sys.thread_cow_update),
  cow_synced: plainVoid(Sys.thread_cow_synced),
  cow_sync_creds: plainVoid(Sys.cow_sync_creds),
  tid_alloc: plain(Sys.tid_alloc),
  tid_free,
  tidhash_add: onThread((_world, td) => callVoid(Sys.tidhash_add, td)),
  tidhash_remove: onThread((_world, td) => callVoid(Sys.tidhash_remove, td)),
  chain: look((world, op) =>
    world.chain(op[1] as number).map((td) => world.cold(td, "td_tid") | 0),
  ),
  hashsize: look((world) => world.kernel.machine("tidhash_mask") + 1),
  hashlocks: look((world) => world.kernel.machine("tidhashlock") + 1),
};
