// Generated from assembly/sys by scripts/layout-transform.mjs. Do not edit: run the build instead.
//
// A struct `S` becomes `S` (its size in bytes and the byte offset of every field) and `STypes`
// (the type of every field; a reference to another struct is a `usize` address).

// assembly/sys/callout.ts

export const CalloutLink = {
  size: 12,
  c_time: 0,
  c_slot: 8,
} as const;

export const CalloutLinkTypes = {
  c_time: "u64",
  c_slot: "usize",
} as const;

export const CalloutFn = {
  NONE: 0,
  THREAD_REAP: 1,
} as const;

export const Callout = {
  size: 28,
  c_time: 0,
  c_slot: 8,
  c_fn: 12,
  c_arg: 16,
  c_cpu: 20,
  c_armed: 24,
} as const;

export const CalloutTypes = {
  c_time: "u64",
  c_slot: "usize",
  c_fn: "u32",
  c_arg: "u32",
  c_cpu: "u32",
  c_armed: "u32",
} as const;

export const CalloutWheel = {
  size: 48,
  cw_ticks: 0,
  cw_exact: 8,
  cw_count: 12,
  cw_sum0: 16,
  cw_sum1: 24,
  cw_sum2: 32,
  cw_deal_head: 40,
  cw_deal_tail: 44,
} as const;

export const CalloutWheelTypes = {
  cw_ticks: "u64",
  cw_exact: "u32",
  cw_count: "u32",
  cw_sum0: "u64",
  cw_sum1: "u64",
  cw_sum2: "u64",
  cw_deal_head: "usize",
  cw_deal_tail: "usize",
} as const;
export const WHEEL_BITS_OFFSET = 64;
export const WHEEL_BITS_SIZE = 512;
export const WHEEL_LISTS_OFFSET = 1600;
export const WHEEL_SLOTS = 8704;
export const WHEEL_SIZE = 71296;

// assembly/sys/chunklist.ts
export const CHUNK_SIZE = 512;
export const CHUNK_MASK = 511;

export const Chunk = {
  size: 8,
  next: 0,
  prev_dead: 4,
} as const;

export const ChunkTypes = {
  next: "usize",
  prev_dead: "usize",
} as const;
export const SLOT_SIZE = 4;
export const CHUNK_SLOT0 = 8;
export const CHUNK_SLOTS = 126;

export const ChunkList = {
  size: 8,
  head: 0,
  tail: 4,
} as const;

export const ChunkListTypes = {
  head: "usize",
  tail: "usize",
} as const;

export const ChunkLists = {
  size: 16,
  cl_next: 0,
  cl_count: 4,
  cl_field: 8,
  cl_pad: 12,
} as const;

export const ChunkListsTypes = {
  cl_next: "usize",
  cl_count: "u32",
  cl_field: "usize",
  cl_pad: "u32",
} as const;

// assembly/sys/deadline.ts

export const Deadline = {
  size: 72,
  dl_runtime: 0,
  dl_relative: 8,
  dl_period: 16,
  dl_until: 24,
  dl_limit: 32,
  dl_job: 40,
  dl_jobs: 48,
  dl_misses: 52,
  dl_share: 56,
  dl_next: 60,
  dl_cpu: 64,
  dl_flags: 68,
} as const;

export const DeadlineTypes = {
  dl_runtime: "u64",
  dl_relative: "u64",
  dl_period: "u64",
  dl_until: "u64",
  dl_limit: "u64",
  dl_job: "u64",
  dl_jobs: "u32",
  dl_misses: "u32",
  dl_share: "u32",
  dl_next: "u32",
  dl_cpu: "u32",
  dl_flags: "u32",
} as const;
export const DLF_OFF = 1;
export const DLF_THROTTLED = 2;
export const DLF_NEXT = 4;
export const DLF_ASKED = 8;

export const DlCpu = {
  size: 8,
  dc_share: 0,
  dc_threads: 4,
} as const;

export const DlCpuTypes = {
  dc_share: "u32",
  dc_threads: "u32",
} as const;
export const LENT_DEADLINE = 239;
export const DL_UNIT = 1048576;

// assembly/sys/errno.ts
export const EPERM = 1;
export const ESRCH = 3;
export const EINTR = 4;
export const ECHILD = 10;
export const EDEADLK = 11;
export const ENOMEM = 12;
export const EBUSY = 16;
export const EINVAL = 22;
export const EAGAIN = 35;
export const EWOULDBLOCK = 35;
export const EOPNOTSUPP = 45;
export const EPROCLIM = 67;
export const ENOLCK = 77;
export const ENOSYS = 78;
export const ERESTART = -1;

// assembly/sys/eventhandler.ts

export const EventList = {
  SHUTDOWN_PRE_SYNC: 0,
  SHUTDOWN_POST_SYNC: 1,
  SHUTDOWN_FINAL: 2,
  THREAD_CTOR: 3,
  THREAD_DTOR: 4,
  THREAD_INIT: 5,
  THREAD_FINI: 6,
} as const;
export const EVENT_LISTS = 7;

export const EventFn = {
  HOST: 0,
  KTHREAD_SHUTDOWN: 1,
  KPROC_SHUTDOWN: 2,
} as const;
export const EVENTHANDLER_PRI_FIRST = 0;
export const EVENTHANDLER_PRI_ANY = 10000;
export const EVENTHANDLER_PRI_LAST = 20000;

export const EventHandler = {
  size: 32,
  ko_kind: 0,
  ee_next: 4,
  ee_list: 8,
  ee_priority: 12,
  ee_fn: 16,
  ee_arg: 20,
  ee_id: 24,
  ee_live: 28,
} as const;

export const EventHandlerTypes = {
  ko_kind: "u32",
  ee_next: "usize",
  ee_list: "u32",
  ee_priority: "i32",
  ee_fn: "u32",
  ee_arg: "u32",
  ee_id: "i32",
  ee_live: "u32",
} as const;

export const EventLists = {
  size: 4,
  ko_kind: 0,
} as const;

export const EventListsTypes = {
  ko_kind: "u32",
} as const;

// assembly/sys/fault.ts
export const RV_FAULT_ILLEGAL = 1;
export const RV_FAULT_FETCH = 2;
export const RV_FAULT_LOAD = 3;
export const RV_FAULT_STORE = 4;
export const RV_FAULT_MISALIGNED_ATOMIC = 6;
export const RV_FAULT_BREAKPOINT = 7;
export const RV_FAULT_STACK = 8;
export const RV_FAULT_ECALL = 9;
export const RV_FAULT_MRET = 10;
export const RV_BREAK = 5;

// assembly/sys/globaldata.ts

export const GlobalData = {
  size: 232,
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
  gd_wheel: 160,
  gd_softticks: 168,
  gd_next_callout: 176,
  gd_pend_first: 184,
  gd_pend_last: 188,
  gd_pend_current: 192,
  gd_slice_td: 196,
  gd_slice_reason: 200,
  gd_late: 204,
  gd_in_slice: 208,
  gd_broken: 212,
  gd_schedclock: 216,
  gd_switch_why: 224,
  gd_touched: 228,
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
  gd_wheel: "usize",
  gd_softticks: "u64",
  gd_next_callout: "u64",
  gd_pend_first: "usize",
  gd_pend_last: "usize",
  gd_pend_current: "usize",
  gd_slice_td: "usize",
  gd_slice_reason: "u32",
  gd_late: "u32",
  gd_in_slice: "u32",
  gd_broken: "u32",
  gd_schedclock: "u64",
  gd_switch_why: "u32",
  gd_touched: "u32",
} as const;
export const GDF_RESCHED = 1;
export const GDF_INVOL = 8;
export const GDF_INTR = 16;
export const GDF_SLICEEND = 32;
export const GDF_DEADLINE = 64;
export const GDF_USERS = 128;
export const GDF_MODERN = 256;
export const GDF_HALTED = 4;
export const GD_RUNQ_OFFSET = 256;
export const GD_INTRQ_OFFSET = 528;
export const GD_CPU_OFFSET = 832;

// assembly/sys/intr.ts

export const IntrLine = {
  size: 8,
  il_thread: 0,
  il_count: 4,
} as const;

export const IntrLineTypes = {
  il_thread: "usize",
  il_count: "u32",
} as const;

export const PendCell = {
  size: 12,
  pc_kind: 0,
  pc_next: 4,
  pc_td: 8,
} as const;

export const PendCellTypes = {
  pc_kind: "u32",
  pc_next: "usize",
  pc_td: "usize",
} as const;

// assembly/sys/ipiq.ts
export const ASK_ARRIVE = 1;
export const ASK_SETPRI = 2;
export const ASK_PRIO = 4;
export const ASK_GRANT = 8;
export const ASK_STOP = 16;
export const ASK_RUN = 32;
export const ASK_INTR = 64;
export const ASK_AST = 128;
export const ASK_MOVE = 256;
export const ASK_LEND = 4096;
export const ASK_KINDS = 4607;
export const MOVE_INTO_SET = 128;
export const ASK_RETRY = 512;
export const ASK_RUN_LAST = 1024;
export const ASK_SETPRI_LAST = 2048;

export const Letter = {
  size: 16,
  lt_new: 0,
  lt_due: 2,
  lt_pri_new: 4,
  lt_pri_due: 6,
  lt_prio_new: 8,
  lt_prio_due: 9,
  lt_cpu_new: 10,
  lt_cpu_due: 11,
  lt_slot: 12,
} as const;

export const LetterTypes = {
  lt_new: "u16",
  lt_due: "u16",
  lt_pri_new: "u16",
  lt_pri_due: "u16",
  lt_prio_new: "u8",
  lt_prio_due: "u8",
  lt_cpu_new: "u8",
  lt_cpu_due: "u8",
  lt_slot: "u32",
} as const;

