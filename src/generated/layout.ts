// Generated from assembly/sys by scripts/layout-transform.mjs. Do not edit: run the build instead.
//
// A struct `S` becomes `S` (its size in bytes and the byte offset of every field) and `STypes`
// (the type of every field; a reference to another struct is a `usize` address).

// assembly/sys/errno.ts
export const EPERM = 1;
export const ESRCH = 3;
export const EINTR = 4;
export const ENOMEM = 12;
export const EBUSY = 16;
export const EINVAL = 22;
export const EAGAIN = 35;
export const EWOULDBLOCK = 35;
export const EOPNOTSUPP = 45;
export const EPROCLIM = 67;
export const ENOSYS = 78;
export const ERESTART = -1;

// assembly/sys/globaldata.ts

export const GlobalData = {
  size: 196,
  gd_curthread: 0,
  gd_idletd: 4,
  gd_runqmask: 8,
  gd_reqpri: 12,
  gd_intr_nesting_level: 16,
  gd_cpuid: 20,
  gd_flags: 24,
  gd_tdfreecount: 28,
  gd_tdfreeq: 32,
  gd_tdfreeq_last: 36,
  gd_deadthread: 40,
  gd_nintr: 44,
  gd_nrunnable: 48,
  gd_switchticks: 52,
  gd_cycles: 56,
  gd_switchtime: 64,
  gd_slice_end: 72,
  gd_idle: 80,
  gd_switch_count: 88,
  gd_switches: 96,
  gd_preempt_hit: 104,
  gd_preempt_miss: 112,
  gd_preempt_weird: 120,
  gd_instructions: 128,
  gd_hash: 136,
  gd_ipi_sent: 144,
  gd_ipi_received: 152,
  gd_last: 160,
  gd_wheel: 164,
  gd_softticks: 168,
  gd_next_callout: 176,
  gd_halted_at: 184,
  gd_token_waits: 192,
} as const;

export const GlobalDataTypes = {
  gd_curthread: "usize",
  gd_idletd: "usize",
  gd_runqmask: "u32",
  gd_reqpri: "i32",
  gd_intr_nesting_level: "i32",
  gd_cpuid: "u32",
  gd_flags: "u32",
  gd_tdfreecount: "i32",
  gd_tdfreeq: "usize",
  gd_tdfreeq_last: "usize",
  gd_deadthread: "usize",
  gd_nintr: "u32",
  gd_nrunnable: "i32",
  gd_switchticks: "i32",
  gd_cycles: "u64",
  gd_switchtime: "u64",
  gd_slice_end: "u64",
  gd_idle: "u64",
  gd_switch_count: "u64",
  gd_switches: "u64",
  gd_preempt_hit: "u64",
  gd_preempt_miss: "u64",
  gd_preempt_weird: "u64",
  gd_instructions: "u64",
  gd_hash: "u64",
  gd_ipi_sent: "u64",
  gd_ipi_received: "u64",
  gd_last: "usize",
  gd_wheel: "usize",
  gd_softticks: "u64",
  gd_next_callout: "u64",
  gd_halted_at: "u64",
  gd_token_waits: "u32",
} as const;
export const GDF_RESCHED = 1;
export const GDF_IPI = 2;
export const GDF_HALTED = 4;
export const GLOBALDATA_STRIDE = 1024;
export const GD_RUNQ_OFFSET = 320;
export const GD_INTRQ_OFFSET = 576;

// assembly/sys/kobj.ts
export const KOBJ_WAIT = 1463896404;
export const KOBJ_TOKEN = 1414482766;
export const KOBJ_SIZE = 64;

export const LwktToken = {
  size: 12,
  ko_kind: 0,
  t_cpu: 4,
  t_reqcpu: 8,
} as const;

export const LwktTokenTypes = {
  ko_kind: "u32",
  t_cpu: "i32",
  t_reqcpu: "i32",
} as const;

export const LwktWait = {
  size: 28,
  ko_kind: 0,
  t_cpu: 4,
  t_reqcpu: 8,
  wa_gen: 12,
  wa_count: 16,
  wa_waitq: 20,
  wa_waitq_last: 24,
} as const;

