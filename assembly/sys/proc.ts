// Threads and processes.
//
// Locking keys (who may touch a field):
//   (o) the CPU that owns the thread (td_cpu), in a critical section
//   (k) the thread itself, while it runs
//   (p) the process lock      (t) the thread lock      (h) the tid hash lock
//   (c) set at creation and constant since
// Today one host thread runs all CPUs, and no kernel code gives up its CPU with a lock held, so the locks
// (p), (t), (h) cost nothing; the keys say where they go once CPUs run on several host threads.
//
// A thread is several parallel structures, each in an array of its own, so that a switch touches two cache
// lines only: Thread (hot) and Frame (registers). ThreadCold, FrameHigh and ThreadRare are here, too; parts
// that only some machines have are in sched.ts, sync.ts, ipiq.ts, token.ts and stats.ts. The address of the
// hot part identifies the thread inside the kernel.
import { CACHE_LINE_SIZE } from "./param";

/**
 * What a context switch touches: 64 bytes, one cache line.
 *
 *  0        4        8     10 11 12       16       20       24       28
 * | td_pri | flags  |lwfl |st|in| slot   | wchan  | wait   | qnext  | qprev  |
 *  32       36       40                48       52       56 57 58 59 60
 * | proc   | preempt| runtime         | nvcsw  | pc     |kf|kd|cp|bk| ka     |
 */
@unmanaged
export class Thread {
  td_pri: i32; //       (o) priority 0..31 in the low 5 bits, critical sections above
  td_flags: u32; //     (t) TDF_* of FreeBSD
  td_lwflags: u16; //   (o) TDL_* of LWKT
  td_state: u8; //      (t) TDS_*
  td_inhib: u8; //      (t) TDI_*
  td_slot: usize; //      (o) address of its run queue slot, 0 = not queued
  td_wchan: u32; //     (t) sleep channel of tsleep, 0 = on no sleep queue
  td_wait: u32; //      (o) LWKT wait structure it is blocked on
  td_qnext: u32; //     links of the one list that it is on: sleep queue (t), wait queue (token),
  td_qprev: u32; //         LWKT free list (o), zombie list, zone free list
  td_proc: Proc; //     (c)
  td_preempted: Thread; // (o) the thread that this one has preempted (lwkt_thread.c 337)
  td_runtime: u64; //   (k) cycles
  td_nvcsw: u32; //     (k) voluntary switches
  td_pc: u32; //        (k) RV32: address of the decoded instruction at which it continues (cpu/rv32.ts)
  td_kfn: u8; //        (k) innermost continuation: K_*, 0 = none
  td_kdepth: u8; //     (k) continuations below it, in the continuation stack
  td_cpu: u8; //        (o) owning CPU
  td_body: u8; //       (c) TDB_*: what kind of code the thread runs
  td_ka: u32; //        (k) first word of the innermost continuation
}

if (offsetof<Thread>() != CACHE_LINE_SIZE) ERROR("struct thread is one cache line");
if (offsetof<Thread>("td_flags") != 4) ERROR("struct thread KBI td_flags");
if (offsetof<Thread>("td_qnext") != 24) ERROR("struct thread KBI td_qnext");
if (offsetof<Thread>("td_qprev") != 28) ERROR("struct thread KBI td_qprev");
if (offsetof<Thread>("td_proc") != 32) ERROR("struct thread KBI td_proc");
// The interpreter's yield compares these four bytes as one word.
if (offsetof<Thread>("td_kfn") % 4 != 0) ERROR("struct thread KBI td_kfn");
if (offsetof<Thread>("td_kdepth") != offsetof<Thread>("td_kfn") + 1) ERROR("KBI td_kdepth");
if (offsetof<Thread>("td_cpu") != offsetof<Thread>("td_kfn") + 2) ERROR("KBI td_cpu");
if (offsetof<Thread>("td_body") != offsetof<Thread>("td_kfn") + 3) ERROR("KBI td_body");

