// Every limit and fixed number of the kernel, with its reason. What a configuration bounds is in
// src/core/config.ts; what only affects speed (how far to look ahead, when to compile) stands beside the code
// that it is for.

/**
 * The machine structure lies at this address in every build, so that a snapshot of one fits another. Nothing
 * lies below it, on which the release build relies (scripts/inline.mjs): Binaryen wants 1,024 unused bytes.
 */
export const MACHINE_ADDRESS: usize = 0x400;
/** Per-CPU structures start here: at the first page behind the machine structure. */
export const GLOBALDATA_ADDRESS: usize = 0x1000;
/** Bytes from one CPU's structure to the next: a power of two, so that an index is a shift. */
export const GLOBALDATA_STRIDE: usize = 1024;
/** Statics of the compiler start here, behind MAXCPU structures (memoryBase in asconfig.json). */
export const STATICS_ADDRESS: usize = 0x12000;

/** Bytes of a cache line of the host, and the bits of an address within it: structures are laid out by lines. */
export const CACHE_LINE_SIZE: usize = 64;
export const CACHE_LINE_MASK: usize = CACHE_LINE_SIZE - 1;

/** Maximum number of emulated CPUs: CPU sets are 64-bit masks. */
export const MAXCPU: i32 = 64;
/** Maximum number of memory domains (vm_ndomains): FreeBSD's MAXMEMDOM on common platforms. */
export const MAXMEMDOM: i32 = 8;

/** First thread id, and the value that means "no process": thread ids are above all pids. */
export const NO_PID: i32 = 100000;
export const THREAD0_TID: i32 = 100000;
/** Highest process id before pids wrap around: thread ids begin above it. */
export const PID_MAX: i32 = 99999;

/** Longest name of a thread or process without its terminator, as in FreeBSD. */
export const MAXCOMLEN: i32 = 19;
/** Longest name of an LWKT thread without its terminator: LWKT keeps 16 bytes. */
export const LWKT_COMLEN: i32 = 16;

/** Levels of LWKT's run queue: gd_runqmask is one word, and td_pri has five bits of priority. */
export const NRUNQ: i32 = 32;
/** Levels of the run queues of 4bsd and ule: those of FreeBSD's priorities, with 99 for real-time threads. */
export const RQ_LEVELS: u32 = 324;
/** Maximum number of threads with deadlines: 64 for each of 64 CPUs. */
export const DL_MAX: u32 = 4095;
/**
 * Percentage of a CPU that can be reserved for them; the rest is for other threads. Linux's class uses the same.
 */
export const DL_PERCENT: u64 = 95;
/** Ticks per second of the statistics clock: FreeBSD's value, chosen so as not to run in step with hz. */
export const STATHZ: u32 = 127;
/** ule: the shortest slice is the usual one divided by this (SCHED_SLICE_MIN_DIVISOR of sched_ule.c). */
export const SLICE_MIN_DIVISOR: u32 = 6;
/** Chunks that the run queue pool has beyond its computed need, for small machines. */
export const CHUNKS_SPARE: u32 = 64;

// Slots of the callout wheel, by level: ticks of the current block of 4096; blocks of that size in the
// current 2^24 ticks; blocks of 2^24 ticks beyond, enough for any timeout, which is below 2^31 ticks. 4096,
// because a 64-bit summary word over 64-bit words finds the next of that many slots.
export const WHEEL_LEVELS: usize = 3;
export const WHEEL_SHIFT: u64 = 12;
export const WHEEL0_SLOTS: u32 = 4096;
export const WHEEL1_SLOTS: u32 = 4096;
export const WHEEL2_SLOTS: u32 = 512;
/** Longest sleep that is armed at once, in ticks: half of what the wheel takes; longer sleeps are rearmed. */
export const TICKS_MAX: u64 = 0x40000000;

/** Buckets of the sleep channel hash: one per two threads, up to 16 MiB of them. */
export const SLEEPQ_BUCKETS_MIN: u32 = 64;
export const SLEEPQ_BUCKETS_MAX: u32 = 1 << 22;