export const LwktWaitTypes = {
  ko_kind: "u32",
  t_cpu: "i32",
  t_reqcpu: "i32",
  wa_gen: "i32",
  wa_count: "i32",
  wa_waitq: "usize",
  wa_waitq_last: "usize",
} as const;

// assembly/sys/ktr.ts

export const Ktr = {
  SWITCH: 1,
  XSWITCH: 2,
  START: 3,
  ALLOC: 4,
  SPLZ: 5,
  INTR: 6,
  RETURN: 7,
  KFREE: 8,
  ZFREE: 9,
  RUNNABLE: 10,
  FBSWITCH: 11,
  TICK: 12,
  ZOMBIE: 13,
  HARVEST: 14,
  STOPPED: 15,
  CTOR: 16,
  DTOR: 17,
  INIT: 18,
  FINI: 19,
  TIDSET: 20,
  TIDCLEAR: 21,
  COUNT: 22,
  WAKEUP: 23,
  CREATE: 24,
  EXIT: 25,
  BLOCK: 26,
  NAME: 27,
} as const;
export const KTR_SCHED = 1;
export const KTR_LWKT = 2;
export const KTR_PROC = 4;
export const KTR_THREAD = 8;

export const KtrRecord = {
  size: 32,
  kr_time: 0,
  kr_type: 8,
  kr_cpu: 10,
  kr_a: 12,
  kr_b: 16,
  kr_c: 20,
  kr_d: 24,
  kr_e: 28,
} as const;

export const KtrRecordTypes = {
  kr_time: "u64",
  kr_type: "u16",
  kr_cpu: "u16",
  kr_a: "u32",
  kr_b: "u32",
  kr_c: "u32",
  kr_d: "u32",
  kr_e: "u32",
} as const;

// assembly/sys/machine.ts

export const Sched = {
  LWKT: 0,
  BSD4: 1,
} as const;

export const Machine = {
  size: 476,
  curcpu: 0,
  ncpus: 4,
  maxthread: 8,
  maxproc: 12,
  max_threads_per_proc: 16,
  hz: 20,
  sched: 24,
  ndomains: 28,
  seed: 32,
  cycles_per_second: 40,
  cycles_per_tick: 48,
  quantum: 56,
  cycle_cost: 64,
  preemption: 68,
  rr_ticks: 72,
  kstack_depth: 76,
  kstack_pages: 80,
  frame_high: 84,
  guest_size: 88,
  text_size: 92,
  td_base: 96,
  td_count: 100,
  frame_delta: 104,
  high_delta: 108,
  cold_base: 112,
  kstack_base: 116,
  stats_base: 120,
  proc_base: 124,
  cred_base: 128,
  limit_base: 132,
  tid_bitmap: 136,
  tid_index: 140,
  tidhash_base: 144,
  pidhash_base: 148,
  sleepq_base: 152,
  callwheel_base: 156,
  chunk_base: 160,
  chunk_end: 164,
  bsd4_base: 168,
  ipiq_base: 172,
  string_base: 176,
  string_end: 180,
  ktr_base: 184,
  ktr_end: 188,
  decoded_base: 192,
  guest_base: 196,
  arena_end: 200,
  booted: 204,
  ticks: 208,
  ticks64: 216,
  tick_epoch: 224,
  now: 232,
  round_end: 240,
  round_cpu: 248,
  run_reason: 252,
  run_switches: 256,
  run_until: 264,
  stop_request: 272,
  busy: 280,
  ipi_cpus: 288,
  untimely_switch: 296,
  rng: 304,
  thread0: 312,
  proc0: 316,
  initproc: 320,
  allproc: 324,
  nthreads: 328,
  nprocs: 332,
  nextpid: 336,
  trytid: 340,
  tidhash_mask: 344,
  tidhashlock: 348,
  pidhash_mask: 352,
  sleepq_mask: 356,
  zone_free: 360,
  zone_next: 364,
  zone_constructed: 368,
  proc_free: 372,
  proc_next: 376,
  cred_free: 380,
  cred_next: 384,
  limit_free: 388,
  limit_next: 392,
  chunk_free: 396,
  chunk_next: 400,
  string_next: 404,
  next_cpu: 408,
  last_thread: 412,
  kstack_fail: 416,
  lwkt_zone_next: 420,
  reap_lastfail: 424,
  reap_curfail: 428,
  proc_lastfail: 432,
  proc_curfail: 436,
  reap_pending: 440,
  ktr_mask: 444,
  ktr_next: 448,
  stats: 452,
  panicked: 456,
  panic_fmt: 460,
  panic_arg0: 464,
  panic_arg1: 468,
  panic_arg2: 472,
} as const;

