// The machine structure: the configuration, where the arenas are, and all state that belongs to no CPU,
// thread or process. Its address is fixed, so that a field is one load.
//
// Locking: the configuration and the arenas' addresses are constant after boot. State is under the lock of
// what it counts or lists (ids, processes, zone, chunks, task queue). Rounds and time belong to the main
// program (run/), which changes them while no slice runs. The bounds of a run call, the sysctls and next_cpu
// are the host's, between run calls.

import { ChunkLists } from "./chunklist";
import { GlobalData } from "./globaldata";
import { LwktToken } from "./kobj";
import { MACHINE_ADDRESS } from "./param";
import { Plimit, Proc, Thread, Ucred } from "./proc";
import { Task } from "./reap";

/** Schedulers, chosen at boot. */
export enum Sched {
  LWKT = 0,
  BSD4 = 1,
  ULE = 2,
  HOST = 3, // a JavaScript policy decides (kern/sched_host.ts)
}

/** Why a run call returned: the RUN_REASON bits of its result. */
export enum Run {
  HOST = 1, //     the current thread has a host body: perform its next step, then call machine_step
  IDLE = 2, //     nothing can ever happen again: no thread is runnable, no callout is armed
  TIME = 3, //     run_until is reached
  SWITCHES = 4, // run_switches is used up
  STOPPED = 5, //  stop_request
  BUDGET = 6, //   run_rounds is used up, or code that takes no time has gone on for long
  BREAK = 7, //    a debugger's stop: RV32 code is at a breakpoint, or a step is done
}

/**
 * The bits of a run call's result that say why it returned. With HOST the others are the address of the thread,
 */
export const RUN_REASON: u32 = 0x7;
/** and this one says that its body has not begun (TDB_FRESH). */
export const RUN_FRESH: u32 = 0x8;

// Values of fault_mode: what a fault of RV32 code does.
export const FAULT_PANICS: u32 = 0;
export const FAULT_ENDS_THREAD: u32 = 1;

// Bits of lock_watch: what is recorded about locks.
/** The order in which locks are taken, and misuse of held locks (kern/subr_witness.ts). */
export const LOCK_WITNESS: u32 = 0x1;
/** How long threads wait for locks and hold them (kern/kern_lockprof.ts). */
export const LOCK_PROFILE: u32 = 0x2;

// Bits of debug.
/** Stop before the next RV32 instruction of any thread. */
export const DEBUG_NEXT: u32 = 0x1;
/** Stop at a fault before it has any effect. */
export const DEBUG_FAULTS: u32 = 0x2;
/** There are breakpoints, which fence.i on bare metal must keep. */
export const DEBUG_MARKS: u32 = 0x4;

@unmanaged
export class Machine {
  curcpu: GlobalData; //       the CPU that is running

  // Configuration, set by the host before boot and constant since.
  ncpus: u32; //               1..MAXCPU
  maxthread: i32; //           kern.maxthread
  maxproc: i32; //             kern.maxproc
  max_threads_per_proc: i32;
  hz: u32; //                  ticks per second
  sched: u32; //               Sched
  lwkt_modern: u32; //         lwkt: 1 = with the switcher and tokens of present-day DragonFly (kern/lwkt_modern.ts)
  ndomains: u32; //            vm_ndomains
  seed: u64;
  cycles_per_second: u64;
  cycles_per_tick: u64; //     derived
  quantum: u64; //             cycles of a slice
  cycle_cost: u32; //          cycles of an instruction or a kernel call; 0 = time advances only when all are idle
  preemption: u32; //          1 = a wakeup of a better thread preempts at the next safe point
  rr_cycles: u64; //           round-robin quantum of equals (kern.sched.quantum), 0 = unlimited
  rq_mask: u32; //             the bits of a priority that select its level: 0xff, with 64 run queues 0xfc
  core_cpus: u32; //           CPUs per core, per shared cache and per package: each divides the next one,
  cache_cpus: u32; //          and 0 means all of them
  package_cpus: u32;
  kstack_depth: u32; //        continuations a thread can hold beyond the innermost
  kstack_pages: u32; //        default of kthread_add
  bare: u32; //                1 = LWKT only: no processes and no thread ids
  frame_high: u32; //          1 = threads have x16..x31 (RV32I), 0 = RV32E
  metal: u32; //               1 = a bare-metal program, with no kernel (sys/machine_mode.ts)
  guest_origin: u32; //        guest address of the first byte of guest memory; not 0 on bare metal only
  guest_low: u32; //           the lowest guest address that programs may touch
  guest_size: u32; //          bytes of guest memory
  text_size: u32; //           bytes of program text at its start; on bare metal all of guest memory
  kobj_count: u32; //          cells of the kernel object arena
  string_size: u32; //         bytes for interned strings
  fault_mode: u32; //          what a fault of RV32 code does: FAULT_PANICS or FAULT_ENDS_THREAD
  stack_page: u32; //          bytes of guest memory in a page of a thread's stack
  chaos: u32; //               1 = events are delayed at random, within bounds (kern/kern_chaos.ts)
  user_threads: u32; //        lwkt: 1 = there is room for the scheduler of user threads
  search: u32; //              1 = made for a search: RV32 code stops before each visible operation
  lock_watch: u32; //          what is recorded when locks are taken and released: LOCK_*, 0 = nothing
  lock_adaptive: u32; //       1 = a waiter spins while the lock's owner runs (kern/subr_adaptive.ts)

