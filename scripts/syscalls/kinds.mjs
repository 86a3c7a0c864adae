// The kinds of arguments and results in assembly/syscalls.master.
//
// Of an argument: `host` is its kind for the program builder and for JavaScript bodies
// (src/core/call-table.ts); `take` is the expression that the kernel's function gets for the register's
// value `x`; where a bad argument is an error, `check` is true for a good one and the call gives EINVAL;
// where it is a panic, `take` makes it and `panics` is its text. `imports` are the names that an
// expression needs, by file. Errors come before panics: a call with one of each gives the error.

const THREAD = { "sys/proc": ["Thread"] };
const PROC = { "sys/proc": ["Proc"] };

/** A kind that every value of is good. */
const plain = (host) => ({ host, take: "x" });

/** Two registers, the low word first. */
const wide = (host) => ({
  host,
  registers: 2,
  take: "wide(x, y)",
  imports: { "run/arg": ["wide"] },
});

const object = (kind, noun) => ({
  host: "object",
  take: `arg_object(nr, x, ${kind})`,
  imports: { "run/arg": ["arg_object"], "sys/sync": [kind] },
  bad: `not ${noun}`,
  panics: "kernel call %d: 0x%x is not an object of that kind, thread %N",
});

export const ARGUMENT_KINDS = {
  i32: plain("i32"),
  u32: plain("u32"),
  pri: plain("pri"),
  ticks: plain("ticks"),
  u64: wide("u64"),
  cycles: wide("cycles"),
  string: plain("string"),
  /** The format of a name, and the next argument, which is all that it can print. */
  format: plain("format"),
  format_arg: plain("format_arg"),
  channel: plain("channel"),
  /** The guest address of memory whose length is the next argument; the call looks at it itself. */
  address: plain("u32"),
  /** The argument of an event's handler, which the call looks at itself. */
  event_arg: plain("thread"),
  natural: { host: "i32", take: "x", check: "<i32>x >= 0", bad: "below 0" },
  positive: { host: "i32", take: "x", check: "<i32>x > 0", bad: "below 1" },
  sleep_ticks: { host: "ticks", take: "x", check: "<i32>x > 0", bad: "below 1" },
  sleep_channel: { host: "channel", take: "x", check: "x != 0", bad: "0" },
  base_pri: {
    host: "pri",
    take: "x",
    check: "x <= <u32>PRI_MAX",
    imports: { "sys/param": ["PRI_MAX"] },
    bad: "above 255",
  },
  cpu: {
    host: "u32",
    take: "x",
    check: "cpu_exists(x)",
    imports: { "kern/lwkt_ipiq": ["cpu_exists"] },
    bad: "not the number of a CPU",
  },
  func: {
    host: "address",
    take: "x",
    check: "func_valid(x)",
    imports: { "run/arg": ["func_valid"] },
    bad: "not the address of a function",
  },
  thread: {
    host: "thread",
    take: "changetype<Thread>(x)",
    check: "thread_alive(x)",
    imports: { "kern/kern_fork": ["thread_alive"], ...THREAD },
    bad: "not a thread",
  },
  proc: {
    host: "proc",
    take: "changetype<Proc>(x)",
    check: "proc_valid(x)",
    imports: { "kern/kern_fork": ["proc_valid"], ...PROC },
    bad: "not a process",
  },
  proc_or_0: {
    host: "proc",
    take: "changetype<Proc>(x)",
    check: "proc_joinable(x)",
    imports: { "run/arg": ["proc_joinable"], ...PROC },
    bad: "neither 0 nor a process that has not ended",
  },
  handler: {
    host: "u32",
    take: "changetype<EventHandler>(x)",
    check: "eventhandler_valid(x)",
    imports: {
      "kern/subr_eventhandler": ["eventhandler_valid"],
      "sys/eventhandler": ["EventHandler"],
    },
    bad: "not a handle of a registered handler",
  },
  lwkt: {
    host: "thread",
    take: "arg_thread(nr, x)",
    imports: { "run/arg": ["arg_thread"] },
    bad: "not a thread",
    panics: "kernel call %d: 0x%x is not a thread",
  },
  lwkt_or_0: {
    host: "thread",
    take: "arg_thread_or_0(nr, x)",
    imports: { "run/arg": ["arg_thread_or_0"] },
    bad: "neither 0 nor a thread",
    panics: "kernel call %d: 0x%x is not a thread",
  },
  lwkt_func: {
    host: "address",
    take: "arg_func(nr, x)",
    imports: { "run/arg": ["arg_func"] },
    bad: "not the address of a function",
    panics: "kernel call %d: 0x%x is not the address of a function",
  },
  wait: {
    host: "wait",
    take: "arg_wait(nr, x)",
    imports: { "run/arg": ["arg_wait"] },
    bad: "not a wait structure",
    panics: "kernel call %d: 0x%x is not a wait structure",
  },
  token: {
    host: "token",
    take: "arg_token(nr, x)",
    imports: { "run/arg": ["arg_token"] },
    bad: "not a token",
    panics: "kernel call %d: 0x%x is not a token",
  },
  mutex: object("KOBJ_MTX", "a mutex"),
  mutex_options: {
    host: "u32",
    take: "x",
    check: "mtx_options_valid(x)",
    imports: { "kern/kern_mutex": ["mtx_options_valid"] },
    bad: "not a sum of MTX_RECURSE and one of MTX_SPIN and MTX_NOLEND",
  },
  rwlock: object("KOBJ_RW", "a read/write lock"),
  sx: object("KOBJ_SX", "a shared/exclusive lock"),
  rw_options: {
    host: "u32",
    take: "x",
    check: "rw_options_valid(x)",
    imports: { "kern/kern_rwlock": ["rw_options_valid"] },
    bad: "neither 0 nor RW_RECURSE",
  },
  rmlock: object("KOBJ_RM", "a read-mostly lock"),
  rm_options: {
    host: "u32",
    take: "x",
    check: "rm_options_valid(x)",
    imports: { "kern/kern_rmlock": ["rm_options_valid"] },
    bad: "not a sum of RM_RECURSE and RM_SLEEPABLE",
  },
  lockmgr: object("KOBJ_LOCKMGR", "a lock of lockmgr"),
  lk_init_flags: {
    host: "u32",
    take: "x",
    check: "lk_init_flags_valid(x)",
    imports: { "kern/kern_lock": ["lk_init_flags_valid"] },
    bad: "not a sum of flags of lockinit",
  },
  lk_flags: {
    host: "u32",
    take: "x",
    check: "lk_flags_valid(x)",
    imports: { "kern/kern_lock": ["lk_flags_valid"] },
    bad: "not a sum of flags of lockmgr",
  },
  mutex_or_0: {
    ...object("KOBJ_MTX", "a mutex"),
    take: "arg_object_or_0(nr, x, KOBJ_MTX)",
    imports: { "run/arg": ["arg_object_or_0"], "sys/sync": ["KOBJ_MTX"] },
    bad: "neither 0 nor a mutex",
  },
  /** A lock that can be given up for a condition. */
  sleep_lock: {
    host: "object",
    take: "arg_sleep_lock(nr, x)",
    imports: { "run/arg": ["arg_sleep_lock"] },
    bad: "not a mutex, rwlock, sx or rmlock",
    panics: "kernel call %d: 0x%x is not an object of that kind, thread %N",
  },
  condvar: object("KOBJ_CV", "a condition variable"),
  sema: object("KOBJ_SEMA", "a semaphore"),
  barrier: object("KOBJ_BARRIER", "a barrier"),
  timer: object("KOBJ_TIMER", "a timer"),
};