export const MachineTypes = {
  curcpu: "usize",
  ncpus: "u32",
  maxthread: "i32",
  maxproc: "i32",
  max_threads_per_proc: "i32",
  hz: "u32",
  sched: "u32",
  ndomains: "u32",
  seed: "u64",
  cycles_per_second: "u64",
  cycles_per_tick: "u64",
  quantum: "u64",
  cycle_cost: "u32",
  preemption: "u32",
  rr_ticks: "u32",
  kstack_depth: "u32",
  kstack_pages: "u32",
  frame_high: "u32",
  guest_size: "u32",
  text_size: "u32",
  td_base: "usize",
  td_count: "u32",
  frame_delta: "usize",
  high_delta: "usize",
  cold_base: "usize",
  kstack_base: "usize",
  stats_base: "usize",
  proc_base: "usize",
  cred_base: "usize",
  limit_base: "usize",
  tid_bitmap: "usize",
  tid_index: "usize",
  tidhash_base: "usize",
  pidhash_base: "usize",
  sleepq_base: "usize",
  callwheel_base: "usize",
  chunk_base: "usize",
  chunk_end: "usize",
  bsd4_base: "usize",
  ipiq_base: "usize",
  string_base: "usize",
  string_end: "usize",
  ktr_base: "usize",
  ktr_end: "usize",
  decoded_base: "usize",
  guest_base: "usize",
  arena_end: "usize",
  booted: "u32",
  ticks: "i32",
  ticks64: "u64",
  tick_epoch: "u64",
  now: "u64",
  round_end: "u64",
  round_cpu: "u32",
  run_reason: "u32",
  run_switches: "u64",
  run_until: "u64",
  stop_request: "u32",
  busy: "u64",
  ipi_cpus: "u64",
  untimely_switch: "i32",
  rng: "u64",
  thread0: "usize",
  proc0: "usize",
  initproc: "usize",
  allproc: "usize",
  nthreads: "i32",
  nprocs: "i32",
  nextpid: "i32",
  trytid: "i32",
  tidhash_mask: "u32",
  tidhashlock: "u32",
  pidhash_mask: "u32",
  sleepq_mask: "u32",
  zone_free: "usize",
  zone_next: "u32",
  zone_constructed: "u32",
  proc_free: "usize",
  proc_next: "u32",
  cred_free: "usize",
  cred_next: "u32",
  limit_free: "usize",
  limit_next: "u32",
  chunk_free: "usize",
  chunk_next: "usize",
  string_next: "usize",
  next_cpu: "u32",
  last_thread: "usize",
  kstack_fail: "u32",
  lwkt_zone_next: "u32",
  reap_lastfail: "i32",
  reap_curfail: "i32",
  proc_lastfail: "i32",
  proc_curfail: "i32",
  reap_pending: "u32",
  ktr_mask: "u32",
  ktr_next: "usize",
  stats: "u32",
  panicked: "u32",
  panic_fmt: "u32",
  panic_arg0: "u32",
  panic_arg1: "u32",
  panic_arg2: "u32",
} as const;

