// Boot: from a configuration in the machine structure to a machine with its first threads.

import { rv32_decode_text, rv32_decoded_size } from "../cpu/rv32_decode";
import { mm_reset } from "../cpu/rv32_machine_mode";
import { CALL_SHIFT, OP_CUSTOM_0 } from "../cpu/rv32_opcode";
import { rv32_init } from "../cpu/rv32_run";
import { panic } from "../env";
import { Continuation, K } from "../kern/cont";
import { chaos_init } from "../kern/kern_chaos";
import { cred_arena_bytes, crget, lim_alloc, limit_arena_bytes } from "../kern/kern_cred";
import {
  fork1,
  pidhash_bytes,
  pidhash_init,
  proc_arena_bytes,
  proc_construct,
  proc0_init,
} from "../kern/kern_fork";
import { random_init } from "../kern/kern_random";
import { stats_stride } from "../kern/kern_stats";
import { str } from "../kern/kern_subr";
import { sleepq_bytes, sleepq_init, sleepq_park } from "../kern/kern_synch";
import { thread_cow_get_proc, threadinit } from "../kern/kern_thread";
import {
  tid_bitmap_bytes,
  tid_index_bytes,
  tidhash_add,
  tidhash_bytes,
  tidhash_limit_bytes,
} from "../kern/kern_tid";
import { callwheel_bytes, callwheel_init } from "../kern/kern_timeout";
import { lwkt_init_thread } from "../kern/lwkt_create";
import { lwkt_gdinit } from "../kern/lwkt_thread";
import { sched_prio, sched_queues } from "../kern/sched";
import { sched_clock_init } from "../kern/sched_clock";
import { strhash_entries } from "../kern/subr_copyin";
import { CHUNK_SIZE } from "../sys/chunklist";
import { deadline_bytes, deadline_index_bytes } from "../sys/deadline";
import { GDF_HALTED, GDF_MODERN, globaldata } from "../sys/globaldata";
import { IntrLine } from "../sys/intr";
import { Letter, letter_list_bytes } from "../sys/ipiq";
import { KOBJ_SIZE } from "../sys/kobj";
import { KtrRecord } from "../sys/ktr";
import { lockprof_bytes } from "../sys/lockprof";
import { LOCK_PROFILE, LOCK_WITNESS, Machine, machine, Sched } from "../sys/machine";
import { machine_mode_bytes } from "../sys/machine_mode";
import {
  HOST_INDEX,
  IDLE_INDEX,
  KTR_RECORDS,
  MAXTHREAD_DEFAULT,
  NINTR,
  PVM,
  PWAIT,
  RFFDG,
  RQ_LEVELS,
  THREAD0_INDEX,
  THREAD0_TID,
} from "../sys/param";
import { prioq_bytes, prioq_init } from "../sys/prioq";
import {
  Frame,
  FrameHigh,
  P_KPROC,
  P_SYSTEM,
  PRI_TIMESHARE,
  Proc,
  TDB,
  TDL_STARTED,
  TDP_KTHREAD,
  TDPRI_CRIT,
  TDS,
  Thread,
  ThreadCold,
  ThreadRare,
} from "../sys/proc";
import { reap_bytes } from "../sys/reap";
import { runq_pool_chunks } from "../sys/runq";
import { SchedCpu, ThreadSched } from "../sys/sched";
import { search_bytes, search_init } from "../sys/search";
import { ThreadLocks } from "../sys/sync";
import { Sys } from "../sys/syscall";
import { cold, td_at } from "../sys/thread";
import { tokens_bytes } from "../sys/token";
import { witness_bytes, witness_init } from "../sys/witness";

/** Bytes of a WebAssembly page, and the most pages that a 32-bit memory has. */
const PAGE: u64 = 65536;
const PAGES_MAX: u32 = 65536;
/** Arenas start at multiples of a chunk. */
const ALIGN: u64 = CHUNK_SIZE - 1;

/** Thread structures outside the zone. */
function reserved_threads(m: Machine): u32 {
  return IDLE_INDEX + m.ncpus;
}