/** Stamps that a bucket of the thread id hash keeps: as many as fill two cache lines; the newest 17 decide. */
export const TID_STAMPS: u32 = 30;
/** Thread ids that the reaper frees in one batch: the original's number (kern_thread.c 294). */
export const TIDBATCH: u32 = 16;
/** Threads that it subtracts from the thread count in one batch: the original's number (kern_thread.c 363). */
export const TDCOUNTBATCH: u32 = 32;
/** Seconds between two runs of the reaper (kern_thread.c 723). */
export const REAP_SECONDS: u32 = 5;
/** Threads below maxthread that are reserved for privileged callers (kern_thread.c 176). */
export const MAXTHREAD_RESERVE: i32 = 100;
/** Upper bound of the default of kern.maxthread (kern_thread.c 552). */
export const MAXTHREAD_DEFAULT: i32 = 1000000;
/** Processes allowed on top of maxproc: proc0 and init, which it does not count. */
export const PROC_SPARE: u32 = 2;
/** Processes below maxproc that are reserved for privileged callers (kern_fork.c, fork1). */
export const MAXPROC_RESERVE: i32 = 10;
/**
 * Credentials (and limits) that can exist beside one per process: old ones still held by threads that have
 * not caught up, one per thread up to the first number, and a few for processes that are changing theirs.
 */
export const COW_THREADS_MAX: u32 = 65536;
export const COW_SPARE: u32 = 16;

// Bounds of chaos (kern/kern_chaos.ts): often enough to matter, rarely enough for a workload to keep its
// character.
/** One slice in this many begins with a preemption. */
export const CHAOS_PREEMPT: u64 = 4;
/** Maximum number of rounds by which a CPU's messages are delayed. */
export const CHAOS_LATE: u32 = 3;
/** A timeout is late by at most CHAOS_TICKS, plus its length divided by CHAOS_PART. */
export const CHAOS_TICKS: u64 = 2;
export const CHAOS_PART: u64 = 16;

// Thread structures outside the zone, by index: 0 is no thread, then thread0, the host's thread, and an idle
// thread per CPU. Because index 0 is unused, the address of a thread is never 0; the zone never hands these
// out.
export const THREAD0_INDEX: u32 = 1;
export const HOST_INDEX: u32 = 2;
export const IDLE_INDEX: u32 = 3;

/** Records of the trace buffer: 128 KiB, so that the host is called once every few thousand switches. */
export const KTR_RECORDS: u32 = 4096;
/** Buckets of the latency histogram: four per octave of 2^43 cycles. */
export const STATS_BUCKETS: i32 = 168;
/** Seconds that a shutdown waits for a kernel thread or process to be suspended (kern_shutdown.c). */
export const SHUTDOWN_WAIT: i32 = 60;

/** Exited structures that a CPU keeps for reuse (lwkt_thread.c 197). */
export const CACHE_NTHREADS: i32 = 6;

/** Default pages of a kernel stack, and the most that may be asked for, as on FreeBSD's amd64. */
export const KSTACK_PAGES: i32 = 4;
export const KSTACK_MAX_PAGES: i32 = 32;

/** Interrupt lines of the machine: twice as many as a classic interrupt controller pair has. */
export const NINTR: i32 = 32;
/** Pended interrupt threads stored in the CPU's own structure, four cache lines; further ones are linked. */
export const MAXPENDING: u32 = 64;

// Locks and tokens.
/** Locks of one kind (rwlock or sx) that a thread can share at a time: a byte counts them. */
export const SLOCKS_MAX: u8 = u8.MAX_VALUE;
/** Attempts at a spin mutex before it counts as held too long: a tenth of a second at the default clock rate. */
export const SPIN_LOOKS_MAX: u32 = 1_000_000;
/** Tokens that a thread of lwkt-modern can hold: DragonFly's number. */
export const LWKT_MAXTOKENS: u32 = 32;
/** Tokens of the pool (kern/lwkt_pool.ts): DragonFly's number, a power of two. */
export const LWKT_POOL_TOKENS: u32 = 16384;
/**
 * Rounds after which a waiter that has not taken up a token granted to it goes back into line: one round for
 * the news to arrive, one to act on it.
 */
export const GRANT_ROUNDS: u32 = 2;
/** Lock types that WITNESS tells apart: the original has 1,536; a matrix of this size fits a cache. */
export const WITNESS_COUNT: u32 = 256;
/** Direct orders of two types for which it remembers who established them: eight per type. */
export const WITNESS_ORDERS: u32 = 2048;
/**
 * Size of lock profiling's hash of pairs, a power of two, and how many entries may be used: with a quarter
 * free, probes stay short. Waits of further pairs are in the totals of their locks only.
 */