// assembly/sys/kobj.ts
export const KOBJ_WAIT = 1463896404;
export const KOBJ_TOKEN = 1414482766;
export const KOBJ_EVENT = 1163284052;
export const KOBJ_PEND = 1346719300;
export const KOBJ_SIZE = 128;

export const LwktToken = {
  size: 44,
  ko_kind: 0,
  t_cpu: 4,
  t_reqcpu: 8,
  t_granted: 12,
  t_round: 16,
  t_line: 20,
  t_line_last: 24,
  t_count: 28,
  t_due: 32,
  t_next: 36,
  t_listed: 40,
} as const;

export const LwktTokenTypes = {
  ko_kind: "u32",
  t_cpu: "i32",
  t_reqcpu: "i32",
  t_granted: "usize",
  t_round: "u32",
  t_line: "usize",
  t_line_last: "usize",
  t_count: "u32",
  t_due: "u32",
  t_next: "usize",
  t_listed: "u32",
} as const;

export const LwktWait = {
  size: 60,
  ko_kind: 0,
  t_cpu: 4,
  t_reqcpu: 8,
  t_granted: 12,
  t_round: 16,
  t_line: 20,
  t_line_last: 24,
  t_count: 28,
  t_due: 32,
  t_next: 36,
  t_listed: 40,
  wa_gen: 44,
  wa_count: 48,
  wa_waitq: 52,
  wa_waitq_last: 56,
} as const;

export const LwktWaitTypes = {
  ko_kind: "u32",
  t_cpu: "i32",
  t_reqcpu: "i32",
  t_granted: "usize",
  t_round: "u32",
  t_line: "usize",
  t_line_last: "usize",
  t_count: "u32",
  t_due: "u32",
  t_next: "usize",
  t_listed: "u32",
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
  NAME: 26,
  SLEEP: 27,
  SUSPEND: 28,
} as const;
export const WHY_CALLOUT = 16;
export const KTR_SCHED = 1;
export const KTR_LWKT = 2;
export const KTR_PROC = 4;
export const KTR_THREAD = 8;
export const KTR_STATE = 16;

export const SW = {
  YIELD: 0,
  PREEMPTED: 1,
  SLEEP: 2,
  SUSPENDED: 3,
  DESCHEDULED: 4,
  EXIT: 5,
} as const;

export const KtrRecord = {
  size: 32,
  kr_time: 0,
  kr_type: 8,
  kr_cpu: 10,
  kr_why: 11,
  kr_a: 12,
  kr_b: 16,
  kr_c: 20,
  kr_d: 24,
  kr_e: 28,
} as const;

export const KtrRecordTypes = {
  kr_time: "u64",
  kr_type: "u16",
  kr_cpu: "u8",
  kr_why: "u8",
  kr_a: "u32",
  kr_b: "u32",
  kr_c: "u32",
  kr_d: "u32",
  kr_e: "u32",
} as const;

// assembly/sys/lockprof.ts

export const LockTimes = {
  size: 24,
  lt_sum: 0,
  lt_max: 8,
  lt_count: 16,
} as const;

export const LockTimesTypes = {
  lt_sum: "u64",
  lt_max: "u64",
  lt_count: "u64",
} as const;
export const LOCK_TIMES_STRIDE = 696;

export const LockProfile = {
  size: 8,
  lp_since: 0,
} as const;

export const LockProfileTypes = {
  lp_since: "u64",
} as const;
export const LOCK_PROFILE_STRIDE = 1400;

export const LockWait = {
  size: 12,
  lw_since: 0,
  lw_owner: 8,
} as const;

export const LockWaitTypes = {
  lw_since: "u64",
  lw_owner: "i32",
} as const;

export const LockPair = {
  size: 24,
  pr_lock: 0,
  pr_waiter: 4,
  pr_owner: 8,
  pr_count: 12,
  pr_cycles: 16,
} as const;

export const LockPairTypes = {
  pr_lock: "u32",
  pr_waiter: "i32",
  pr_owner: "i32",
  pr_count: "u32",
  pr_cycles: "u64",
} as const;

// assembly/sys/machine.ts

export const Sched = {
  LWKT: 0,
  BSD4: 1,
  ULE: 2,
  HOST: 3,
} as const;

export const Run = {
  HOST: 1,
  IDLE: 2,
  TIME: 3,
  SWITCHES: 4,
  STOPPED: 5,
  BUDGET: 6,
  BREAK: 7,
} as const;
export const RUN_REASON = 7;
export const RUN_FRESH = 8;
export const FAULT_PANICS = 0;
export const FAULT_ENDS_THREAD = 1;
export const LOCK_WITNESS = 1;
export const LOCK_PROFILE = 2;
export const DEBUG_NEXT = 1;
export const DEBUG_FAULTS = 2;
export const DEBUG_MARKS = 4;

export const Machine = {
  size: 1000,
  curcpu: 0,
  ncpus: 4,
  maxthread: 8,
  maxproc: 12,
  max_threads_per_proc: 16,
  hz: 20,
  sched: 24,
  lwkt_modern: 28,
  ndomains: 32,
  seed: 40,
  cycles_per_second: 48,
  cycles_per_tick: 56,
  quantum: 64,
  cycle_cost: 72,
  preemption: 76,
  rr_cycles: 80,
  rq_mask: 88,
  core_cpus: 92,
  cache_cpus: 96,
  package_cpus: 100,
  kstack_depth: 104,
  kstack_pages: 108,
  bare: 112,
  frame_high: 116,
  metal: 120,
  guest_origin: 124,
  guest_low: 128,
  guest_size: 132,
  text_size: 136,
  kobj_count: 140,
  string_size: 144,
  fault_mode: 148,
  stack_page: 152,
  chaos: 156,
  user_threads: 160,
  search: 164,
  lock_watch: 168,
  lock_adaptive: 172,
  td_base: 176,
  td_count: 180,
  frame_delta: 184,
  high_delta: 188,
  cold_delta: 192,
  rare_delta: 196,
  locks_delta: 200,
  kstack_base: 204,
  stats_base: 208,
  proc_base: 212,
  cred_base: 216,
  limit_base: 220,
  tid_bitmap: 224,
  tid_summary: 228,
  tid_top: 232,
  tid_tops: 236,
  tid_index: 240,
  tidhash_base: 244,
  tidhash_limits: 248,
  pidhash_base: 252,
  sleepq_base: 256,
  tokens_base: 260,
  callwheel_base: 264,
  reap_base: 268,
  chunk_base: 272,
  chunk_end: 276,
  sched_base: 280,
  sched_queues: 284,
  sched_delta: 288,
  sched_cpus: 292,
  dl_base: 296,
  dl_index: 300,
  letter_delta: 304,
  affinity_delta: 308,
  letters_new: 312,
  letters_due: 316,
  stack_base: 320,
  strhash_base: 324,
  strhash_mask: 328,
  strhash_count: 332,
  string_base: 336,
  string_end: 340,
  ktr_base: 344,
  ktr_end: 348,
  decoded_base: 352,
  guest_base: 356,
  mmode_base: 360,
  search_base: 364,
  search_end: 368,
  witness_base: 372,
  lockprof_base: 376,
  arena_end: 380,
  carve: 384,
  booted: 392,
  ticks: 396,
  ticks64: 400,
  tick_epoch: 408,
  tick_end: 416,
  now: 424,
  round_end: 432,
  round_cpu: 440,
  round_first: 444,
  rounds: 448,
  run_switches: 456,
  run_limited: 464,
  run_rounds: 468,
  run_until: 472,
  stop_request: 480,
  timeouts: 484,
  callout_bound: 488,
  busy: 496,
  ipi_cpus: 504,
  ipi_late: 512,
  ipi_dropped: 520,
  letters_new_count: 528,
  letters_due_count: 532,
  letters_new_most: 536,
  letters_due_most: 540,
  tok_first: 544,
  tok_last: 548,
  reserved: 552,
  untimely_switch: 560,
  sleep_procs: 564,
  intr_base: 568,
  kobj_next: 572,
  kobj_end: 576,
  kobj_free: 580,
  kobj_base: 584,
  pool_tokens: 588,
  rng: 592,
  chaos_rng: 600,
  thread0: 608,
  host_td: 612,
  proc0: 616,
  initproc: 620,
  allproc: 624,
  nthreads: 628,
  nprocs: 632,
  nextpid: 636,
  trytid: 640,
  tid_low: 644,
  tid_high: 648,
  tid_care: 652,
  tidhash_mask: 656,
  tidhashlock: 660,
  pidhash_mask: 664,
  sleepq_mask: 668,
  zone_free: 672,
  zone_next: 676,
  zone_constructed: 680,
  proc_free: 684,
  proc_next: 688,
  cred_free: 692,
  cred_next: 696,
  limit_free: 700,
  limit_next: 704,
  chunk_free: 708,
  chunk_next: 712,
  chunk_lists: 716,
  string_next: 720,
  next_cpu: 724,
  last_thread: 728,
  kstack_fail: 732,
  users: 736,
  users_seconds: 740,
  sched_tick: 744,
  sched_slice: 752,
  sched_second: 760,
  sched_ldavg: 768,
  sched_seconds: 772,
  sched_ms: 776,
  sched_balance: 784,
  ule_interact: 792,
  ule_affinity: 796,
  ule_balance: 800,
  ule_interval: 804,
  ule_steal: 808,
  ule_steal_least: 812,
  ule_slice_min: 816,
  ule_preempt: 820,
  ule_boost: 824,
  bsd4_fuzz: 828,
  bsd4_forward: 832,
  bsd4_requested: 836,
  bsd4_delivered: 840,
  sched_idle: 848,
  sched_arrivals: 856,
  dl_used: 864,
  dl_free: 868,
  dl_refused: 872,
  dl_lends: 876,
  reap_lastfail: 880,
  proc_lastfail: 884,
  taskq_first: 888,
  taskq_last: 892,
  event_lists: 896,
  ktr_mask: 900,
  ktr_next: 904,
  stats: 908,
  stats_wasted: 912,
  lock_pairs: 920,
  jit_period: 924,
  debug: 928,
  store_end: 932,
  watch_pass: 936,
  watch_hit: 940,
  watch_address: 944,
  brk: 948,
  stack_low: 952,
  exited: 956,
  exit_status: 960,
  bad_pointer: 964,
  bad_address: 968,
  run_steps: 972,
  plant: 976,
  panicked: 980,
  panic_fmt: 984,
  panic_arg0: 988,
  panic_arg1: 992,
  panic_arg2: 996,
} as const;