/** Registers of a thread, first line. Nothing reads x0 from here: the decoder sees to that. */
@unmanaged
export class Frame {
  retval: i32; // (k) in place of x0: result of the kernel function that the next continuation resumes from
  ra: u32;
  sp: u32;
  gp: u32;
  tp: u32;
  t0: u32;
  t1: u32;
  t2: u32;
  s0: u32;
  s1: u32;
  a0: u32;
  a1: u32;
  a2: u32;
  a3: u32;
  a4: u32;
  a5: u32;
}

if (offsetof<Frame>() != CACHE_LINE_SIZE) ERROR("struct trapframe is one cache line");

/** Registers x16 to x31, in an array of their own: threads that do not use them never touch it. */
@unmanaged
export class FrameHigh {
  a6: u32;
  a7: u32;
  s2: u32;
  s3: u32;
  s4: u32;
  s5: u32;
  s6: u32;
  s7: u32;
  s8: u32;
  s9: u32;
  s10: u32;
  s11: u32;
  t3: u32;
  t4: u32;
  t5: u32;
  t6: u32;
}

if (offsetof<FrameHigh>() != CACHE_LINE_SIZE) ERROR("the upper registers are one cache line");

/** What creation, sleep and exit touch: 64 bytes, one cache line. */
@unmanaged
export class ThreadCold {
  td_tid: i32; //          (h) NO_PID or above, -1 = none
  td_plist_next: Thread; //(p) p_threads
  td_plist_prev: Thread; //(p)
  td_ucred: Ucred; //      (p) td_realucred, or the credential it temporarily acts with: see kern_cred.ts
  td_limit: Plimit; //     (p)
  td_cowgen: u32; //       (k) p_cowgen that td_ucred and td_limit correspond to
  td_c_time: u64; //       (t) sleep timeout: deadline in ticks; also td_sleeptimo
  td_c_slot: u32; //       (t) its slot in the callout wheel, see sys/callout.ts
  td_wmesg: u32; //        (t) wait message: a string
  td_namefmt: u32; //      (p) name: format string and its argument, formatted when read
  td_namearg: u32;
  td_kb: u32; //           (k) second word of the innermost continuation
  td_pflags: u8; //        (c) TDP_*
  td_sx_slocks: u8; //     (k) sx locks that it holds shared
  td_ast: u8; //           (t) pending ASTs: TDA_*
  td_intrval: i8; //       (t) what an aborted sleep returns: 0, EINTR, ERESTART
  td_priority: u8; //      (t) 0..255, smaller runs first
  td_base_pri: u8; //      (t)
  td_pri_class: u8; //     (t) PRI_*
  td_kstack_pages: u8; //  (c) 0 = no kernel stack
  td_allocdomain: u8; //   (c) memory domain of the structure
  td_dbgflags: u8; //      (p) DBG_*
  td_cflags: u8; //        (t) TDC_*: state of the sleep timeout
  td_migrate: u8; //       (o) 1 + the CPU that another CPU wants to move it to, 0 = none
}

if (offsetof<ThreadCold>() != CACHE_LINE_SIZE) ERROR("the cold part is one cache line");

/** What few threads ever need: an array of 16-byte entries, which the other threads never touch. */
@unmanaged
export class ThreadRare {
  td_sq_tail: u32; //      (t) head of a sleep queue only: last sleeper of the channel, and SQ_RANKS
  td_sq_next: Thread; //   (t) head only: next and previous channel of the hash bucket
  td_sq_prev: Thread;
  td_nivcsw: u32; //       (k) involuntary switches
}

/**
 * Bit of td_sq_tail, free since threads are aligned: sleepers of the channel may differ in rank
 * (kern/kern_synch.ts).
 */
export const SQ_RANKS: u32 = 1;

if (offsetof<ThreadRare>() * 4 != offsetof<Thread>())
  ERROR("the rare part is a quarter as far away");

@unmanaged
export class Ucred {
  cr_ref: u32;
  cr_uid: u32;
  cr_next: Ucred; // free list
  cr_real: Ucred; // (k) of a credential that a thread temporarily acts with: its td_realucred
}

@unmanaged
export class Plimit {
  pl_ref: u32;
  pl_id: u32;
  pl_next: Plimit; // free list
}