// assembly/sys/param.ts
export const MACHINE_ADDRESS = 1024;
export const GLOBALDATA_ADDRESS = 4096;
export const MAXCPU = 64;
export const MAXMEMDOM = 8;
export const NO_PID = 100000;
export const THREAD0_TID = 100000;
export const PID_MAX = 99999;
export const MAXCOMLEN = 19;
export const LWKT_COMLEN = 16;
export const NRUNQ = 32;
export const RQ_NQS = 256;
export const CACHE_NTHREADS = 6;
export const KSTACK_PAGES = 4;
export const KSTACK_MAX_PAGES = 32;
export const NINTR = 32;
export const IPIQ_SLOTS = 256;
export const PRI_MIN = 0;
export const PSWP = 48;
export const PVM = 52;
export const PINOD = 56;
export const PRIBIO = 60;
export const PVFS = 64;
export const PZERO = 68;
export const PSOCK = 72;
export const PWAIT = 76;
export const PLOCK = 80;
export const PPAUSE = 84;
export const PUSER = 88;
export const PRI_MAX = 255;
export const PRIMASK = 255;
export const PCATCH = 256;
export const PDROP = 512;
export const RFNAMEG = 1;
export const RFFDG = 4;
export const RFPROC = 16;
export const RFMEM = 32;
export const RFCFDG = 4096;
export const RFSTOPPED = 131072;

// assembly/sys/proc.ts

export const Thread = {
  size: 64,
  td_pri: 0,
  td_flags: 4,
  td_lwflags: 8,
  td_state: 10,
  td_inhib: 11,
  td_slot: 12,
  td_wchan: 16,
  td_wait: 20,
  td_qnext: 24,
  td_qprev: 28,
  td_proc: 32,
  td_preempted: 36,
  td_runtime: 40,
  td_nvcsw: 48,
  td_nivcsw: 52,
  td_kfn: 56,
  td_kdepth: 57,
  td_cpu: 58,
  td_body: 59,
  td_ka: 60,
} as const;

export const ThreadTypes = {
  td_pri: "i32",
  td_flags: "u32",
  td_lwflags: "u16",
  td_state: "u8",
  td_inhib: "u8",
  td_slot: "u32",
  td_wchan: "u32",
  td_wait: "u32",
  td_qnext: "u32",
  td_qprev: "u32",
  td_proc: "usize",
  td_preempted: "usize",
  td_runtime: "u64",
  td_nvcsw: "u32",
  td_nivcsw: "u32",
  td_kfn: "u8",
  td_kdepth: "u8",
  td_cpu: "u8",
  td_body: "u8",
  td_ka: "u32",
} as const;

export const Frame = {
  size: 64,
  pc: 0,
  ra: 4,
  sp: 8,
  gp: 12,
  tp: 16,
  t0: 20,
  t1: 24,
  t2: 28,
  s0: 32,
  s1: 36,
  a0: 40,
  a1: 44,
  a2: 48,
  a3: 52,
  a4: 56,
  a5: 60,
} as const;

export const FrameTypes = {
  pc: "u32",
  ra: "u32",
  sp: "u32",
  gp: "u32",
  tp: "u32",
  t0: "u32",
  t1: "u32",
  t2: "u32",
  s0: "u32",
  s1: "u32",
  a0: "u32",
  a1: "u32",
  a2: "u32",
  a3: "u32",
  a4: "u32",
  a5: "u32",
} as const;

export const FrameHigh = {
  size: 64,
  a6: 0,
  a7: 4,
  s2: 8,
  s3: 12,
  s4: 16,
  s5: 20,
  s6: 24,
  s7: 28,
  s8: 32,
  s9: 36,
  s10: 40,
  s11: 44,
  t3: 48,
  t4: 52,
  t5: 56,
  t6: 60,
} as const;

export const FrameHighTypes = {
  a6: "u32",
  a7: "u32",
  s2: "u32",
  s3: "u32",
  s4: "u32",
  s5: "u32",
  s6: "u32",
  s7: "u32",
  s8: "u32",
  s9: "u32",
  s10: "u32",
  s11: "u32",
  t3: "u32",
  t4: "u32",
  t5: "u32",
  t6: "u32",
} as const;