export const MachineTypes = {
  curcpu: "usize",
  ncpus: "u32",
  maxthread: "i32",
  maxproc: "i32",
  max_threads_per_proc: "i32",
  hz: "u32",
  sched: "u32",
  lwkt_modern: "u32",
  ndomains: "u32",
  seed: "u64",
  cycles_per_second: "u64",
  cycles_per_tick: "u64",
  quantum: "u64",
  cycle_cost: "u32",
  preemption: "u32",
  rr_cycles: "u64",
  rq_mask: "u32",
  core_cpus: "u32",
  cache_cpus: "u32",
  package_cpus: "u32",
  kstack_depth: "u32",
  kstack_pages: "u32",
  bare: "u32",
  frame_high: "u32",
  metal: "u32",
  guest_origin: "u32",
  guest_low: "u32",
  guest_size: "u32",
  text_size: "u32",
  kobj_count: "u32",
  string_size: "u32",
  fault_mode: "u32",
  stack_page: "u32",
  chaos: "u32",
  user_threads: "u32",
  search: "u32",
  lock_watch: "u32",
  lock_adaptive: "u32",
  td_base: "usize",
  td_count: "u32",
  frame_delta: "usize",
  high_delta: "usize",
  cold_delta: "usize",
  rare_delta: "usize",
  locks_delta: "usize",
  kstack_base: "usize",
  stats_base: "usize",
  proc_base: "usize",
  cred_base: "usize",
  limit_base: "usize",
  tid_bitmap: "usize",
  tid_summary: "usize",
  tid_top: "usize",
  tid_tops: "u32",
  tid_index: "usize",
  tidhash_base: "usize",
  tidhash_limits: "usize",
  pidhash_base: "usize",
  sleepq_base: "usize",
  tokens_base: "usize",
  callwheel_base: "usize",
  reap_base: "usize",
  chunk_base: "usize",
  chunk_end: "usize",
  sched_base: "usize",
  sched_queues: "u32",
  sched_delta: "usize",
  sched_cpus: "usize",
  dl_base: "usize",
  dl_index: "usize",
  letter_delta: "usize",
  affinity_delta: "usize",
  letters_new: "usize",
  letters_due: "usize",
  stack_base: "usize",
  strhash_base: "usize",
  strhash_mask: "u32",
  strhash_count: "u32",
  string_base: "usize",
  string_end: "usize",
  ktr_base: "usize",
  ktr_end: "usize",
  decoded_base: "usize",
  guest_base: "usize",
  mmode_base: "usize",
  search_base: "usize",
  search_end: "usize",
  witness_base: "usize",
  lockprof_base: "usize",
  arena_end: "usize",
  carve: "u64",
  booted: "u32",
  ticks: "i32",
  ticks64: "u64",
  tick_epoch: "u64",
  tick_end: "u64",
  now: "u64",
  round_end: "u64",
  round_cpu: "u32",
  round_first: "u32",
  rounds: "u64",
  run_switches: "u64",
  run_limited: "u32",
  run_rounds: "u32",
  run_until: "u64",
  stop_request: "u32",
  timeouts: "u32",
  callout_bound: "u64",
  busy: "u64",
  ipi_cpus: "u64",
  ipi_late: "u64",
  ipi_dropped: "u64",
  letters_new_count: "u32",
  letters_due_count: "u32",
  letters_new_most: "u32",
  letters_due_most: "u32",
  tok_first: "usize",
  tok_last: "usize",
  reserved: "u64",
  untimely_switch: "i32",
  sleep_procs: "u32",
  intr_base: "usize",
  kobj_next: "usize",
  kobj_end: "usize",
  kobj_free: "usize",
  kobj_base: "usize",
  pool_tokens: "usize",
  rng: "u64",
  chaos_rng: "u64",
  thread0: "usize",
  host_td: "usize",
  proc0: "usize",
  initproc: "usize",
  allproc: "usize",
  nthreads: "i32",
  nprocs: "i32",
  nextpid: "i32",
  trytid: "i32",
  tid_low: "u32",
  tid_high: "u32",
  tid_care: "u32",
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
  chunk_lists: "usize",
  string_next: "usize",
  next_cpu: "u32",
  last_thread: "usize",
  kstack_fail: "u32",
  users: "u32",
  users_seconds: "u32",
  sched_tick: "u64",
  sched_slice: "u32",
  sched_second: "u64",
  sched_ldavg: "u32",
  sched_seconds: "u32",
  sched_ms: "i32",
  sched_balance: "u64",
  ule_interact: "u32",
  ule_affinity: "u32",
  ule_balance: "u32",
  ule_interval: "u32",
  ule_steal: "u32",
  ule_steal_least: "u32",
  ule_slice_min: "u32",
  ule_preempt: "u32",
  ule_boost: "u32",
  bsd4_fuzz: "u32",
  bsd4_forward: "u32",
  bsd4_requested: "u32",
  bsd4_delivered: "u32",
  sched_idle: "u64",
  sched_arrivals: "u64",
  dl_used: "u32",
  dl_free: "u32",
  dl_refused: "u32",
  dl_lends: "u32",
  reap_lastfail: "i32",
  proc_lastfail: "i32",
  taskq_first: "usize",
  taskq_last: "usize",
  event_lists: "usize",
  ktr_mask: "u32",
  ktr_next: "usize",
  stats: "u32",
  stats_wasted: "u64",
  lock_pairs: "u32",
  jit_period: "u32",
  debug: "u32",
  store_end: "u32",
  watch_pass: "u32",
  watch_hit: "u32",
  watch_address: "u32",
  brk: "u32",
  stack_low: "u32",
  exited: "u32",
  exit_status: "i32",
  bad_pointer: "u32",
  bad_address: "u32",
  run_steps: "u32",
  plant: "u32",
  panicked: "u32",
  panic_fmt: "usize",
  panic_arg0: "usize",
  panic_arg1: "usize",
  panic_arg2: "usize",
} as const;

// assembly/sys/machine_mode.ts

export const MachineMode = {
  size: 52,
  cycle_offset: 0,
  instret_offset: 8,
  mstatus: 16,
  mie: 20,
  mtvec: 24,
  mscratch: 28,
  mepc: 32,
  mcause: 36,
  mtval: 40,
  decoded_low: 44,
  decoded_high: 48,
} as const;

export const MachineModeTypes = {
  cycle_offset: "u64",
  instret_offset: "u64",
  mstatus: "u32",
  mie: "u32",
  mtvec: "u32",
  mscratch: "u32",
  mepc: "u32",
  mcause: "u32",
  mtval: "u32",
  decoded_low: "u32",
  decoded_high: "u32",
} as const;
export const PMP_CONFIGS = 4;

// assembly/sys/param.ts
export const MACHINE_ADDRESS = 1024;
export const GLOBALDATA_ADDRESS = 4096;
export const GLOBALDATA_STRIDE = 1024;
export const STATICS_ADDRESS = 73728;
export const CACHE_LINE_SIZE = 64;
export const CACHE_LINE_MASK = 63;
export const MAXCPU = 64;
export const MAXMEMDOM = 8;
export const NO_PID = 100000;
export const THREAD0_TID = 100000;
export const PID_MAX = 99999;
export const MAXCOMLEN = 19;
export const LWKT_COMLEN = 16;
export const NRUNQ = 32;
export const RQ_LEVELS = 324;
export const DL_MAX = 4095;
export const DL_PERCENT = 95n;
export const STATHZ = 127;
export const SLICE_MIN_DIVISOR = 6;
export const CHUNKS_SPARE = 64;
export const WHEEL_LEVELS = 3;
export const WHEEL_SHIFT = 12n;
export const WHEEL0_SLOTS = 4096;
export const WHEEL1_SLOTS = 4096;
export const WHEEL2_SLOTS = 512;
export const TICKS_MAX = 1073741824n;
export const SLEEPQ_BUCKETS_MIN = 64;
export const SLEEPQ_BUCKETS_MAX = 4194304;
export const TID_STAMPS = 30;
export const TIDBATCH = 16;
export const TDCOUNTBATCH = 32;
export const REAP_SECONDS = 5;
export const MAXTHREAD_RESERVE = 100;
export const MAXTHREAD_DEFAULT = 1000000;
export const PROC_SPARE = 2;
export const MAXPROC_RESERVE = 10;
export const COW_THREADS_MAX = 65536;
export const COW_SPARE = 16;
export const CHAOS_PREEMPT = 4n;
export const CHAOS_LATE = 3;
export const CHAOS_TICKS = 2n;
export const CHAOS_PART = 16n;
export const THREAD0_INDEX = 1;
export const HOST_INDEX = 2;
export const IDLE_INDEX = 3;
export const KTR_RECORDS = 4096;
export const STATS_BUCKETS = 168;
export const SHUTDOWN_WAIT = 60;
export const CACHE_NTHREADS = 6;
export const KSTACK_PAGES = 4;
export const KSTACK_MAX_PAGES = 32;
export const NINTR = 32;
export const MAXPENDING = 64;
export const SLOCKS_MAX = 255;
export const SPIN_LOOKS_MAX = 1000000;
export const LWKT_MAXTOKENS = 32;
export const LWKT_POOL_TOKENS = 16384;
export const GRANT_ROUNDS = 2;
export const WITNESS_COUNT = 256;
export const WITNESS_ORDERS = 2048;
export const LOCK_PAIRS = 4096;
export const LOCK_PAIRS_MAX = 3072;
export const STRING_MAX = 255;
export const RUN_INSTRUCTIONS_MAX = 67108864n;
export const RUN_STEPS_MAX = 1048576;
export const SEARCH_INSTRUCTIONS_MAX = 1048576n;
export const SEARCH_DECISIONS_MAX = 262144;
export const SEARCH_OPTIONS_MAX = 1024;
export const SEARCH_CHANGES_MAX = 64;
export const SEARCH_UNHEARD_MAX = 64;
export const SEARCH_IMAGE_MAX = 1048576;
export const SEARCH_PIECES_MAX = 256;
export const SEARCH_ARENAS_MAX = 256;
export const KEPT_THREADS_MAX = 64;
export const KEPT_WORDS_MAX = 256;
export const EVENTS_IN_A_ROW_MAX = 8;
export const STEPS_IN_A_ROW_MAX = 100;
export const CHAIN_MAX = 64;
export const RACE_THREADS_MAX = 64;
export const RACE_CLOCKS_MAX = 512;
export const RACE_BYTES_MAX = 1024;
export const WATCHES_MAX = 16;
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
export const PRI_MIN_REALTIME = 16;
export const PRI_MIN_KERN = 48;
export const PRI_MIN_TIMESHARE = 88;
export const PRI_MAX_TIMESHARE = 223;
export const PRI_MIN_IDLE = 224;
export const PRI_MAX = 255;
export const PRIMASK = 255;
export const PCATCH = 256;
export const PDROP = 512;
export const RFFDG = 4;
export const RFPROC = 16;
export const RFMEM = 32;
export const RFCFDG = 4096;
export const RFSTOPPED = 131072;

