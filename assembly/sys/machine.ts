// The machine structure: configuration, where the arenas lie, and all state that is not a CPU's, a
// thread's or a process's. It has a fixed address, so that a field is one load.
//
// Locking: the configuration and the arenas' places are constant after boot. What is in the state is under the
// lock of what it counts or lists (ids, processes, zone, chunks, task queue); rounds and time are the main
// program's (run/), which changes them while no slice runs. The host touches what a run call is bounded by, the
// sysctls and next_cpu, between two run calls.

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
  HOST = 3, // JavaScript decides (kern/sched_host.ts)
}

/** Why a run call returned: RUN_REASON of its result. */
export enum Run {
  HOST = 1, //     the current thread's body is the host's: do its next step, then machine_step
  IDLE = 2, //     nothing can ever happen again: no thread is runnable, no callout is armed
  TIME = 3, //     run_until is reached
  SWITCHES = 4, // run_switches is used up
  STOPPED = 5, //  stop_request
  BUDGET = 6, //   run_rounds is used up
  BREAK = 7, //    a debugger wanted to know: RV32 code is at a mark, or a step of it is done
}

/** The bits of a run call's result that say why. With HOST the others are the address of the thread, */
export const RUN_REASON: u32 = 0x7;
/** and this one: its body has TDB_FRESH, the host has not begun it yet. */
export const RUN_FRESH: u32 = 0x8;

// Values of fault_mode.
export const FAULT_PANICS: u32 = 0;
export const FAULT_ENDS_THREAD: u32 = 1;

// Bits of lock_watch.
/** The order of locks, and what is wrong with who holds them (kern/subr_witness.ts). */
export const LOCK_WITNESS: u32 = 0x1;
/** How long locks are waited for and held (kern/kern_lockprof.ts). */
export const LOCK_PROFILE: u32 = 0x2;

// Bits of debug.
/** Stop before the next RV32 instruction, whoever's it is. */
export const DEBUG_NEXT: u32 = 0x1;
/** Stop at a fault before anything comes of it. */
export const DEBUG_FAULTS: u32 = 0x2;
/** There are marks, which fence.i on bare metal is to keep. */
export const DEBUG_MARKS: u32 = 0x4;

@unmanaged
export class Machine {
  curcpu: GlobalData; //       the CPU that runs

  // Configuration, set by the host before boot and constant since.
  ncpus: u32; //               1..MAXCPU
  maxthread: i32; //           kern.maxthread
  maxproc: i32; //             kern.maxproc
  max_threads_per_proc: i32;
  hz: u32; //                  ticks per second
  sched: u32; //               Sched
  lwkt_modern: u32; //         lwkt: 1 = with the switcher and the tokens of today's (kern/lwkt_modern.ts)
  ndomains: u32; //            vm_ndomains
  seed: u64;
  cycles_per_second: u64;
  cycles_per_tick: u64; //     derived
  quantum: u64; //             cycles of a slice
  cycle_cost: u32; //          what an instruction or a kernel call takes, in cycles; 0 = time moves only when idle
  preemption: u32; //          1 = a wakeup of a better thread takes the CPU at the next safe point
  rr_cycles: u64; //           round-robin share between equals (kern.sched.quantum), 0 = never
  rq_mask: u32; //             what of a priority makes its level: 0xff, with 64 run queues 0xfc
  core_cpus: u32; //           CPUs of a core, of what shares a cache, and of a package: each divides the next one,
  cache_cpus: u32; //          and 0 is as many as there are
  package_cpus: u32;
  kstack_depth: u32; //        continuations a thread can hold beyond the innermost
  kstack_pages: u32; //        default of kthread_add
  bare: u32; //                1 = LWKT only: no processes, no thread ids
  frame_high: u32; //          1 = threads have x16..x31 (RV32I), 0 = RV32E
  metal: u32; //               1 = a program on bare metal: no kernel for it (sys/machine_mode.ts)
  guest_origin: u32; //        guest address of the first byte of guest memory; 0 but on bare metal
  guest_low: u32; //           the lowest guest address that programs may touch
  guest_size: u32; //          bytes of guest memory
  text_size: u32; //           of which program text, at its start; on bare metal all
  kobj_count: u32; //          wait structures and tokens
  string_size: u32; //         bytes for interned strings
  fault_mode: u32; //          what a fault of RV32 code does: FAULT_PANICS or FAULT_ENDS_THREAD
  stack_page: u32; //          bytes of guest memory in a page of a thread's stack
  chaos: u32; //               1 = things happen at other moments, each within a bound (kern/kern_chaos.ts)
  user_threads: u32; //        lwkt: 1 = there is room for a scheduler of user threads
  search: u32; //              1 = made for a search: RV32 code stops before each visible operation
  lock_watch: u32; //          what is noted when locks are taken and released: LOCK_*, 0 = nothing
  lock_adaptive: u32; //       1 = who finds a lock taken spins while its owner runs (kern/subr_adaptive.ts)