  // Arenas, carved at boot (run/init_main.ts).
  td_base: usize; //           Thread[maxthread + reserved]
  td_count: u32; //            thread structures in the arrays
  frame_delta: usize; //       address of a thread's Frame minus that of its Thread
  high_delta: usize; //        the same for FrameHigh
  cold_delta: usize; //        the same for ThreadCold
  rare_delta: usize; //        address of a thread's ThreadRare minus a quarter of its Thread's
  locks_delta: usize; //       address of a thread's ThreadLocks minus an eighth of its Thread's
  kstack_base: usize;
  stats_base: usize; //        ThreadStats[], or 0
  proc_base: usize;
  cred_base: usize;
  limit_base: usize;
  tid_bitmap: usize; //        kern/kern_tid.ts: bitmap of ids in use
  tid_summary: usize; //       bitmap of full words of tid_bitmap
  tid_top: usize; //           bitmap of full words of tid_summary
  tid_tops: u32; //            words of tid_top
  tid_index: usize; //         TidEntry[maxthread]
  tidhash_base: usize;
  tidhash_limits: usize; //    u32 per bucket
  pidhash_base: usize;
  sleepq_base: usize; //       kern/kern_synch.ts
  tokens_base: usize; //       lwkt-modern: token references of each thread (sys/token.ts)
  callwheel_base: usize; //    kern/kern_timeout.ts
  reap_base: usize; //         sys/reap.ts
  chunk_base: usize; //        sys/chunklist.ts
  chunk_end: usize;
  sched_base: usize; //        priority run queues (sys/prioq.ts), or 0
  sched_queues: u32; //        number of them
  sched_delta: usize; //       address of a thread's ThreadSched minus that of its Thread, or 0
  sched_cpus: usize; //        SchedCpu[ncpus]
  dl_base: usize; //           sys/deadline.ts: DlCpu of each CPU, then the Deadlines
  dl_index: usize; //          u16[td_count]: number of each thread's Deadline
  letter_delta: usize; //      address of a thread's Letter minus a quarter of its Thread's; 0 with one CPU
  affinity_delta: usize; //    address of a thread's excluded CPUs (u64) minus an eighth of its Thread's; 0 with one CPU
  letters_new: usize; //       kern/lwkt_ipiq.ts: threads whose letters were begun in this round
  letters_due: usize; //       and those whose letters were begun earlier
  stack_base: usize; //        guest stacks of threads, u32[td_count] (kern/vm_glue.ts), or 0
  strhash_base: usize; //      hash of interned strings of C programs (kern/subr_copyin.ts)
  strhash_mask: u32;
  strhash_count: u32; //       strings in it
  string_base: usize; //       interned strings
  string_end: usize;
  ktr_base: usize; //          sys/ktr.ts
  ktr_end: usize;
  decoded_base: usize; //      decoded text
  guest_base: usize;
  mmode_base: usize; //        bare metal: sys/machine_mode.ts
  search_base: usize; //       sys/search.ts, or 0
  search_end: usize;
  witness_base: usize; //      sys/witness.ts, or 0
  lockprof_base: usize; //     sys/lockprof.ts, or 0
  arena_end: usize;
  carve: u64; //               end of the memory laid out so far