// assembly/sys/plant.ts

export const Plant = {
  NONE: 0,
  ASK_RUN_LOST: 1,
  RUN_NEVER_LAST: 2,
  STOP_NEVER_LAST: 3,
  SETPRI_NEVER_LAST: 4,
  CLOSED_OWNER: 5,
  CLOSED_WAIT: 6,
  DUE_OUTLIVES: 7,
  NEW_OUTLIVES: 8,
  DUE_LOST: 9,
  MOVE_WORD: 10,
  SHIFT_LOST: 11,
  NO_WAKE: 12,
  PRIO_NO_BASE: 13,
  PRIO_NO_LEVEL: 14,
  PRIO_AT_ONCE: 15,
  TOKEN_LATE: 16,
  TOKEN_CLOSED: 17,
  GRANT_KEEPS: 18,
  LINE_LIFO: 19,
  TAKE_CLOSED: 135,
  TAKE_LINE: 136,
  TAKE_GRANTED: 137,
  UNINIT_BLIND: 143,
  NO_FORGO: 20,
  RETRY_EXCLUDED: 173,
  SET_PINS: 176,
  ARRIVE_LOSES_TURN: 21,
  MOVE_WAKES: 22,
  TRANSIT_MINE: 23,
  MOVE_LOSES_RUN: 24,
  AFFINITY_OUTLIVES: 25,
  AFFINITY_IGNORED: 26,
  AFFINITY_FORGOTTEN: 27,
  AST_UNTOLD: 28,
  AST_FORGOTTEN: 29,
  UNSUSPEND_COUNT: 30,
  ADD_RUNNING: 31,
  SCORE_NO_DECAY: 60,
  SCORE_SLEEP_LOST: 61,
  SCORE_WINDOW: 62,
  SCORE_SLICE_LOAD: 63,
  SCORE_NICE_LOST: 64,
  SCORE_FORK_SLICE: 65,
  SCORE_EXIT_FREE: 66,
  SCORE_NO_LIMIT: 67,
  SCORE_SLEEPER: 68,
  SCORE_SECOND: 69,
  SCORE_LOCK_SLEPT: 191,
  SCORE_SX_AWAKE: 192,
  SCORE_FORK_STALE: 193,
  SCORE_LOAD: 70,
  SCORE_IDLE_UNTOLD: 71,
  SCORE_NO_STEAL: 72,
  SCORE_NO_BALANCE: 73,
  IDLE_LEFT: 74,
  MODERN_NO_TAIL: 75,
  MODERN_NO_TICK: 76,
  MODERN_LOSES_TURN: 77,
  TOKEN_KEPT: 78,
  TOKEN_NOT_HAD: 79,
  TOKEN_PARTLY: 80,
  TOKEN_SHARED_ALONE: 81,
  TOKEN_NO_REQUEST: 82,
  TOKEN_IN_TURN: 195,
  TOKEN_PREEMPTS: 83,
  TOKEN_OUTLIVES: 84,
  DL_ORDER: 85,
  DL_BUDGET: 86,
  DL_REPLENISH: 87,
  DL_ADMISSION: 88,
  DL_WAKE: 89,
  DL_ASKS_AGAIN: 187,
  DL_EARLY: 188,
  GROUP_FLAT: 90,
  GROUP_COLD: 91,
  GROUP_CORE: 92,
  GROUP_FAR: 93,
  GROUP_BALANCE: 94,
  PEND_OUTLIVES: 32,
  LINE_OUTLIVES: 33,
  PREEMPTED_LOOKS: 34,
  NO_RECLAIM: 35,
  LEND_ONE_STEP: 36,
  LEND_OUTLIVES: 37,
  LEND_ALL_UNDONE: 38,
  LEND_NOT_HEIR: 39,
  LEND_KEEPS_PLACE: 40,
  LEND_NOT_SHARED: 41,
  LEND_ONLY_BETTER: 42,
  LEND_UNTOLD: 43,
  LEND_NO_DEADLINE: 180,
  LEND_DEADLINE_ARRIVAL: 181,
  LENT_UNTOLD: 182,
  LENT_SLEEPS: 183,
  WITNESS_DIRECT: 184,
  WITNESS_SPIN_TYPE: 185,
  WITNESS_ALL_HELD: 186,
  USER_STAYS: 44,
  USER_SET_IGNORED: 45,
  USER_LOAD_STAYS: 46,
  USER_LEVEL_STALE: 47,
  USER_SLOT_KEPT: 48,
  USER_NO_ACCOUNT: 49,
  USER_LOSES_TURN: 107,
  USER_PULL_ANY: 108,
  RUN_AHEAD: 50,
  LINE_AHEAD: 51,
  LATE_FORGOTTEN: 52,
  SHORT_FORGOTTEN: 53,
  RM_READER_PASSES: 99,
  RM_WRITER_EARLY: 100,
  RM_AGAIN_WAITS: 101,
  RM_SLEEP_SHARES: 102,
  LK_SHARER_PASSES: 103,
  LK_DOWNGRADE_WAKES: 105,
  LK_DRAIN_FIRST: 106,
  SEMA_ONE_WAKE: 114,
  SEMA_SHORT: 115,
  CV_BROADCAST_ONE: 116,
  BARRIER_EARLY: 117,
  LK_NO_REWAKE: 118,
  LK_FAIL_COUNTS: 119,
  WAKE_FIRST: 130,
  WAKE_RANK_UNSEEN: 131,
  SPIN_RETURNS: 174,
  SET_ASLEEP: 120,
  TOKEN_TRY_MARKS: 109,
  TRY_AWAY: 110,
  POOL_ONE: 111,
  RANK_WAITS: 112,
  CALLOUT_UNBOUND: 121,
  ARRIVAL_LOST: 122,
  ENOUGH_MORE: 123,
  COMPUTE_TOLD: 124,
  COMPUTE_TICKS: 125,
  PASS_PENDED: 138,
  PASS_MESSAGE: 126,
  TICKS_SHORT: 127,
  QUIET_BUDGET: 128,
  TURN_LOST: 129,
  EVENT_DEAD_GONE: 132,
  EVENT_NO_DRAIN: 133,
  EVENT_DEAD_RANKS: 134,
  EVENT_WAKES_DEAD: 140,
  USER_SHUT_OUT: 141,
  USER_SHUT_IN: 142,
  USER_REAL_LOAD: 175,
  HOST_NICE_STALE: 194,
  REACH_NO_CHAIN: 96,
  REACH_NO_PROMISE: 97,
  REACH_NO_CRITICAL: 98,
  REACH_NO_YIELD: 163,
  REACH_NO_RESERVE: 164,
  REACH_NO_CPUS: 165,
  REACH_NO_WAKE: 166,
  LOOP_NO_REGISTERS: 151,
  LOOP_NO_STORES: 152,
  LOOP_UNSEEN: 153,
  RACE_NO_FENCES: 144,
  RACE_NO_CRITICAL: 190,
  REACH_NOBODY: 4096,
} as const;

// assembly/sys/prioq.ts

export const PrioqHead = {
  size: 16,
  pq_words: 0,
  pq_count: 8,
  pq_pad: 12,
} as const;

export const PrioqHeadTypes = {
  pq_words: "u64",
  pq_count: "u32",
  pq_pad: "u32",
} as const;
export const LEVEL_DEADLINE = 16;
export const NO_LEVEL = 65535;

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
  td_pc: 52,
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
  td_slot: "usize",
  td_wchan: "u32",
  td_wait: "u32",
  td_qnext: "u32",
  td_qprev: "u32",
  td_proc: "usize",
  td_preempted: "usize",
  td_runtime: "u64",
  td_nvcsw: "u32",
  td_pc: "u32",
  td_kfn: "u8",
  td_kdepth: "u8",
  td_cpu: "u8",
  td_body: "u8",
  td_ka: "u32",
} as const;