  // Arenas, carved at boot (run/init_main.ts).
  td_base: usize; //           Thread[maxthread + reserved]
  td_count: u32; //            structures in the arrays
  frame_delta: usize; //       address of a thread's Frame minus that of its Thread
  high_delta: usize; //        the same for FrameHigh
  cold_delta: usize; //        the same for ThreadCold
  rare_delta: usize; //        address of a thread's ThreadRare minus a quarter of that of its Thread
  locks_delta: usize; //       address of a thread's ThreadLocks minus an eighth of that of its Thread
  kstack_base: usize;
  stats_base: usize; //        ThreadStats[], or 0
  proc_base: usize;
  cred_base: usize;
  limit_base: usize;
  tid_bitmap: usize; //        kern/kern_tid.ts: ids in use
  tid_summary: usize; //       words of it that are full
  tid_top: usize; //           words of the summary that are full
  tid_tops: u32; //            words of the top
  tid_index: usize; //         TidEntry[maxthread]
  tidhash_base: usize;
  tidhash_limits: usize; //    u32 per bucket
  pidhash_base: usize;
  sleepq_base: usize; //       kern/kern_synch.ts
  tokens_base: usize; //       lwkt-modern: what threads have of tokens (sys/token.ts)
  callwheel_base: usize; //    kern/kern_timeout.ts
  reap_base: usize; //         sys/reap.ts
  chunk_base: usize; //        sys/chunklist.ts
  chunk_end: usize;
  sched_base: usize; //        run queues by priority (sys/prioq.ts), or 0
  sched_queues: u32; //        how many
  sched_delta: usize; //       address of a thread's ThreadSched minus that of its Thread, or 0
  sched_cpus: usize; //        SchedCpu[ncpus]
  dl_base: usize; //           sys/deadline.ts: what CPUs promise, and structures of threads
  dl_index: usize; //          u16[td_count]: the number of a thread's
  letter_delta: usize; //      address of a thread's Letter minus a quarter of that of its Thread; 0 with one CPU
  affinity_delta: usize; //    of its excluded CPUs (u64) minus an eighth; 0 with one CPU
  letters_new: usize; //       kern/lwkt_ipiq.ts: threads whose letters were begun in this round,
  letters_due: usize; //       and before
  stack_base: usize; //        guest stacks of threads, u32[td_count] (kern/vm_glue.ts), or 0
  strhash_base: usize; //      hash of the strings of C programs (kern/subr_copyin.ts)
  strhash_mask: u32;
  strhash_count: u32; //       strings in it
  string_base: usize; //       interned strings
  string_end: usize;
  ktr_base: usize; //          sys/ktr.ts
  ktr_end: usize;
  decoded_base: usize; //      decoded text
  guest_base: usize;
  mmode_base: usize; //        on bare metal: sys/machine_mode.ts
  search_base: usize; //       sys/search.ts, or 0
  search_end: usize;
  witness_base: usize; //      sys/witness.ts, or 0
  lockprof_base: usize; //     sys/lockprof.ts, or 0
  arena_end: usize;
  carve: u64; //               end of what is laid out so far

  // State.
  booted: u32; //              1 once init_main is through: proc0.p_stats
  ticks: i32; //               low 32 bits of ticks64
  ticks64: u64;
  tick_epoch: u64; //          ticks64 at cycle 0
  tick_end: u64; //            cycle at which the tick after this one begins
  now: u64; //                 start of the current round, in cycles
  round_end: u64;
  round_cpu: u32; //           next CPU of the round, counted from round_first
  round_first: u32; //         0 unless there is chaos
  rounds: u64; //              rounds so far
  run_switches: u64; //        switches left of this run call's budget
  run_limited: u32; //         1 = run_switches counts
  run_rounds: u32; //          rounds left of the budget, plus one; 0 = no limit
  run_until: u64; //           cycles
  stop_request: u32;
  timeouts: u32; //            armed sleep timeouts: without any, an idle machine stays idle
  callout_bound: u64; //       tick that is not after any CPU's gd_next_callout
  busy: u64; //                CPUs that are not halted
  ipi_cpus: u64; //            CPUs that have messages to carry out,
  ipi_late: u64; //            and those that get theirs later: a search or chaos has it so
  ipi_dropped: u64; //         messages for threads that were gone
  letters_new_count: u32;
  letters_due_count: u32;
  letters_new_most: u32; //    most that those ever were: behind them the lists are zero
  letters_due_most: u32;
  tok_first: LwktToken; //     first and last token with a line
  tok_last: LwktToken;
  reserved: u64; //            CPUs that do not run and hold a reservation (cpu/rv32_reserve.ts)
  untimely_switch: i32; //     sysctl lwkt.untimely_switch
  sleep_procs: u32; //         processes with p_stat SSLEEP: LWKT panics when it meets one (422)
  intr_base: usize; //         interrupt lines (sys/intr.ts)
  kobj_next: usize; //         arena of kernel objects (sys/kobj.ts)
  kobj_end: usize;
  kobj_free: usize; //         cells that were given back
  kobj_base: usize;
  pool_tokens: usize; //       tree of the tokens that stand for addresses (kern/lwkt_pool.ts)
  rng: u64; //                 state of the machine's random numbers (kern/kern_random.ts)
  chaos_rng: u64; //           and of those of chaos