export const ThreadCold = {
  size: 96,
  td_tid: 0,
  td_plist_next: 4,
  td_plist_prev: 8,
  td_hash_next: 12,
  td_hash_prev: 16,
  td_hash_stamp: 20,
  td_ucred: 24,
  td_limit: 28,
  td_cowgen: 32,
  td_wmesg: 36,
  td_c_next: 40,
  td_c_prev: 44,
  td_c_time: 48,
  td_sq_tail: 56,
  td_sq_next: 60,
  td_sq_prev: 64,
  td_namefmt: 68,
  td_namearg: 72,
  td_kb: 76,
  td_retval: 80,
  td_pflags: 84,
  td_ast: 86,
  td_intrval: 87,
  td_priority: 88,
  td_base_pri: 89,
  td_pri_class: 90,
  td_kstack_pages: 91,
  td_allocdomain: 92,
  td_dbgflags: 93,
  td_cflags: 94,
  td_critnest: 95,
} as const;

export const ThreadColdTypes = {
  td_tid: "i32",
  td_plist_next: "usize",
  td_plist_prev: "usize",
  td_hash_next: "usize",
  td_hash_prev: "usize",
  td_hash_stamp: "u32",
  td_ucred: "usize",
  td_limit: "usize",
  td_cowgen: "u32",
  td_wmesg: "u32",
  td_c_next: "u32",
  td_c_prev: "u32",
  td_c_time: "u64",
  td_sq_tail: "usize",
  td_sq_next: "usize",
  td_sq_prev: "usize",
  td_namefmt: "u32",
  td_namearg: "u32",
  td_kb: "u32",
  td_retval: "i32",
  td_pflags: "u16",
  td_ast: "u8",
  td_intrval: "i8",
  td_priority: "u8",
  td_base_pri: "u8",
  td_pri_class: "u8",
  td_kstack_pages: "u8",
  td_allocdomain: "u8",
  td_dbgflags: "u8",
  td_cflags: "u8",
  td_critnest: "u8",
} as const;

export const Ucred = {
  size: 12,
  cr_ref: 0,
  cr_uid: 4,
  cr_next: 8,
} as const;

export const UcredTypes = {
  cr_ref: "u32",
  cr_uid: "u32",
  cr_next: "usize",
} as const;

export const Plimit = {
  size: 12,
  pl_ref: 0,
  pl_id: 4,
  pl_next: 8,
} as const;

export const PlimitTypes = {
  pl_ref: "u32",
  pl_id: "u32",
  pl_next: "usize",
} as const;

export const Proc = {
  size: 136,
  p_pid: 0,
  p_state: 4,
  p_flag: 8,
  p_flag2: 12,
  p_stat: 16,
  p_threads: 20,
  p_threads_last: 24,
  p_numthreads: 28,
  p_suspcount: 32,
  p_boundary_count: 36,
  p_exitthreads: 40,
  p_pendingexits: 44,
  p_singlethread: 48,
  p_siglist: 52,
  p_ps_flag: 56,
  p_cowgen: 60,
  p_xexit: 64,
  p_ucred: 68,
  p_limit: 72,
  p_pptr: 76,
  p_children: 80,
  p_sibling_next: 84,
  p_sibling_prev: 88,
  p_list_next: 92,
  p_list_prev: 96,
  p_hash_next: 100,
  p_runtime: 104,
  p_nvcsw: 112,
  p_nivcsw: 120,
  p_namefmt: 128,
  p_namearg: 132,
} as const;

export const ProcTypes = {
  p_pid: "i32",
  p_state: "u32",
  p_flag: "u32",
  p_flag2: "u32",
  p_stat: "u32",
  p_threads: "usize",
  p_threads_last: "usize",
  p_numthreads: "i32",
  p_suspcount: "i32",
  p_boundary_count: "i32",
  p_exitthreads: "i32",
  p_pendingexits: "i32",
  p_singlethread: "usize",
  p_siglist: "u32",
  p_ps_flag: "u32",
  p_cowgen: "u32",
  p_xexit: "i32",
  p_ucred: "usize",
  p_limit: "usize",
  p_pptr: "usize",
  p_children: "usize",
  p_sibling_next: "usize",
  p_sibling_prev: "usize",
  p_list_next: "usize",
  p_list_prev: "usize",
  p_hash_next: "usize",
  p_runtime: "u64",
  p_nvcsw: "u64",
  p_nivcsw: "u64",
  p_namefmt: "u32",
  p_namearg: "u32",
} as const;