export const Frame = {
  size: 64,
  retval: 0,
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
  retval: "i32",
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
  size: 64,
  td_tid: 0,
  td_plist_next: 4,
  td_plist_prev: 8,
  td_ucred: 12,
  td_limit: 16,
  td_cowgen: 20,
  td_c_time: 24,
  td_c_slot: 32,
  td_wmesg: 36,
  td_namefmt: 40,
  td_namearg: 44,
  td_kb: 48,
  td_pflags: 52,
  td_sx_slocks: 53,
  td_ast: 54,
  td_intrval: 55,
  td_priority: 56,
  td_base_pri: 57,
  td_pri_class: 58,
  td_kstack_pages: 59,
  td_allocdomain: 60,
  td_dbgflags: 61,
  td_cflags: 62,
  td_migrate: 63,
} as const;

export const ThreadColdTypes = {
  td_tid: "i32",
  td_plist_next: "usize",
  td_plist_prev: "usize",
  td_ucred: "usize",
  td_limit: "usize",
  td_cowgen: "u32",
  td_c_time: "u64",
  td_c_slot: "u32",
  td_wmesg: "u32",
  td_namefmt: "u32",
  td_namearg: "u32",
  td_kb: "u32",
  td_pflags: "u8",
  td_sx_slocks: "u8",
  td_ast: "u8",
  td_intrval: "i8",
  td_priority: "u8",
  td_base_pri: "u8",
  td_pri_class: "u8",
  td_kstack_pages: "u8",
  td_allocdomain: "u8",
  td_dbgflags: "u8",
  td_cflags: "u8",
  td_migrate: "u8",
} as const;

export const ThreadRare = {
  size: 16,
  td_sq_tail: 0,
  td_sq_next: 4,
  td_sq_prev: 8,
  td_nivcsw: 12,
} as const;

export const ThreadRareTypes = {
  td_sq_tail: "u32",
  td_sq_next: "usize",
  td_sq_prev: "usize",
  td_nivcsw: "u32",
} as const;
export const SQ_RANKS = 1;

export const Ucred = {
  size: 16,
  cr_ref: 0,
  cr_uid: 4,
  cr_next: 8,
  cr_real: 12,
} as const;