@unmanaged
export class Proc {
  p_pid: i32; //            (c)
  p_state: u32; //          (p) PRS_*
  p_flag: u32; //           (p) P_*
  p_flag2: u32; //          (p) P2_*
  p_stat: u32; //           (p) the state that LWKT sees: SIDL .. SZOMB
  p_threads: Thread; //     (p) first thread, in the order of thread_link
  p_threads_last: Thread;
  p_numthreads: i32; //     (p)
  p_suspcount: i32; //      (p)
  p_boundary_count: i32; // (p)
  p_exitthreads: i32; //    (p)
  p_pendingexits: i32; //   (p)
  p_singlethread: Thread; //(p)
  p_siglist: u32; //        (p) bit 0: SIGSTOP of kproc_suspend
  p_ps_flag: u32; //        (p) PS_NOCLDWAIT
  p_cowgen: u32; //         (p)
  p_xexit: i32; //          (p)
  p_ucred: Ucred; //        (p)
  p_limit: Plimit; //       (p)
  p_pptr: Proc; //          parent
  p_children: Proc; //      newest first
  p_sibling_next: Proc;
  p_sibling_prev: Proc;
  p_list_next: Proc; //     all processes, or the free list
  p_list_prev: Proc;
  p_hash_next: Proc; //     pid hash
  p_runtime: u64; //        (p) cycles of exited threads
  p_nvcsw: u64;
  p_nivcsw: u64;
  p_namefmt: u32; //        (p) p_comm
  p_namearg: u32;
}

if (offsetof<Proc>() % 8 != 0) ERROR("an array of struct proc keeps 64-bit fields aligned");

/** Kinds of body (low bits of td_body). */
export enum TDB {
  NONE = 0, // no code of its own: an idle thread, or one that only runs continuations
  RV32 = 1,
  HOST = 2, // JavaScript generator: the machine returns to the host for each step
}

/** Start function of a thread with a host body; its argument tells the host which body. */
export const FUNC_HOST: u32 = 0xffffffff;

/** Thread states (td_state). */
export enum TDS {
  INACTIVE = 0,
  INHIBITED = 1,
  CAN_RUN = 2,
  RUNQ = 3,
  RUNNING = 4,
}

// Inhibitors (td_inhib).
export const TDI_SUSPENDED: u8 = 1;
export const TDI_SLEEPING: u8 = 2;

/** Bit of td_body: inside a kernel call; td_retval goes to a0 when the thread returns to its body. */
export const TDB_INCALL: u8 = 0x80;
/** Bit of td_body: has not run yet. The first register of a host body then tells the host which body it is. */
export const TDB_FRESH: u8 = 0x40;
/**
 * Bit of td_body: statistics are to be recorded when it runs next. A yield to it must not take the fast path
 * (kern_stats.ts).
 */
export const TDB_STATS: u8 = 0x20;
/**
 * Bit of td_body: it has references to lwkt-modern tokens. A switch from or to it must not take the fast path
 * (kern/lwkt_tokref.ts).
 */
export const TDB_TOKENS: u8 = 0x10;
export const TDB_KIND: u8 = 0xf;

// td_flags (FreeBSD).
export const TDF_INMEM: u32 = 0x4;
export const TDF_SINTR: u32 = 0x8;
export const TDF_TIMEOUT: u32 = 0x10;
export const TDF_KTH_SUSP: u32 = 0x100;
export const TDF_ALLPROCSUSP: u32 = 0x200;
export const TDF_BOUNDARY: u32 = 0x400;
export const TDF_SBDRY: u32 = 0x2000;
export const TDF_SERESTART: u32 = 0x80000;
export const TDF_SEINTR: u32 = 0x200000;
// Four of this kernel's own, under the owner's key (o): it is a user thread (kern/lwkt_usched.ts); it has a
// deadline; it is a pended interrupt thread of some CPU; it is runnable and in transit to its CPU
// (kern/lwkt_migrate.ts).
export const TDF_USER: u32 = 0x10000000;
export const TDF_DEADLINE: u32 = 0x20000000;
export const TDF_PENDED: u32 = 0x40000000;
export const TDF_TRANSIT: u32 = 0x80000000;