  // State.
  booted: u32; //              1 = init_main is done: proc0.p_stats
  ticks: i32; //               low 32 bits of ticks64
  ticks64: u64;
  tick_epoch: u64; //          ticks64 at cycle 0
  tick_end: u64; //            cycle at which the tick after the current one begins
  now: u64; //                 start of the current round, in cycles
  round_end: u64;
  round_cpu: u32; //           next CPU of the round, counted from round_first
  round_first: u32; //         0 unless there is chaos
  rounds: u64; //              rounds so far
  run_switches: u64; //        switches left in this run call's budget
  run_limited: u32; //         1 = run_switches applies
  run_rounds: u32; //          rounds left in the budget, plus one; 0 = no limit
  run_until: u64; //           cycle at which the run call ends
  stop_request: u32;
  timeouts: u32; //            armed sleep timeouts: with none, an idle machine stays idle
  callout_bound: u64; //       a tick not later than any CPU's gd_next_callout
  busy: u64; //                CPUs that are not halted
  ipi_cpus: u64; //            CPUs with messages to carry out
  ipi_late: u64; //            of these, CPUs whose messages a search or chaos delays
  ipi_dropped: u64; //         messages for threads that no longer exist
  letters_new_count: u32;
  letters_due_count: u32;
  letters_new_most: u32; //    most entries that the two lists ever had: they are zero behind that
  letters_due_most: u32;
  tok_first: LwktToken; //     first and last token with waiters
  tok_last: LwktToken;
  reserved: u64; //            CPUs that do not run and hold a reservation (cpu/rv32_reserve.ts)
  untimely_switch: i32; //     sysctl lwkt.untimely_switch
  sleep_procs: u32; //         processes with p_stat SSLEEP: LWKT panics when it meets one (422)
  intr_base: usize; //         interrupt lines (sys/intr.ts)
  kobj_next: usize; //         arena of kernel objects (sys/kobj.ts)
  kobj_end: usize;
  kobj_free: usize; //         list of freed cells
  kobj_base: usize;
  pool_tokens: usize; //       root of the tree of pool tokens (kern/lwkt_pool.ts)
  rng: u64; //                 state of the machine's random number generator (kern/kern_random.ts)
  chaos_rng: u64; //           state of chaos' own generator

  thread0: Thread;
  host_td: Thread; //          the host's thread: makes kernel calls from outside a run; never scheduled
  proc0: Proc;
  initproc: Proc;
  allproc: Proc; //            all processes, newest first
  nthreads: i32;
  nprocs: i32;
  nextpid: i32;
  trytid: i32;
  tid_low: u32; //             no word of the bitmap below this one has a free id
  tid_high: u32; //            and none above this one
  tid_care: u32; //            reasons for tdfind to look closer: processes with p_state NEW, ids released by a
  //                           call, threads that have ended without leaving the hash
  tidhash_mask: u32;
  tidhashlock: u32;
  pidhash_mask: u32;
  sleepq_mask: u32;
  zone_free: Thread; //        thread zone: last in, first out
  zone_next: u32; //           index of the first structure never used
  zone_constructed: u32;
  proc_free: Proc; //          harvested processes, last in, first out
  proc_next: u32;
  cred_free: Ucred;
  cred_next: u32;
  limit_free: Plimit;
  limit_next: u32;
  chunk_free: usize;
  chunk_next: usize;
  chunk_lists: ChunkLists; //  first registered array of lists
  string_next: usize;
  next_cpu: u32; //            CPU on which the next new thread is placed
  last_thread: Thread; //      last thread that ran, on any CPU: traces report changes
  kstack_fail: u32; //         fault injection: number of coming kernel stack allocations that fail