export const TDB = {
  NONE: 0,
  RV32: 1,
  HOST: 2,
} as const;

export const TDS = {
  INACTIVE: 0,
  INHIBITED: 1,
  CAN_RUN: 2,
  RUNQ: 3,
  RUNNING: 4,
} as const;
export const TDI_SUSPENDED = 1;
export const TDI_SLEEPING = 2;
export const TDB_INCALL = 128;
export const TDB_KIND = 127;
export const TDF_INMEM = 4;
export const TDF_SINTR = 8;
export const TDF_TIMEOUT = 16;
export const TDF_KTH_SUSP = 256;
export const TDF_ALLPROCSUSP = 512;
export const TDF_BOUNDARY = 1024;
export const TDF_SBDRY = 8192;
export const TDF_SERESTART = 524288;
export const TDF_SEINTR = 2097152;
export const TDF_EXITED = 1;
export const TDF_RUNQ = 2;
export const TDF_PREEMPT_LOCK = 4;
export const TDF_PREEMPT_DONE = 8;
export const TDF_STARTED = 16;
export const TDF_INTRANSIT = 32;
export const TDF_ALLOCATED_THREAD = 512;
export const TDF_ALLOCATED_STACK = 1024;
export const TDF_VERBOSE = 2048;
export const TDF_DEADLKTREAT = 4096;
export const TDF_STOPREQ = 8192;
export const TDF_WAKEREQ = 16384;
export const TDF_LWTIMEOUT = 32768;
export const TDPRI_MASK = 31;
export const TDPRI_MAX = 31;
export const TDPRI_CRIT = 32;
export const TDP_KTHREAD = 1;
export const TDA_SUSPEND = 1;
export const TDB_SUSPEND = 1;
export const TDC_ARMED = 1;
export const TDC_DEADLINE = 2;
export const PRI_ITHD = 1;
export const PRI_REALTIME = 2;
export const PRI_TIMESHARE = 3;
export const PRI_IDLE = 4;

export const PRS = {
  NEW: 0,
  NORMAL: 1,
  ZOMBIE: 2,
} as const;
export const SIDL = 1;
export const SRUN = 2;
export const SSLEEP = 3;
export const SSTOP = 4;
export const SZOMB = 5;
export const P_KPROC = 4;
export const P_HADTHREADS = 128;
export const P_SYSTEM = 512;
export const P_SINGLE_EXIT = 1024;
export const P_TRACED = 2048;
export const P_WEXIT = 8192;
export const P_STOPPED_SIG = 131072;
export const P_STOPPED_TRACE = 262144;
export const P_STOPPED_SINGLE = 524288;
export const P_SINGLE_BOUNDARY = 4194304;
export const P_TOTAL_STOP = 33554432;
export const P_SHOULDSTOP_MASK = 917504;
export const P2_WEXIT = 262144;
export const PS_NOCLDWAIT = 1;
export const SINGLE_NO_EXIT = 0;
export const SINGLE_EXIT = 1;
export const SINGLE_BOUNDARY = 2;
export const SINGLE_ALLPROC = 3;

// assembly/sys/queue.ts

export const ThreadList = {
  size: 8,
  first: 0,
  last: 4,
} as const;

export const ThreadListTypes = {
  first: "usize",
  last: "usize",
} as const;

// assembly/sys/runq.ts
export const CHUNK_SIZE = 256;
export const CHUNK_SLOT0 = 8;
export const CHUNK_SLOTS = 62;

export const Level = {
  size: 8,
  head: 0,
  tail: 4,
} as const;

export const LevelTypes = {
  head: "usize",
  tail: "usize",
} as const;

export const Chunk = {
  size: 8,
  next: 0,
  prev_dead: 4,
} as const;

export const ChunkTypes = {
  next: "usize",
  prev_dead: "usize",
} as const;

// assembly/sys/thread.ts
export const THREAD_SHIFT = 6;