export const LOCK_PAIRS: u32 = 4096;
export const LOCK_PAIRS_MAX: u32 = 3072;

/** Bytes of a C program's string that the kernel reads; the rest is cut off. */
export const STRING_MAX: u32 = 255;

/**
 * Instructions after which code that takes no time returns to the host, which may want to stop it: about a
 * tenth of a second.
 */
export const RUN_INSTRUCTIONS_MAX: u64 = 1 << 26;
/** The same for steps of the kernel and of host bodies, which take a hundred times as long. */
export const RUN_STEPS_MAX: u32 = 1 << 20;

// Searches (sys/search.ts). A test that exceeds one of these is not in error: the excess is ignored, or ends
// its schedule.
/** Instructions after which a step is taken to be endless. */
export const SEARCH_INSTRUCTIONS_MAX: u64 = 1 << 20;
/** Decisions in a schedule: the tape takes four megabytes. */
export const SEARCH_DECISIONS_MAX: u32 = 1 << 18;
/** Threads that a decision can choose from: more than any test has. */
export const SEARCH_OPTIONS_MAX: u32 = 1024;
/** Decisions at which a PCT search may change priorities: the depth of the faults that it can find. */
export const SEARCH_CHANGES_MAX: u32 = 64;
/** The last wakeups without a sleeper, which the account of a failure can report. */
export const SEARCH_UNHEARD_MAX: u32 = 64;
/**
 * What the kernel itself restores at the start of a schedule: bytes, pieces and arenas. The host does it for
 * larger machines.
 */
export const SEARCH_IMAGE_MAX: u32 = 1 << 20;
export const SEARCH_PIECES_MAX: u32 = 256;
export const SEARCH_ARENAS_MAX: u32 = 256;
/**
 * Threads, and words they have touched, before the first choice; with more, schedules start at the very
 * beginning.
 */
export const KEPT_THREADS_MAX: u32 = 64;
export const KEPT_WORDS_MAX: u32 = 256;
/** Events in a row without a step of a thread: without a bound, timeouts alone would make a schedule endless. */
export const EVENTS_IN_A_ROW_MAX: u32 = 8;
/**
 * Steps in a row of one thread while others can run; then another one is next, so that a thread that polls
 * sees a change at last.
 */
export const STEPS_IN_A_ROW_MAX: u32 = 100;
/** Length of the chain of locks and owners that is followed; beyond it everything counts as dependent. */
export const CHAIN_MAX: u32 = 64;
/**
 * Race detection: threads, whose clocks are the square of that; and entries of its hashes, of which half are
 * used.
 */
export const RACE_THREADS_MAX: u32 = 64;
export const RACE_CLOCKS_MAX: u32 = 512;
export const RACE_BYTES_MAX: u32 = 1024;

/** Ranges of memory that a debugger can watch at a time: more than any CPU has debug registers for. */
export const WATCHES_MAX: u32 = 16;

// FreeBSD's priorities (smaller runs first). Recorded cases name them.
export const PSWP: i32 = 48;
export const PVM: i32 = 52;
export const PINOD: i32 = 56;
export const PRIBIO: i32 = 60;
export const PVFS: i32 = 64;
export const PZERO: i32 = 68;
export const PSOCK: i32 = 72;
export const PWAIT: i32 = 76;
export const PLOCK: i32 = 80;
export const PPAUSE: i32 = 84;
export const PUSER: i32 = 88;
export const PRI_MIN_REALTIME: i32 = 16;
export const PRI_MIN_KERN: i32 = 48;
export const PRI_MIN_TIMESHARE: i32 = 88;
export const PRI_MAX_TIMESHARE: i32 = 223;
export const PRI_MIN_IDLE: i32 = 224;
export const PRI_MAX: i32 = 255;
/** Mask of the priority in tsleep's priority argument, and the flags of that argument. */
export const PRIMASK: i32 = 0xff;
export const PCATCH: i32 = 0x100;
export const PDROP: i32 = 0x200;

// Flags of fork1 (unistd.h).
export const RFFDG: i32 = 0x4;
export const RFPROC: i32 = 0x10;
export const RFMEM: i32 = 0x20;
export const RFCFDG: i32 = 0x1000;
export const RFSTOPPED: i32 = 0x20000;