  // Time-sharing schedulers (kern/sched_clock.ts, sched_place.ts).
  users: u32; //               lwkt: 1 = it has, or had, user threads (kern/lwkt_usched.ts)
  users_seconds: u32; //       whole seconds since then
  sched_tick: u64; //          cycles per tick of the scheduler's clock
  sched_slice: u32; //         length of a slice in these ticks; 0 = unlimited
  sched_second: u64; //        cycle at which the next second begins
  sched_ldavg: u32; //         one-minute load average, times 2048
  sched_seconds: u32; //       seconds since it was last computed
  sched_ms: i32; //            ule: tick of the current round: 1 + milliseconds since boot
  sched_balance: u64; //       ule: cycle at which the balancer runs next, 0 = it never has
  ule_interact: u32; //        kern.sched.interact: scores below it are interactive
  ule_affinity: u32; //        kern.sched.affinity: ticks that a cache stays warm, per cache level
  ule_balance: u32; //         kern.sched.balance: 1 = the balancer is on
  ule_interval: u32; //        kern.sched.balance_interval: statistics clock ticks between two balancings
  ule_steal: u32; //           kern.sched.steal_idle: 1 = idle CPUs steal
  ule_steal_least: u32; //     kern.sched.steal_thresh: from CPUs with at least this many threads
  ule_slice_min: u32; //       shortest slice: a sixth of kern.sched.quantum; kern.sched.slice does not change it
  ule_preempt: u32; //         kern.sched.preempt_thresh: priorities up to it preempt, 0 = none
  ule_boost: u32; //           kern.sched.static_boost: priority of sleepers; 0 = their own, 1 = as passed to tsleep
  bsd4_fuzz: u32; //           kern.sched.runq_fuzz: among this many equals, one that ran on the CPU before goes first
  bsd4_forward: u32; //        kern.sched.ipiwakeup.enabled: 1 = a thread that becomes runnable interrupts an idle CPU
  bsd4_requested: u32; //      .requested: how often that was requested
  bsd4_delivered: u32; //      .delivered: and how often it was done
  sched_idle: u64; //          CPUs that were idle when the round began and were given nothing
  sched_arrivals: u64; //      CPUs with threads waiting to be placed (SchedCpu.sc_first)

  // Deadlines (kern/sched_deadline.ts).
  dl_used: u32; //             structures ever handed out
  dl_free: u32; //             first returned structure, 0 = none
  dl_refused: u32; //          requests that no CPU could admit
  dl_lends: u32; //            locks whose waiters lend a deadline

  // Reaping (kern/kern_thread.ts).
  reap_lastfail: i32; //       rate limiter of the maxthread message
  proc_lastfail: i32; //       rate limiter of the maxproc message
  taskq_first: Task; //        pending tasks of taskqueue_thread (kern/kern_taskqueue.ts)
  taskq_last: Task;
  event_lists: usize; //       cell of the event handlers' lists, 0 = none registered

  // Trace (sys/ktr.ts).
  ktr_mask: u32;
  ktr_next: usize;
  stats: u32; //               1 = wakeup latencies are recorded
  stats_wasted: u64; //        cycles that CPUs were idle while threads waited for one

  lock_pairs: u32; //          pairs of threads in the lock profile (kern/kern_lockprof.ts)

  /** Instructions between two samples for the compiler; 0 = no sampling. */
  jit_period: u32;

  // A debugger (run/debug.ts, cpu/rv32_break.ts).
  debug: u32; //               DEBUG_*
  store_end: u32; //           guest address up to which the interpreter may store without a check
  watch_pass: u32; //          1 = accesses to watched memory are recorded and take place
  watch_hit: u32; //           number of the watched range that was last accessed, from 1; 0 = none
  watch_address: u32; //       address of that access

  // C programs.
  brk: u32; //                 guest address of the end of what has been allocated from below
  stack_low: u32; //           where threads' stacks begin; 0 = no C program is loaded
  exited: u32; //              1 = a program has ended the run, 2 = an earlier one has
  exit_status: i32; //         its exit status
  bad_pointer: u32; //         1 = an argument of the current call points outside memory,
  bad_address: u32; //         at this address

  // Where code takes no time.
  run_steps: u32; //           steps since the run call began, or last returned Run.BUDGET because of them

  // Panic.
  plant: u32; //               check build: the planted fault (sys/plant.ts), 0 = none
  panicked: u32;
  panic_fmt: usize; //           string
  panic_arg0: usize;
  panic_arg1: usize;
  panic_arg2: usize;
}

/** The machine. */
export function machine(): Machine {
  return changetype<Machine>(MACHINE_ADDRESS);
}