/** Reserves `bytes` of address space and returns their address; touches no memory. */
function carve(m: Machine, bytes: u64): usize {
  const at = (m.carve + ALIGN) & ~ALIGN;
  m.carve = at + bytes;
  return <usize>at;
}

/** Lays out all arenas for the configuration and returns the number of 64 KiB pages that they need. */
export function carve_arenas(): u32 {
  const m = machine();
  const ncpus = m.ncpus;
  if (m.maxthread == 0) m.maxthread = default_maxthread(m);
  m.td_count = <u32>m.maxthread + reserved_threads(m);
  const n = <u64>m.td_count;
  m.carve = <u64>__heap_base;
  m.td_base = carve(m, n * offsetof<Thread>());
  m.frame_delta = carve(m, n * offsetof<Frame>()) - m.td_base;
  m.cold_delta = carve(m, n * offsetof<ThreadCold>()) - m.td_base;
  m.rare_delta = carve(m, n * offsetof<ThreadRare>()) - (m.td_base >> 2);
  m.locks_delta = carve(m, n * offsetof<ThreadLocks>()) - (m.td_base >> 3);
  m.kstack_base = carve(m, n * m.kstack_depth * offsetof<Continuation>());
  m.high_delta = m.frame_high != 0 ? carve(m, n * offsetof<FrameHigh>()) - m.td_base : 0;
  m.stats_base = m.stats != 0 ? carve(m, n * stats_stride()) : 0;
  m.sched_queues = sched_queues(ncpus);
  const levels = m.sched_queues * RQ_LEVELS;
  m.chunk_base = carve(m, <u64>runq_pool_chunks(m.td_count, ncpus, levels) * CHUNK_SIZE);
  m.chunk_end = <usize>m.carve;
  if (has_policies(m)) carve_sched(m, n);
  if (m.lwkt_modern != 0) m.tokens_base = carve(m, tokens_bytes(n));
  m.dl_base = carve(m, deadline_bytes(ncpus));
  m.dl_index = carve(m, deadline_index_bytes(n));
  if (ncpus > 1) carve_letters(m, n);
  m.callwheel_base = carve(m, callwheel_bytes(ncpus));
  m.intr_base = carve(m, NINTR * offsetof<IntrLine>());
  carve_fbsd(m);
  m.ktr_base = carve(m, <u64>KTR_RECORDS * offsetof<KtrRecord>());
  m.ktr_end = <usize>m.carve;
  m.kobj_base = carve(m, <u64>m.kobj_count * KOBJ_SIZE);
  m.kobj_end = <usize>m.carve;
  m.strhash_mask = strhash_entries(m.string_size) - 1;
  m.strhash_base = carve(m, (<u64>m.strhash_mask + 1) * sizeof<u32>());
  m.stack_base = m.frame_high != 0 && m.metal == 0 ? carve(m, n * sizeof<u32>()) : 0;
  m.string_base = carve(m, m.string_size);
  m.string_end = <usize>m.carve;
  m.decoded_base = carve(m, rv32_decoded_size(m.text_size));
  m.guest_base = carve(m, m.guest_size);
  m.mmode_base = m.metal != 0 ? carve(m, machine_mode_bytes()) : 0;
  if (m.search != 0) carve_search(m, n);
  if ((m.lock_watch & LOCK_WITNESS) != 0) m.witness_base = carve(m, witness_bytes(n));
  if ((m.lock_watch & LOCK_PROFILE) != 0) m.lockprof_base = carve(m, lockprof_bytes(n));
  m.arena_end = <usize>m.carve;
  return <u32>((m.carve + PAGE - 1) / PAGE);
}

/** Arenas of schedulers with policies: run queues, and per-thread and per-CPU state. */
function carve_sched(m: Machine, n: u64): void {
  m.sched_base = carve(m, prioq_bytes(m.sched_queues));
  m.sched_delta = carve(m, n * offsetof<ThreadSched>()) - m.td_base;
  m.sched_cpus = carve(m, m.ncpus * offsetof<SchedCpu>());
}