/**
 * Of a result: `host` is its kind for the host; `a0` says what the call leaves there. A call whose
 * result is `nothing` leaves all registers alone; so does a `never` call, unless it can fail.
 */
export const RESULT_KINDS = {
  nothing: { host: "void", a0: "unchanged" },
  void: { host: "void", a0: "0 or an error" },
  never: { host: "never", a0: "an error, or the call does not return" },
  bool: { host: "bool", a0: "1 or 0" },
  created: { host: "created", a0: "0 or an error" },
  u64: { host: "u64", a0: "the low word; a1: the high word" },
  i32: { host: "i32", a0: "a signed number" },
  u32: { host: "u32", a0: "an unsigned number" },
  thread: { host: "thread", a0: "an address", cast: "changetype<u32>" },
  proc: { host: "proc", a0: "an address", cast: "changetype<u32>" },
};

/** What a call needs: the condition on the machine that does not have it, and what happens then. */
export const LAYERS = {
  lwkt: {
    doc: "Exists under `lwkt` and `lwkt-modern` only; under another scheduler the machine panics.",
    needs: "m.sched == Sched.LWKT",
    panic: "kernel call %d exists under the lwkt scheduler only",
  },
  process: {
    doc: "Needs processes: in a `bare` machine the machine panics.",
    needs: "m.bare == 0",
    panic: "kernel call %d in a machine without processes",
  },
  any: { doc: "Exists in every machine.", needs: null, panic: null },
};