export const UcredTypes = {
  cr_ref: "u32",
  cr_uid: "u32",
  cr_next: "usize",
  cr_real: "usize",
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
export const FUNC_HOST = 4294967295;

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
export const TDB_FRESH = 64;
export const TDB_STATS = 32;
export const TDB_TOKENS = 16;
export const TDB_KIND = 15;
export const TDF_INMEM = 4;
export const TDF_SINTR = 8;
export const TDF_TIMEOUT = 16;
export const TDF_KTH_SUSP = 256;
export const TDF_ALLPROCSUSP = 512;
export const TDF_BOUNDARY = 1024;
export const TDF_SBDRY = 8192;
export const TDF_SERESTART = 524288;
export const TDF_SEINTR = 2097152;
export const TDF_USER = 268435456;
export const TDF_DEADLINE = 536870912;
export const TDF_PENDED = 1073741824;
export const TDF_TRANSIT = 2147483648;
export const TDL_EXITED = 1;
export const TDL_RUNQ = 2;
export const TDL_PREEMPT_LOCK = 4;
export const TDL_PREEMPT_DONE = 8;
export const TDL_STARTED = 16;
export const TDL_EXITING = 32;
export const TDL_TOKWAIT = 64;
export const TDL_WANTED = 128;
export const TDL_INTR = 256;
export const TDL_ALLOCATED_THREAD = 512;
export const TDL_ALLOCATED_STACK = 1024;
export const TDL_VERBOSE = 2048;
export const TDL_DEADLKTREAT = 4096;
export const TDL_STOPREQ = 8192;
export const TDL_WAKEREQ = 16384;
export const TDL_TIMEOUT = 32768;
export const TDL_KERNEL = 511;
export const TDPRI_MASK = 31;
export const TDPRI_MAX = 31;
export const TDPRI_CRIT = 32;
export const TDP_KTHREAD = 1;
export const TDP_PREEMPTED = 2;
export const TDP_LENT = 4;
export const TDA_SUSPEND = 1;
export const TDA_SEEN = 2;
export const DBG_SUSPEND = 1;
export const TDC_ARMED = 1;
export const TDC_DEADLINE = 2;
export const TDC_CPU_SHIFT = 2;
export const PRI_TIMESHARE = 3;

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

// assembly/sys/reap.ts

export const TaskFn = {
  NONE: 0,
  THREAD_REAP: 1,
} as const;

export const Task = {
  size: 16,
  ta_next: 0,
  ta_pending: 4,
  ta_fn: 8,
  ta_arg: 12,
} as const;

export const TaskTypes = {
  ta_next: "usize",
  ta_pending: "u32",
  ta_fn: "u32",
  ta_arg: "u32",
} as const;

export const ThreadDomain = {
  size: 12,
  tdd_zombies: 0,
  tdd_reapticks: 4,
  tdd_nzombies: 8,
} as const;

export const ThreadDomainTypes = {
  tdd_zombies: "usize",
  tdd_reapticks: "i32",
  tdd_nzombies: "i32",
} as const;
export const THREAD_DOMAIN_OFFSET = 64;
export const THREAD_DOMAIN_STRIDE = 128;

// assembly/sys/sched.ts

export const Policy = {
  OTHER: 0,
  FIFO: 1,
  RR: 2,
  BATCH: 3,
  IDLE: 5,
  DEADLINE: 6,
} as const;
export const NICE_MIN = -20;
export const NICE_MAX = 19;
export const RT_PRIO_MAX = 99;

export const ThreadSched = {
  size: 64,
  ts_level: 0,
  ts_queue: 2,
  ts_flags: 3,
  ts_policy: 4,
  ts_rt: 5,
  ts_nice: 6,
  ts_waker: 7,
  ts_next: 8,
  ts_prev: 12,
  ts_slice: 16,
  ts_estcpu: 20,
  ts_slept: 24,
  ts_slptick: 28,
  ts_runtime: 32,
  ts_slptime: 36,
  ts_ltick: 40,
  ts_ftick: 44,
  ts_ticks: 48,
  ts_rltick: 52,
  ts_new_policy: 56,
  ts_new_value: 57,
  ts_load: 58,
  ts_batch: 60,
  ts_boost: 62,
  ts_noted: 63,
} as const;

export const ThreadSchedTypes = {
  ts_level: "u16",
  ts_queue: "u8",
  ts_flags: "u8",
  ts_policy: "u8",
  ts_rt: "u8",
  ts_nice: "i8",
  ts_waker: "u8",
  ts_next: "usize",
  ts_prev: "usize",
  ts_slice: "u32",
  ts_estcpu: "u32",
  ts_slept: "u32",
  ts_slptick: "i32",
  ts_runtime: "u32",
  ts_slptime: "u32",
  ts_ltick: "i32",
  ts_ftick: "i32",
  ts_ticks: "u32",
  ts_rltick: "i32",
  ts_new_policy: "u8",
  ts_new_value: "i8",
  ts_load: "u16",
  ts_batch: "u16",
  ts_boost: "u8",
  ts_noted: "u8",
} as const;
export const TSF_ARRIVED = 1;
export const TSF_HEAD = 2;
export const TSF_MOVED = 4;
export const TSF_SLEPT = 8;
export const TSF_USER = 32;
export const TSF_ENDED = 64;
export const TSF_POLICY = 16;
export const TSF_KEPT = 128;

export const SchedCpu = {
  size: 48,
  sc_clock: 0,
  sc_first: 8,
  sc_last: 12,
  sc_idx: 16,
  sc_ridx: 20,
  sc_holder: 24,
  sc_load: 28,
  sc_lowpri: 32,
  sc_preempt: 36,
  sc_kept: 40,
  sc_pad: 44,
} as const;

export const SchedCpuTypes = {
  sc_clock: "u64",
  sc_first: "usize",
  sc_last: "usize",
  sc_idx: "u32",
  sc_ridx: "u32",
  sc_holder: "usize",
  sc_load: "u32",
  sc_lowpri: "u32",
  sc_preempt: "u32",
  sc_kept: "i32",
  sc_pad: "u32",
} as const;

// assembly/sys/search.ts

export const SearchBy = {
  FIRST: 0,
  RANDOM: 1,
  PCT: 2,
} as const;

export const SearchStop = {
  END: 1,
  BEGIN: 2,
  HOST: 3,
  TELL: 4,
  STEPS: 5,
  EXIT: 6,
  KNOWN: 7,
  STEP: 8,
  RACE: 9,
  READY: 10,
  LOOPS: 11,
} as const;
export const SEARCH_TIMEOUTS = 1;
export const SEARCH_DELIVERY = 2;
export const SEARCH_FAILURES = 4;
export const SEARCH_RANDOM = 8;

export const Pending = {
  NONE: 0,
  CALL: 1,
  LOOK: 2,
  CHANGE: 3,
  CHOICE: 4,
  RESUME: 5,
  RETURN: 6,
} as const;

export const Turn = {
  GOES_ON: 0,
  YIELDED: 1,
  LOOKED: 2,
  SPINS: 3,
} as const;
export const EVENT_TIME = 65;

export const SearchDecision = {
  size: 16,
  sd_choice: 0,
  sd_count: 4,
  sd_skip: 8,
} as const;

export const SearchDecisionTypes = {
  sd_choice: "u32",
  sd_count: "u32",
  sd_skip: "u64",
} as const;

export const SearchPiece = {
  size: 8,
  sp_at: 0,
  sp_size: 4,
} as const;

export const SearchPieceTypes = {
  sp_at: "usize",
  sp_size: "u32",
} as const;

export const SearchArena = {
  size: 28,
  sa_at: 0,
  sa_size: 4,
  sa_counter: 8,
  sa_byte: 12,
  sa_unit: 16,
  sa_base: 20,
  sa_start: 24,
} as const;

export const SearchArenaTypes = {
  sa_at: "usize",
  sa_size: "u32",
  sa_counter: "usize",
  sa_byte: "u32",
  sa_unit: "u32",
  sa_base: "u32",
  sa_start: "u32",
} as const;

export const SearchUnheard = {
  size: 8,
  su_step: 0,
  su_channel: 4,
} as const;

export const SearchUnheardTypes = {
  su_step: "u32",
  su_channel: "u32",
} as const;

export const SearchTouched = {
  size: 8,
  sw_at: 0,
  sw_entry: 4,
} as const;

export const SearchTouchedTypes = {
  sw_at: "u32",
  sw_entry: "u32",
} as const;

export const Reach = {
  LOCAL: 0,
  LOOKS: 1,
  OBJECTS: 2,
  ALL: 3,
} as const;

export const Settled = {
  NONE: 0,
  ALL: 1,
  OTHERS: 2,
} as const;

export const SearchThread = {
  size: 76,
  sn_number: 0,
  sn_pending: 4,
  sn_op: 8,
  sn_reach: 12,
  sn_object: 16,
  sn_second: 20,
  sn_asleep: 24,
  sn_host: 28,
  sn_turn: 32,
  sn_looks: 36,
  sn_since: 40,
  sn_blocked: 44,
  sn_priority: 48,
  sn_size: 52,
  sn_atomic: 56,
  sn_reserves: 60,
  sn_fenced: 64,
  sn_acquire: 68,
  sn_waits: 72,
} as const;

export const SearchThreadTypes = {
  sn_number: "u32",
  sn_pending: "u32",
  sn_op: "u32",
  sn_reach: "u32",
  sn_object: "u32",
  sn_second: "u32",
  sn_asleep: "u32",
  sn_host: "u32",
  sn_turn: "u32",
  sn_looks: "u32",
  sn_since: "u32",
  sn_blocked: "u32",
  sn_priority: "i32",
  sn_size: "u32",
  sn_atomic: "u32",
  sn_reserves: "u32",
  sn_fenced: "u32",
  sn_acquire: "u32",
  sn_waits: "u32",
} as const;

export const SearchLoop = {
  size: 28,
  sl_version: 0,
  sl_pc: 8,
  sl_reservation: 12,
  sl_steps: 16,
  sl_limit: 20,
  sl_spins: 24,
} as const;

export const SearchLoopTypes = {
  sl_version: "u64",
  sl_pc: "u32",
  sl_reservation: "u32",
  sl_steps: "u32",
  sl_limit: "u32",
  sl_spins: "u32",
} as const;

export const Search = {
  size: 392,
  s_image: 0,
  s_pieces: 4,
  s_arenas: 8,
  s_threads: 12,
  s_loops: 16,
  s_tape: 20,
  s_changes: 24,
  s_unheard: 28,
  s_ready: 32,
  s_members: 36,
  s_options: 40,
  s_touch: 44,
  s_touched: 48,
  s_shared: 52,
  s_kept: 56,
  s_kept_members: 60,
  s_kept_words: 64,
  s_kept_places: 68,
  s_kept_living: 72,
  s_kept_begun: 76,
  s_kept_alone: 80,
  s_kept_count: 84,
  s_prepared: 88,
  s_prepares: 92,
  s_piece_count: 96,
  s_arena_count: 100,
  s_decodings: 104,
  s_by: 108,
  s_prefix: 112,
  s_random: 116,
  s_preemptions_max: 120,
  s_steps_max: 124,
  s_tells: 128,
  s_reduces: 132,
  s_watches: 136,
  s_races: 140,
  s_warms: 144,
  s_choices: 148,
  s_changes_count: 152,
  s_cut: 156,
  s_td: 160,
  s_event: 164,
  s_times: 168,
  s_events: 176,
  s_saved: 184,
  s_saved_free: 188,
  s_saved_kept: 192,
  s_saved_count: 196,
  s_count: 200,
  s_settled: 204,
  s_last: 208,
  s_in_a_row: 212,
  s_begun: 216,
  s_living: 220,
  s_crowded: 224,
  s_places: 228,
  s_decisions: 232,
  s_steps: 236,
  s_preemptions: 240,
  s_turn: 244,
  s_stage: 248,
  s_unheard_count: 252,
  s_version: 256,
  s_spun: 264,
  s_known: 272,
  s_granted: 276,
  s_op: 280,
  s_op_word: 284,
  s_op_second: 288,
  s_op_size: 292,
  s_op_atomic: 296,
  s_op_reserves: 300,
  s_touched_count: 304,
  s_learned: 308,
  s_learns: 312,
  s_alone: 316,
  s_clocks: 320,
  s_fence_clocks: 324,
  s_fenced: 328,
  s_sync: 332,
  s_sync_used: 336,
  s_sync_count: 340,
  s_access: 344,
  s_access_used: 348,
  s_access_count: 352,
  s_actor: 356,
  s_raced: 360,
  s_race_word: 364,
  s_race_wrote: 368,
  s_race_first: 372,
  s_race_step: 376,
  s_race_second: 380,
  s_race_writes: 384,
  s_tds: 388,
} as const;

export const SearchTypes = {
  s_image: "usize",
  s_pieces: "usize",
  s_arenas: "usize",
  s_threads: "usize",
  s_loops: "usize",
  s_tape: "usize",
  s_changes: "usize",
  s_unheard: "usize",
  s_ready: "usize",
  s_members: "usize",
  s_options: "usize",
  s_touch: "usize",
  s_touched: "usize",
  s_shared: "usize",
  s_kept: "usize",
  s_kept_members: "usize",
  s_kept_words: "usize",
  s_kept_places: "u32",
  s_kept_living: "u32",
  s_kept_begun: "u32",
  s_kept_alone: "u32",
  s_kept_count: "u32",
  s_prepared: "u32",
  s_prepares: "u32",
  s_piece_count: "u32",
  s_arena_count: "u32",
  s_decodings: "u32",
  s_by: "u32",
  s_prefix: "u32",
  s_random: "i32",
  s_preemptions_max: "u32",
  s_steps_max: "u32",
  s_tells: "u32",
  s_reduces: "u32",
  s_watches: "u32",
  s_races: "u32",
  s_warms: "u32",
  s_choices: "u32",
  s_changes_count: "u32",
  s_cut: "u32",
  s_td: "usize",
  s_event: "u32",
  s_times: "u32",
  s_events: "u64",
  s_saved: "u32",
  s_saved_free: "u32",
  s_saved_kept: "u32",
  s_saved_count: "i32",
  s_count: "u32",
  s_settled: "u32",
  s_last: "usize",
  s_in_a_row: "u32",
  s_begun: "u32",
  s_living: "u32",
  s_crowded: "u32",
  s_places: "u32",
  s_decisions: "u32",
  s_steps: "u32",
  s_preemptions: "u32",
  s_turn: "u32",
  s_stage: "u32",
  s_unheard_count: "u32",
  s_version: "u64",
  s_spun: "u64",
  s_known: "u32",
  s_granted: "usize",
  s_op: "u32",
  s_op_word: "u32",
  s_op_second: "u32",
  s_op_size: "u32",
  s_op_atomic: "u32",
  s_op_reserves: "u32",
  s_touched_count: "u32",
  s_learned: "u32",
  s_learns: "u32",
  s_alone: "u32",
  s_clocks: "usize",
  s_fence_clocks: "usize",
  s_fenced: "u32",
  s_sync: "usize",
  s_sync_used: "usize",
  s_sync_count: "u32",
  s_access: "usize",
  s_access_used: "usize",
  s_access_count: "u32",
  s_actor: "u32",
  s_raced: "u32",
  s_race_word: "u32",
  s_race_wrote: "u32",
  s_race_first: "usize",
  s_race_step: "u32",
  s_race_second: "usize",
  s_race_writes: "u32",
  s_tds: "usize",
} as const;

export const RaceClock = {
  size: 8,
  rc_key: 0,
  rc_clock: 4,
} as const;

export const RaceClockTypes = {
  rc_key: "u32",
  rc_clock: "u32",
} as const;

export const RaceAccess = {
  size: 24,
  ra_key: 0,
  ra_atomic: 4,
  ra_writer: 8,
  ra_time: 12,
  ra_step: 16,
  ra_reads: 20,
} as const;

export const RaceAccessTypes = {
  ra_key: "u32",
  ra_atomic: "u32",
  ra_writer: "u32",
  ra_time: "u32",
  ra_step: "u32",
  ra_reads: "u32",
} as const;

export const RaceLook = {
  size: 8,
  rl_time: 0,
  rl_step: 4,
} as const;

export const RaceLookTypes = {
  rl_time: "u32",
  rl_step: "u32",
} as const;
export const RACE_CLOCK_SIZE = 260;
export const RACE_ACCESS_SIZE = 532;
export const SHARED = 1;
export const WRITES = 2;
export const SHARED_ATOMIC_SHIFT = 4;
export const FENCED_ACQUIRE = 1;
export const FENCED_RELEASE = 2;
export const FENCED_BEFORE = 4;

export const Learns = {
  NOTHING: 0,
  WRITES: 1,
  READS: 2,
} as const;

export const SearchStage = {
  CHOOSE: 0,
  PERFORMED: 1,
  TOLD: 2,
  PREPARE: 3,
} as const;
export const TOUCH_THREAD = 16383;
export const TOUCH_WRITTEN = 16384;
export const TOUCH_SEVERAL = 32768;

// assembly/sys/stats.ts

export const ThreadStats = {
  size: 40,
  ts_runnable_at: 0,
  ts_latency_sum: 8,
  ts_latency_max: 16,
  ts_wakeups: 24,
  ts_latency_count: 28,
  ts_last_cpu: 32,
  ts_migrations: 36,
} as const;

export const ThreadStatsTypes = {
  ts_runnable_at: "u64",
  ts_latency_sum: "u64",
  ts_latency_max: "u64",
  ts_wakeups: "u32",
  ts_latency_count: "u32",
  ts_last_cpu: "u32",
  ts_migrations: "u32",
} as const;

// assembly/sys/sync.ts
export const KOBJ_MTX = 1297373217;
export const KOBJ_CV = 1129718049;
export const KOBJ_RW = 1381452875;
export const KOBJ_SX = 1398295627;
export const KOBJ_RM = 1380797515;
export const KOBJ_RM_LOCK = 1380797784;
export const KOBJ_RM_READER = 1380799044;
export const KOBJ_LOCKMGR = 1280003399;
export const KOBJ_SEMA = 1397050689;
export const KOBJ_BARRIER = 1111577170;
export const KOBJ_TIMER = 1414090053;
export const HOST_EVENT_REPORT = 100;
export const MTX_DEF = 0;
export const MTX_SPIN = 1;
export const MTX_RECURSE = 4;
export const MTX_NOLEND = 256;
export const MTX_OPTIONS = 261;
export const RM_RECURSE = 2;
export const RM_SLEEPABLE = 4;
export const RM_OPTIONS = 6;
export const LK_CANRECURSE = 1;
export const LK_NODUP = 2;
export const LK_NOPROFILE = 4;
export const LK_NOSHARE = 8;
export const LK_NOWITNESS = 16;
export const LK_INIT_MASK = 31;
export const LK_INTERLOCK = 256;
export const LK_NOWAIT = 512;
export const LK_SLEEPFAIL = 2048;
export const LK_TIMELOCK = 4096;
export const LK_NODDLKTREAT = 8192;
export const LK_SLEPT = 32768;
export const LK_TYPE_MASK = 16711680;
export const LK_DOWNGRADE = 65536;
export const LK_DRAIN = 131072;
export const LK_EXCLOTHER = 262144;
export const LK_EXCLUSIVE = 524288;
export const LK_RELEASE = 1048576;
export const LK_SHARED = 2097152;
export const LK_UPGRADE = 4194304;
export const LK_TRYUPGRADE = 8388608;
export const LK_TOTAL_MASK = 16726815;
export const LK_SHARED_WAITERS = 2;
export const LK_EXCLUSIVE_WAITERS = 4;

export const SyncObject = {
  size: 100,
  so_kind: 0,
  so_name: 4,
  so_owner: 8,
  so_owner_tid: 12,
  so_value: 16,
  so_limit: 20,
  so_waiters: 24,
  so_contended: 28,
  so_uses: 32,
  so_waiters_max: 36,
  so_waited: 40,
  so_since: 48,
  so_expiry: 56,
  so_flags: 64,
  so_contested: 68,
  so_first: 72,
  so_last: 76,
  so_shared_first: 80,
  so_shared_last: 84,
  so_witness: 88,
  so_unwatched: 92,
  so_due: 96,
} as const;

export const SyncObjectTypes = {
  so_kind: "u32",
  so_name: "u32",
  so_owner: "usize",
  so_owner_tid: "i32",
  so_value: "i32",
  so_limit: "i32",
  so_waiters: "i32",
  so_contended: "u32",
  so_uses: "u32",
  so_waiters_max: "i32",
  so_waited: "u64",
  so_since: "u64",
  so_expiry: "u64",
  so_flags: "u32",
  so_contested: "usize",
  so_first: "usize",
  so_last: "usize",
  so_shared_first: "usize",
  so_shared_last: "usize",
  so_witness: "u32",
  so_unwatched: "u32",
  so_due: "u32",
} as const;

export const RmLock = {
  size: 112,
  so_kind: 0,
  so_name: 4,
  so_owner: 8,
  so_owner_tid: 12,
  so_value: 16,
  so_limit: 20,
  so_waiters: 24,
  so_contended: 28,
  so_uses: 32,
  so_waiters_max: 36,
  so_waited: 40,
  so_since: 48,
  so_expiry: 56,
  so_flags: 64,
  so_contested: 68,
  so_first: 72,
  so_last: 76,
  so_shared_first: 80,
  so_shared_last: 84,
  so_witness: 88,
  so_unwatched: 92,
  so_due: 96,
  rm_lock: 100,
  rm_first: 104,
  rm_last: 108,
} as const;

export const RmLockTypes = {
  so_kind: "u32",
  so_name: "u32",
  so_owner: "usize",
  so_owner_tid: "i32",
  so_value: "i32",
  so_limit: "i32",
  so_waiters: "i32",
  so_contended: "u32",
  so_uses: "u32",
  so_waiters_max: "i32",
  so_waited: "u64",
  so_since: "u64",
  so_expiry: "u64",
  so_flags: "u32",
  so_contested: "usize",
  so_first: "usize",
  so_last: "usize",
  so_shared_first: "usize",
  so_shared_last: "usize",
  so_witness: "u32",
  so_unwatched: "u32",
  so_due: "u32",
  rm_lock: "usize",
  rm_first: "usize",
  rm_last: "usize",
} as const;

export const RmReader = {
  size: 20,
  rmp_kind: 0,
  rmp_thread: 4,
  rmp_tid: 8,
  rmp_next: 12,
  rmp_prev: 16,
} as const;

export const RmReaderTypes = {
  rmp_kind: "u32",
  rmp_thread: "usize",
  rmp_tid: "i32",
  rmp_next: "usize",
  rmp_prev: "usize",
} as const;

export const LockMgr = {
  size: 128,
  so_kind: 0,
  so_name: 4,
  so_owner: 8,
  so_owner_tid: 12,
  so_value: 16,
  so_limit: 20,
  so_waiters: 24,
  so_contended: 28,
  so_uses: 32,
  so_waiters_max: 36,
  so_waited: 40,
  so_since: 48,
  so_expiry: 56,
  so_flags: 64,
  so_contested: 68,
  so_first: 72,
  so_last: 76,
  so_shared_first: 80,
  so_shared_last: 84,
  so_witness: 88,
  so_unwatched: 92,
  so_due: 96,
  lk_flags: 100,
  lk_pri: 104,
  lk_timo: 108,
  lk_recurse: 112,
  lk_waiters: 116,
  lk_exslpfail: 120,
  lk_kernproc: 124,
} as const;

export const LockMgrTypes = {
  so_kind: "u32",
  so_name: "u32",
  so_owner: "usize",
  so_owner_tid: "i32",
  so_value: "i32",
  so_limit: "i32",
  so_waiters: "i32",
  so_contended: "u32",
  so_uses: "u32",
  so_waiters_max: "i32",
  so_waited: "u64",
  so_since: "u64",
  so_expiry: "u64",
  so_flags: "u32",
  so_contested: "usize",
  so_first: "usize",
  so_last: "usize",
  so_shared_first: "usize",
  so_shared_last: "usize",
  so_witness: "u32",
  so_unwatched: "u32",
  so_due: "u32",
  lk_flags: "u32",
  lk_pri: "u32",
  lk_timo: "i32",
  lk_recurse: "i32",
  lk_waiters: "u32",
  lk_exslpfail: "u32",
  lk_kernproc: "u32",
} as const;
export const LA_UNLOCKED = 0;
export const LA_LOCKED = 1;
export const LA_SLOCKED = 2;
export const LA_XLOCKED = 4;
export const LA_RECURSED = 8;
export const LA_NOTRECURSED = 16;
export const TS_EXCLUSIVE = 1;
export const TS_SHARED = 2;
export const TS_LEFT = -2;

export const TurnstileQueue = {
  size: 8,
  tq_first: 0,
  tq_last: 4,
} as const;

export const TurnstileQueueTypes = {
  tq_first: "usize",
  tq_last: "usize",
} as const;

export const ThreadLocks = {
  size: 8,
  tl_contested: 0,
  tl_lent: 4,
  tl_blocked: 5,
  tl_rw_rlocks: 6,
  tl_lk_slocks: 7,
} as const;

export const ThreadLocksTypes = {
  tl_contested: "usize",
  tl_lent: "u8",
  tl_blocked: "u8",
  tl_rw_rlocks: "u8",
  tl_lk_slocks: "u8",
} as const;

// assembly/sys/syscall.ts

export const Sys = {
  body_return: 0,
  lwkt_yield: 1,
  lwkt_yield_quick: 2,
  lwkt_switch: 3,
  lwkt_schedule_self: 4,
  lwkt_deschedule_self: 5,
  lwkt_schedule: 6,
  lwkt_deschedule: 7,
  lwkt_setpri: 8,
  lwkt_setpri_self: 9,
  lwkt_preempt: 10,
  lwkt_preempted_proc: 11,
  lwkt_block: 12,
  lwkt_signal: 13,
  lwkt_init_wait: 14,
  lwkt_gettoken: 15,
  lwkt_reltoken: 16,
  lwkt_regettoken: 17,
  lwkt_havetoken: 18,
  crit_enter: 19,
  crit_exit: 20,
  crit_exit_noyield: 21,
  crit_panic: 22,
  lwkt_create: 23,
  lwkt_exit: 24,
  lwkt_kthread_create: 25,
  lwkt_kthread_exit: 26,
  lwkt_free_thread: 27,
  lwkt_proc_exit: 28,
  lwkt_wait_gen: 29,
  lwkt_migrate: 30,
  lwkt_setcpu_self: 31,
  interrupt: 32,
  intr_enter: 33,
  intr_exit: 34,
  set_reqpri: 35,
  set_untimely_switch: 36,
  intr_register: 37,
  intr_wait: 38,
  lwkt_token_create: 39,
  lwkt_wait_create: 40,
  compute: 48,
  cycles: 49,
  curthread: 50,
  curcpu: 51,
  random: 52,
  cnputsn: 53,
  kmem_malloc: 54,
  kern_exit: 55,
  kthread_add: 64,
  kthread_exit: 65,
  kthread_suspend: 66,
  kthread_resume: 67,
  kthread_suspend_check: 68,
  kthread_start: 69,
  kproc_create: 70,
  kproc_exit: 71,
  kproc_suspend: 72,
  kproc_resume: 73,
  kproc_suspend_check: 74,
  kproc_start: 75,
  kproc_kthread_add: 76,
  fork: 77,
  thr_create: 78,
  thr_exit: 79,
  exit: 80,
  wait: 81,
  proc_stop: 82,
  proc_cont: 83,
  ast: 84,
  tsleep: 85,
  wakeup: 86,
  wakeup_one: 87,
  pause: 88,
  sched_relinquish: 89,
  sched_add: 90,
  sched_prio: 91,
  ticks: 92,
  thread_exit: 96,
  thread_alloc: 97,
  thread_free: 98,
  thread_recycle: 99,
  thread_reap: 100,
  thread_reap_all: 101,
  thread_reap_barrier: 102,
  thread_single: 103,
  thread_single_end: 104,
  thread_suspend_check: 105,
  thread_suspend_check_needed: 106,
  thread_check_susp: 107,
  thread_unsuspend: 108,
  thread_run_flash: 109,
  tdfind: 110,
  pfind: 111,
  proc_setcred: 112,
  proc_setlimit: 113,
  thread_cow_update: 114,
  thread_cow_synced: 115,
  cow_sync_creds: 116,
  td_setucred: 117,
  td_restoreucred: 118,
  tid_alloc: 120,
  tid_free: 121,
  tidhash_add: 122,
  tidhash_remove: 123,
  kstack_fail: 124,
  eventhandler_register: 126,
  eventhandler_deregister: 127,
  reboot: 128,
  mtx_create: 160,
  mtx_lock: 161,
  mtx_unlock: 162,
  cv_create: 163,
  cv_wait: 164,
  cv_signal: 165,
  cv_broadcast: 166,
  sema_create: 167,
  sema_wait: 168,
  sema_post: 169,
  barrier_create: 170,
  barrier_wait: 171,
  timer_create: 172,
  timer_wait: 173,
  timer_next: 174,
  sleep_until: 175,
  sleep: 176,
  cpuset_setaffinity: 177,
  sched_prio_self: 178,
  thread_report: 179,
  mtx_owned: 180,
  cpuset_setthread: 181,
  mtx_destroy: 182,
  cv_destroy: 183,
  sema_destroy: 184,
  barrier_destroy: 185,
  timer_destroy: 186,
  sched_setdeadline: 187,
  sched_setdeadline_self: 188,
  timer_wait_from: 189,
  clock_after: 190,
  lwkt_gettoken_shared: 191,
  rm_init: 192,
  rm_destroy: 193,
  rm_rlock: 194,
  rm_runlock: 195,
  rm_wlock: 196,
  rm_wunlock: 197,
  rm_try_rlock: 198,
  rm_wowned: 199,
  msleep: 200,
  mtx_sleep: 201,
  mtx_init: 202,
  mtx_trylock: 203,
  mtx_recursed: 204,
  mtx_lock_spin: 205,
  mtx_unlock_spin: 206,
  rw_init: 210,
  rw_destroy: 211,
  rw_rlock: 212,
  rw_runlock: 213,
  rw_wlock: 214,
  rw_wunlock: 215,
  rw_try_rlock: 216,
  rw_try_wlock: 217,
  rw_try_upgrade: 218,
  rw_downgrade: 219,
  rw_wowned: 220,
  rw_sleep: 221,
  cv_timedwait: 222,
  cv_wait_sig: 223,
  cv_timedwait_sig: 224,
  sema_trywait: 225,
  sema_timedwait: 226,
  sema_value: 227,
  lwkt_trytoken: 228,
  lwkt_token_pool_lookup: 229,
  sched_setscheduler: 230,
  sched_setscheduler_self: 231,
  rm_sleep: 232,
  lockinit: 233,
  lockdestroy: 234,
  lockmgr: 235,
  lockstatus: 236,
  lockmgr_disown: 237,
  sx_slock_sig: 238,
  sx_xlock_sig: 239,
  sx_init: 240,
  sx_destroy: 241,
  sx_slock: 242,
  sx_sunlock: 243,
  sx_xlock: 244,
  sx_xunlock: 245,
  sx_try_slock: 246,
  sx_try_xlock: 247,
  sx_try_upgrade: 248,
  sx_downgrade: 249,
  sx_xlocked: 250,
  sx_sleep: 251,
  lwkt_getpooltoken: 252,
  lwkt_relpooltoken: 253,
  cv_wait_unlock: 254,
  msleep_spin: 255,
  mtx_trylock_spin: 256,
  mtx_assert: 257,
  rw_assert: 258,
  sx_assert: 259,
  rm_assert: 260,
  wakeup_any: 261,
  lockmgr_assert: 262,
  eventhandler_deregister_nowait: 263,
  lwkt_token_uninit: 264,
  lwkt_wait_uninit: 265,
} as const;

// assembly/sys/sysinit.ts
export const SI_SUB_TUNABLES = 7340032;
export const SI_SUB_VM = 16777216;
export const SI_SUB_KMEM = 25165824;
export const SI_SUB_EVENTHANDLER = 29360128;
export const SI_SUB_INTRINSIC = 35651584;
export const SI_SUB_CREATE_INIT = 38797312;
export const SI_SUB_DRIVERS = 51380224;
export const SI_SUB_KTHREAD_INIT = 234881024;
export const SI_SUB_KTHREAD_PAGE = 239075328;
export const SI_SUB_KTHREAD_VM = 243269632;
export const SI_SUB_KTHREAD_BUF = 245366784;
export const SI_SUB_KTHREAD_UPDATE = 247463936;
export const SI_SUB_KTHREAD_IDLE = 249561088;
export const SI_SUB_SMP = 251658240;
export const SI_SUB_LAST = 268435455;
export const SI_ORDER_FIRST = 0;
export const SI_ORDER_SECOND = 1;
export const SI_ORDER_THIRD = 2;
export const SI_ORDER_FOURTH = 3;
export const SI_ORDER_MIDDLE = 16777216;
export const SI_ORDER_ANY = 268435455;

// assembly/sys/thread.ts
export const PLAIN_FIELD = 56;

// assembly/sys/tid.ts

export const TidEntry = {
  size: 8,
  te_thread: 0,
  te_stamp: 4,
} as const;

export const TidEntryTypes = {
  te_thread: "usize",
  te_stamp: "u32",
} as const;

export const TidBucket = {
  size: 8,
  thb_stamp: 0,
  thb_known: 4,
} as const;

export const TidBucketTypes = {
  thb_stamp: "u32",
  thb_known: "u32",
} as const;
export const TID_BUCKET_SHIFT = 7;
export const TID_STAMPS_OFFSET = 8;

// assembly/sys/token.ts
export const TOK_EXCLUSIVE = 1;
export const TOK_EXCLREQ = 2;
export const TOK_INCR = 4;
export const REF_EXCLUSIVE = 1;
export const REF_LOST = 2;

export const Token = {
  size: 16,
  ko_kind: 0,
  tk_count: 4,
  tk_ref: 8,
  tk_collisions: 12,
} as const;

export const TokenTypes = {
  ko_kind: "u32",
  tk_count: "u32",
  tk_ref: "usize",
  tk_collisions: "u32",
} as const;

export const PoolToken = {
  size: 56,
  ko_kind: 0,
  t_cpu: 4,
  t_reqcpu: 8,
  t_granted: 12,
  t_round: 16,
  t_line: 20,
  t_line_last: 24,
  t_count: 28,
  t_due: 32,
  t_next: 36,
  t_listed: 40,
  pt_place: 44,
  pt_zero: 48,
  pt_one: 52,
} as const;

export const PoolTokenTypes = {
  ko_kind: "u32",
  t_cpu: "i32",
  t_reqcpu: "i32",
  t_granted: "usize",
  t_round: "u32",
  t_line: "usize",
  t_line_last: "usize",
  t_count: "u32",
  t_due: "u32",
  t_next: "usize",
  t_listed: "u32",
  pt_place: "u32",
  pt_zero: "usize",
  pt_one: "usize",
} as const;

export const ThreadTokens = {
  size: 8,
  tt_count: 0,
  tt_have: 4,
} as const;

export const ThreadTokensTypes = {
  tt_count: "u32",
  tt_have: "u32",
} as const;

// assembly/sys/watch.ts
export const WATCH_STORES = 1;
export const WATCH_LOADS = 2;

export const Watch = {
  size: 12,
  w_from: 0,
  w_size: 4,
  w_access: 8,
} as const;

export const WatchTypes = {
  w_from: "u32",
  w_size: "u32",
  w_access: "u32",
} as const;

// assembly/sys/witness.ts

export const Witness = {
  size: 12,
  w_name: 0,
  w_kind: 4,
  w_flags: 8,
} as const;

export const WitnessTypes = {
  w_name: "u32",
  w_kind: "u32",
  w_flags: "u32",
} as const;
export const W_DUPLICATE = 1;
export const W_SLEPT = 2;
export const WITNESS_ANCESTOR = 1;
export const WITNESS_REVERSED = 2;
export const WITNESS_PARENT = 4;

export const LockOrder = {
  size: 20,
  lo_parent: 0,
  lo_child: 4,
  lo_tid: 8,
  lo_namefmt: 12,
  lo_namearg: 16,
} as const;

export const LockOrderTypes = {
  lo_parent: "u32",
  lo_child: "u32",
  lo_tid: "i32",
  lo_namefmt: "u32",
  lo_namearg: "u32",
} as const;

export const LockInstance = {
  size: 12,
  li_lock: 0,
  li_flags: 4,
  li_next: 8,
} as const;

export const LockInstanceTypes = {
  li_lock: "usize",
  li_flags: "u32",
  li_next: "usize",
} as const;
export const LI_EXCLUSIVE = 1;

export const WitnessState = {
  size: 24,
  ws_types: 0,
  ws_orders: 4,
  ws_exhausted: 8,
  ws_free: 12,
  ws_used: 16,
  ws_instances: 20,
} as const;

export const WitnessStateTypes = {
  ws_types: "u32",
  ws_orders: "u32",
  ws_exhausted: "u32",
  ws_free: "usize",
  ws_used: "u32",
  ws_instances: "u32",
} as const;