function has_policies(m: Machine): bool {
  return m.sched != Sched.LWKT || m.user_threads != 0;
}

/** Arenas of machines with several CPUs: letters and affinity. */
function carve_letters(m: Machine, n: u64): void {
  m.letter_delta = carve(m, n * offsetof<Letter>()) - (m.td_base >> 2);
  m.affinity_delta = carve(m, n * sizeof<u64>()) - (m.td_base >> 3);
  m.letters_new = carve(m, letter_list_bytes(m.td_count));
  m.letters_due = carve(m, letter_list_bytes(m.td_count));
}

/** The arena of a search. */
function carve_search(m: Machine, n: u64): void {
  m.search_base = carve(m, search_bytes(n, m.guest_size));
  m.search_end = <usize>m.carve;
}

/** FreeBSD's arenas: ids, hashes, processes, credentials. On a bare machine they have minimal size. */
function carve_fbsd(m: Machine): void {
  m.reap_base = carve(m, reap_bytes(m.ndomains));
  m.tid_bitmap = carve(m, tid_bitmap_bytes(m.maxthread));
  m.tid_index = carve(m, tid_index_bytes(m.maxthread));
  m.tidhash_base = carve(m, tidhash_bytes(m.maxproc));
  m.tidhash_limits = carve(m, tidhash_limit_bytes(m.maxproc));
  m.pidhash_base = carve(m, pidhash_bytes(m.maxproc));
  m.sleepq_base = carve(m, sleepq_bytes(m.maxthread));
  m.proc_base = carve(m, proc_arena_bytes(m.maxproc));
  m.cred_base = carve(m, cred_arena_bytes(m.maxthread, m.maxproc));
  m.limit_base = carve(m, limit_arena_bytes(m.maxthread, m.maxproc));
}

/** kern.maxthread when the configuration leaves it 0 (kern_thread.c 552). */
function default_maxthread(m: Machine): i32 {
  const product = <i64>m.maxproc * m.max_threads_per_proc;
  return product < MAXTHREAD_DEFAULT ? <i32>product : MAXTHREAD_DEFAULT;
}

/**
 * Boots the machine: 0, or the number of 64 KiB pages that the configuration would need if that exceeds a
 * 32-bit memory or what the host provides.
 */
export function machine_boot(): u32 {
  const m = machine();
  const pages = carve_arenas();
  if (pages > PAGES_MAX) return pages;
  const have = <u32>memory.size();
  if (pages > have && memory.grow(pages - have) < 0) return pages;
  init_derived(m);
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) init_cpu(m, cpu);
  if (has_policies(m)) {
    prioq_init(m.sched_queues);
    sched_clock_init(m);
  }
  init_thread0(m);
  rv32_init();
  init_text(m);
  random_init();
  chaos_init(m);
  if (m.search != 0) search_init(m);
  if ((m.lock_watch & LOCK_WITNESS) != 0) witness_init(m.td_count);
  return 0;
}

/**
 * Starts a booted machine's processes in two steps, between which the host may do work of its own (SYSINIT):
 * 0 creates proc0 (SI_SUB_INTRINSIC), 1 creates init (SI_SUB_CREATE_INIT). A bare machine has neither.
 */
export function machine_startup(step: u32): void {
  if (machine().bare != 0) return;
  if (step == 0) proc0_start();
  else init_start();
}

function init_derived(m: Machine): void {
  m.chunk_next = m.chunk_base;
  m.ktr_next = m.ktr_base;
  m.kobj_next = m.kobj_base;
  m.string_next = m.string_base;
  m.cycles_per_tick = m.cycles_per_second / m.hz;
  m.tick_epoch = m.ticks64;
  m.ticks = <i32>m.ticks64;
  m.round_cpu = m.ncpus;
  m.callout_bound = u64.MAX_VALUE;
  m.run_until = u64.MAX_VALUE;
  m.zone_next = reserved_threads(m);
  m.busy = 1;
}