  thread0: Thread;
  host_td: Thread; //          the host's thread: makes kernel calls from outside a run, never scheduled
  proc0: Proc;
  initproc: Proc;
  allproc: Proc; //            all processes, newest first
  nthreads: i32;
  nprocs: i32;
  nextpid: i32;
  trytid: i32;
  tid_low: u32; //             no word of the bitmap before this one has a free id,
  tid_high: u32; //            and none after this one
  tid_care: u32; //            reasons for tdfind to look closer: processes with p_state NEW, ids that a
  //                           call has given back, threads that have ended without leaving the hash
  tidhash_mask: u32;
  tidhashlock: u32;
  pidhash_mask: u32;
  sleepq_mask: u32;
  zone_free: Thread; //        thread zone: last in, first out
  zone_next: u32; //           index of the next structure that was never used
  zone_constructed: u32;
  proc_free: Proc; //          harvested processes, last in first out
  proc_next: u32;
  cred_free: Ucred;
  cred_next: u32;
  limit_free: Plimit;
  limit_next: u32;
  chunk_free: usize;
  chunk_next: usize;
  chunk_lists: ChunkLists; //  every array of lists
  string_next: usize;
  next_cpu: u32; //            where the next new thread is placed
  last_thread: Thread; //      last thread that ran, on any CPU: traces tell of changes
  kstack_fail: u32; //         fault injection: kernel stack allocations that fail next

  // Schedulers of shares (kern/sched_clock.ts, sched_place.ts).
  users: u32; //               lwkt: 1 = it has, or had, user threads (kern/lwkt_usched.ts)
  users_seconds: u32; //       whole seconds since then
  sched_tick: u64; //          cycles from one tick of the scheduler's clock to the next
  sched_slice: u32; //         of these ticks, a slice; 0 = it never ends
  sched_stat: u32; //          and what the statistics clock takes for one
  sched_second: u64; //        cycle at which the next second begins
  sched_ldavg: u32; //         load average of a minute, times 2048
  sched_seconds: u32; //       seconds since it was last made
  sched_ms: i32; //            ule: tick of the round: 1 + milliseconds since boot
  sched_balance: u64; //       ule: cycle at which the balancer looks next, 0 = it never has
  ule_interact: u32; //        kern.sched.interact: scores below it are interactive
  ule_affinity: u32; //        kern.sched.affinity: ticks that a cache stays warm, for each of its levels
  ule_balance: u32; //         kern.sched.balance: 1 = there is a balancer,
  ule_interval: u32; //        kern.sched.balance_interval: ticks of the statistics clock from one hour to the next
  ule_steal: u32; //           kern.sched.steal_idle: 1 = idle CPUs steal,
  ule_steal_least: u32; //     kern.sched.steal_thresh: from who has so many threads
  ule_slice_min: u32; //       a slice at least: a sixth of kern.sched.quantum, which kern.sched.slice leaves alone
  ule_preempt: u32; //         kern.sched.preempt_thresh: priorities up to it preempt, 0 = none
  ule_boost: u32; //           kern.sched.static_boost: priority of those that sleep; 0 = their own, 1 = as tsleep says
  bsd4_fuzz: u32; //           kern.sched.runq_fuzz: of so many equals who ran on a CPU before is first there
  bsd4_forward: u32; //        kern.sched.ipiwakeup.enabled: 1 = who becomes runnable interrupts an idle CPU,
  bsd4_requested: u32; //      .requested: how often that was asked for,
  bsd4_delivered: u32; //      .delivered: and done
  sched_idle: u64; //          CPUs that were idle when the round began, and got nothing to do
  sched_arrivals: u64; //      CPUs on which threads wait to be placed: those with a SchedCpu.sc_first

  // Deadlines (kern/sched_deadline.ts).
  dl_used: u32; //             structures that were ever handed out,
  dl_free: u32; //             and the first one that was given back, 0 = none
  dl_refused: u32; //          requests that nobody could promise

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
  stats_wasted: u64; //        cycles that CPUs were idle although threads waited for one

  lock_pairs: u32; //          pairs of threads that lock profiling knows (kern/kern_lockprof.ts),
  lock_pairs_lost: u32; //     and waits of others, for which there was no room

  /** Instructions between two samples for the compiler; 0 = there is none. */
  jit_period: u32;

  // A debugger (run/debug.ts, cpu/rv32_break.ts).
  debug: u32; //               DEBUG_*
  store_end: u32; //           guest address behind what the inner loop may store to without looking
  watch_pass: u32; //          1 = accesses to what is watched are noted, and take place
  watch_hit: u32; //           the watched range that was last accessed, from 1 on; 0 = none
  watch_address: u32; //       the access that did it

  // C programs.
  brk: u32; //                 guest address behind what has been handed out from below,
  stack_low: u32; //           and where the stacks of threads begin; 0 = no C program is loaded
  exited: u32; //              1 = a program has ended the run, 2 = one before
  exit_status: i32; //         its status
  bad_pointer: u32; //         1 = an argument of the current call points to no memory:
  bad_address: u32; //         this one

  // Panic.
  plant: u32; //               check build: the fault that is in (sys/plant.ts), 0 = none
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