// td_lwflags: LWKT's TDF_* under a prefix of their own, since a thread has both flag words.
export const TDL_EXITED: u16 = 0x1;
export const TDL_RUNQ: u16 = 0x2;
export const TDL_PREEMPT_LOCK: u16 = 0x4;
export const TDL_PREEMPT_DONE: u16 = 0x8;
/** Has run before: its first switch-in has released the critical section that it was created with. */
export const TDL_STARTED: u16 = 0x10;
/** Leaves its CPU for good at the next switch. */
export const TDL_EXITING: u16 = 0x20;
/** Off the run queue until a token comes to its CPU (kern/lwkt_token.ts). */
export const TDL_TOKWAIT: u16 = 0x40;
/** Has been scheduled since it was put on the run queue temporarily, and so stays there. */
export const TDL_WANTED: u16 = 0x80;
/** Has an interrupt line. */
export const TDL_INTR: u16 = 0x100;
export const TDL_ALLOCATED_THREAD: u16 = 0x200;
export const TDL_ALLOCATED_STACK: u16 = 0x400;
export const TDL_VERBOSE: u16 = 0x800;
export const TDL_DEADLKTREAT: u16 = 0x1000;
export const TDL_STOPREQ: u16 = 0x2000;
export const TDL_WAKEREQ: u16 = 0x4000;
export const TDL_TIMEOUT: u16 = 0x8000;
/** Flags that no creator may pass: the kernel's own record of where a thread is and what it has been through. */
export const TDL_KERNEL: u16 = 0x1ff;

// td_pri of LWKT.
export const TDPRI_MASK: i32 = 31;
export const TDPRI_MAX: i32 = 31;
export const TDPRI_CRIT: i32 = 32;

// td_pflags.
export const TDP_KTHREAD: u8 = 0x1;
/** Its td_nivcsw is not 0. */
export const TDP_PREEMPTED: u8 = 0x2;
/** An LWKT thread that borrows a priority: td_base_pri keeps its own level (kern/subr_turnstile.ts). */
export const TDP_LENT: u8 = 0x4;

// td_ast.
export const TDA_SUSPEND: u8 = 0x1;
/** Has returned to its body once with the result of an interrupted sleep. */
export const TDA_SEEN: u8 = 0x2;

// td_dbgflags: FreeBSD's TDB_*, a prefix that the kinds of body have here.
export const DBG_SUSPEND: u8 = 0x1;

// td_cflags.
export const TDC_ARMED: u8 = 0x1; //    the callout is in the wheel
export const TDC_DEADLINE: u8 = 0x2; // td_c_time is a deadline that tsleep waits for
/** The upper bits of td_cflags: the CPU whose wheel the callout is in. */
export const TDC_CPU_SHIFT: u32 = 2;

// td_pri_class.
export const PRI_TIMESHARE: u8 = 3;

/** Process states (p_state). */
export enum PRS {
  NEW = 0,
  NORMAL = 1,
  ZOMBIE = 2,
}

// p_stat, the state that LWKT sees.
export const SIDL: u32 = 1;
export const SRUN: u32 = 2;
export const SSLEEP: u32 = 3;
export const SSTOP: u32 = 4;
export const SZOMB: u32 = 5;

// p_flag.
export const P_KPROC: u32 = 0x4;
export const P_HADTHREADS: u32 = 0x80;
export const P_SYSTEM: u32 = 0x200;
export const P_SINGLE_EXIT: u32 = 0x400;
export const P_TRACED: u32 = 0x800;
export const P_WEXIT: u32 = 0x2000;
export const P_STOPPED_SIG: u32 = 0x20000;
export const P_STOPPED_TRACE: u32 = 0x40000;
export const P_STOPPED_SINGLE: u32 = 0x80000;
export const P_SINGLE_BOUNDARY: u32 = 0x400000;
export const P_TOTAL_STOP: u32 = 0x2000000;
export const P_SHOULDSTOP_MASK: u32 = 0xe0000;

// p_flag2.
export const P2_WEXIT: u32 = 0x40000;

// p_ps_flag.
export const PS_NOCLDWAIT: u32 = 0x1;

/** Modes of thread_single. */
export const SINGLE_NO_EXIT: i32 = 0;
export const SINGLE_EXIT: i32 = 1;
export const SINGLE_BOUNDARY: i32 = 2;
export const SINGLE_ALLPROC: i32 = 3;