/** Initialises a CPU and its idle thread, which is always in a critical section and on no queue. */
function init_cpu(m: Machine, cpu: u32): void {
  const gd = globaldata(cpu);
  gd.gd_cpuid = cpu;
  if (m.lwkt_modern != 0) gd.gd_flags = GDF_MODERN;
  gd.gd_hash = 0x51_7cc1b727220a95 * (<u64>cpu + 1);
  const idle = td_at(IDLE_INDEX + cpu);
  lwkt_init_thread(idle, 1, 0, gd);
  idle.td_body = <u8>TDB.NONE;
  idle.td_state = <u8>TDS.CAN_RUN;
  gd.gd_idletd = idle;
  gd.gd_curthread = idle;
  lwkt_gdinit(gd);
  callwheel_init(gd);
  if (cpu == 0) return;
  idle.td_lwflags |= TDL_STARTED;
  idle.td_state = <u8>TDS.RUNNING;
  gd.gd_flags |= GDF_HALTED;
}

/** The thread that boots: current on CPU 0, on no queue, in one critical section until the end of boot. */
function init_thread0(m: Machine): void {
  const gd = globaldata(0);
  const td = td_at(THREAD0_INDEX);
  m.curcpu = gd;
  lwkt_init_thread(td, 1, 0, gd);
  td.td_lwflags |= TDL_STARTED;
  td.td_state = <u8>TDS.RUNNING;
  td.td_body = <u8>TDB.NONE;
  gd.gd_curthread = td;
  m.thread0 = td;
  m.last_thread = td;
  m.host_td = td_at(HOST_INDEX);
  lwkt_init_thread(m.host_td, 1, 0, gd);
  if (m.bare == 0) td.td_pri -= TDPRI_CRIT;
}

/** The lowest guest address ends a thread: its first word is the call that a returning body makes. */
function init_text(m: Machine): void {
  if (m.text_size == 0) return;
  if (m.metal != 0) {
    mm_reset();
    return;
  }
  store<u32>(
    m.guest_base + <usize>m.guest_low,
    OP_CUSTOM_0 | ((<u32>Sys.body_return) << CALL_SHIFT),
  );
  rv32_decode_text(m.guest_low, m.guest_low + 4);
}

// ---- Processes ----

/** Creates proc0 with thread0, which is running, and everything that threads and processes depend on. */
function proc0_start(): void {
  const m = machine();
  sleepq_init();
  pidhash_init();
  m.nprocs = 1;
  m.nextpid = 1;
  m.proc0 = proc_construct();
  proc0_fill(m.proc0, m.thread0);
  threadinit();
  thread0_start(m.thread0);
  m.booted = 1;
}

function proc0_fill(p: Proc, td: Thread): void {
  proc0_init(p, td);
  p.p_flag = P_SYSTEM | P_KPROC;
  p.p_namefmt = str("kernel");
  p.p_ucred = crget(0);
  p.p_limit = lim_alloc(0);
}

function thread0_start(td: Thread): void {
  const c = cold(td);
  c.td_tid = THREAD0_TID;
  c.td_pflags = TDP_KTHREAD;
  c.td_pri_class = PRI_TIMESHARE;
  c.td_namefmt = str("swapper");
  c.td_kstack_pages = <u8>machine().kstack_pages;
  thread_cow_get_proc(c, machine().proc0);
  sched_prio(td, PVM);
  td.td_state = <u8>TDS.RUNNING;
  tidhash_add(td);
}

/** Creates init, whose thread sleeps until one of its children becomes a zombie. */
function init_start(): void {
  const m = machine();
  const error = fork1(m.thread0, RFFDG, 0);
  if (error != 0) panic("cannot fork init: %d\n", error);
  const p = m.allproc;
  const td = p.p_threads;
  m.initproc = p;
  p.p_namefmt = str("init");
  cold(td).td_namefmt = str("init");
  sched_prio(td, PWAIT);
  td.td_kfn = <u8>K.INIT_LOOP;
  sleepq_park(td, changetype<u32>(p), str("wait"));
}
