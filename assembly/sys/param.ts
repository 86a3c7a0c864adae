// Every limit and fixed number of the kernel, with its reason. What a configuration bounds is in src/core/config.ts, and
// what only makes something fast (how far to look ahead, when to compile) stands beside the code that it is for.

/** The machine structure lies at this address in every build, so that a snapshot of one fits another. */
export const MACHINE_ADDRESS: usize = 0x400;
/** Per-CPU structures start here: at the first page behind the machine structure. */
export const GLOBALDATA_ADDRESS: usize = 0x1000;
/** Bytes from one CPU's structure to the next: a power of two, so that an index is a shift. */
export const GLOBALDATA_STRIDE: usize = 1024;
/** Statics of the compiler start here, behind MAXCPU structures (memoryBase in asconfig.json). */
export const STATICS_ADDRESS: usize = 0x12000;

/** Most emulated CPUs: CPU sets are 64-bit masks. */
export const MAXCPU: i32 = 64;
/** Most memory domains (vm_ndomains): FreeBSD's MAXMEMDOM on common platforms. */
export const MAXMEMDOM: i32 = 8;

/** First thread id and the value that means "no process": ids of threads start above all pids. */
export const NO_PID: i32 = 100000;
export const THREAD0_TID: i32 = 100000;
/** Highest process id before ids start again: thread ids begin above it. */
export const PID_MAX: i32 = 99999;

/** Longest name of a thread or process without its terminator, as in FreeBSD. */
export const MAXCOMLEN: i32 = 19;
/** Longest name of an LWKT thread without its terminator: lwkt keeps 16 bytes. */
export const LWKT_COMLEN: i32 = 16;

/** Levels of LWKT's run queue: gd_runqmask is one word, and td_pri has five bits of priority. */
export const NRUNQ: i32 = 32;
/** Levels of the run queues of 4bsd and ule: those of FreeBSD's priorities, with 99 for real-time threads. */
export const RQ_LEVELS: u32 = 324;
/** Threads with deadlines at a time: 64 for each of 64 CPUs. */
export const DL_MAX: u32 = 4095;
/** Hundredths of a CPU that can be promised to them: the rest of the machine lives, too. Linux's class has the same. */
export const DL_PERCENT: u64 = 95;
/** Ticks per second of the statistics clock: FreeBSD's, which must not run in step with hz. */
export const STATHZ: u32 = 127;
/** ule: the shortest slice is the usual one divided by this (SCHED_SLICE_MIN_DIVISOR of sched_ule.c). */
export const SLICE_MIN_DIVISOR: u32 = 6;
/** Chunks that the pool of run queues has beyond what it can need: for small machines. */
export const CHUNKS_SPARE: u32 = 64;

// The callout wheel's slots, by level: ticks of the block of 4096 that the wheel stands in; such blocks of the
// 2^24 ticks that it stands in; blocks of 2^24 ticks beyond, enough for any timeout, which is below 2^31
// ticks. 4096, because a summary word of 64 bits over words of 64 bits finds the next slot of that many.
export const WHEEL_LEVELS: usize = 3;
export const WHEEL_SHIFT: u64 = 12;
export const WHEEL0_SLOTS: u32 = 4096;
export const WHEEL1_SLOTS: u32 = 4096;
export const WHEEL2_SLOTS: u32 = 512;
/** Longest sleep that is armed at once, in ticks: half of what the wheel takes; longer ones go on. */
export const TICKS_MAX: u64 = 0x40000000;

/** Buckets of the hash of sleep channels: one per two threads, up to 16 MiB of them. */
export const SLEEPQ_BUCKETS_MIN: u32 = 64;
export const SLEEPQ_BUCKETS_MAX: u32 = 1 << 22;

/** Stamps that a bucket of the thread id hash knows: what fills two cache lines; 17 of them decide. */
export const TID_STAMPS: u32 = 30;
/** Thread ids that a reaper frees at once: the original's batch (kern_thread.c 294). */
export const TIDBATCH: u32 = 16;
/** Threads that it takes off the thread count at once: the original's batch (kern_thread.c 363). */
export const TDCOUNTBATCH: u32 = 32;
/** Seconds from one look of the reaper to the next (kern_thread.c 723). */
export const REAP_SECONDS: u32 = 5;
/** The last so many threads below maxthread are for privileged callers (kern_thread.c 176). */
export const MAXTHREAD_RESERVE: i32 = 100;
/** Most that kern.maxthread becomes by itself (kern_thread.c 552). */
export const MAXTHREAD_DEFAULT: i32 = 1000000;
/** Processes that may exist on top of maxproc: proc0 and init, for which it is not enforced. */
export const PROC_SPARE: u32 = 2;
/** The last so many processes below maxproc are for privileged callers (kern_fork.c, fork1). */
export const MAXPROC_RESERVE: i32 = 10;
/**
 * Credentials, and limits, that can exist at a time beside one for each process: old ones of threads that have not caught
 * up, one for each thread up to the first number, and a few of processes that change theirs.
 */
export const COW_THREADS_MAX: u32 = 65536;
export const COW_SPARE: u32 = 16;

// How far chaos goes (kern/kern_chaos.ts): often enough to matter, and little enough for a workload to be itself.
/** Of so many slices one begins with its thread giving way. */
export const CHAOS_PREEMPT: u64 = 4;
/** Rounds by which messages of a CPU are late at most. */
export const CHAOS_LATE: u32 = 3;
/** A timeout is late by up to so many ticks, and by up to its time divided by the other. */
export const CHAOS_TICKS: u64 = 2;
export const CHAOS_PART: u64 = 16;

// Thread structures outside the zone, by index: 0 is no thread, then thread0, the host's thread, and an idle
// thread per CPU. Addresses of threads are then never 0, and these are never handed out.
export const THREAD0_INDEX: u32 = 1;
export const HOST_INDEX: u32 = 2;
export const IDLE_INDEX: u32 = 3;

/** Records of the trace buffer: 128 KiB, so that the host is called once in some thousand switches. */
export const KTR_RECORDS: u32 = 4096;
/** Buckets of the latency histogram: four per octave of 2^43 cycles. */
export const STATS_BUCKETS: i32 = 168;
/** Seconds that a shutdown waits for a kernel thread or process to suspend (kern_shutdown.c). */
export const SHUTDOWN_WAIT: i32 = 60;

/** Exited structures that a CPU keeps for reuse (lwkt_thread.c 197). */
export const CACHE_NTHREADS: i32 = 6;

/** Default pages of a kernel stack, and the most that may be asked for, as on FreeBSD's amd64. */
export const KSTACK_PAGES: i32 = 4;
export const KSTACK_MAX_PAGES: i32 = 32;

/** Interrupt lines of the machine: as many as a classic interrupt controller pair and then some. */
export const NINTR: i32 = 32;
/** Pended interrupt threads in the CPU's own structure, four cache lines; more are linked behind. */
export const MAXPENDING: u32 = 64;

// Locks and tokens.
/** Locks of a kind, rwlock or sx, that a thread can share at a time: a byte counts them. */
export const SLOCKS_MAX: u8 = u8.MAX_VALUE;
/** Looks at a spin mutex after which it has been held for too long: a tenth of a second by the default clock. */
export const SPIN_LOOKS_MAX: u32 = 1_000_000;
/** Tokens that a thread of lwkt-modern can hold: DragonFly's number. */
export const LWKT_MAXTOKENS: u32 = 32;
/** Tokens of the pool (kern/lwkt_pool.ts): DragonFly's number, a power of two. */
export const LWKT_POOL_TOKENS: u32 = 16384;
/**
 * Rounds after which a thread that has not looked at the token that came for it goes back into line: it had one round to
 * hear of it, and one to look.
 */
export const GRANT_ROUNDS: u32 = 2;
/** Types of locks that WITNESS tells from each other: the original has 1,536, and this matrix fits a cache. */
export const WITNESS_COUNT: u32 = 256;
/** Direct orders of two types whose makers it remembers: eight for each type. */
export const WITNESS_ORDERS: u32 = 2048;
/**
 * Entries of the hash of pairs that lock profiling has, a power of two, and how many of them are used: with a quarter
 * free a look stays short. Waits of further pairs are counted all together.
 */
export const LOCK_PAIRS: u32 = 4096;
export const LOCK_PAIRS_MAX: u32 = 3072;

/** Bytes of a C program's string that the kernel takes; the rest is cut off. */
export const STRING_MAX: u32 = 255;

/** Instructions after which code that takes no time gives way to the host, which may want to stop it: some tenth of a second. */
export const RUN_INSTRUCTIONS_MAX: u64 = 1 << 26;

// Searches (sys/search.ts). What a test has beyond these is left out of account, or ends its schedule; it is no error.
/** Instructions of a step after which it is taken for one that does not end. */
export const SEARCH_INSTRUCTIONS_MAX: u64 = 1 << 20;
/** Decisions of a schedule: the tape takes four megabytes. */
export const SEARCH_DECISIONS_MAX: u32 = 1 << 18;
/** Threads that can go next: more than anybody tests. */
export const SEARCH_OPTIONS_MAX: u32 = 1024;
/** Decisions at which a PCT search may change priorities, which is the depth of what it can find. */
export const SEARCH_CHANGES_MAX: u32 = 64;
/** Wakeups that nobody slept for, the last ones, of which the story of a failure can tell. */
export const SEARCH_UNHEARD_MAX: u32 = 64;
/** What the kernel itself puts back where a schedule starts: bytes, pieces and arenas. The host does it for larger machines. */
export const SEARCH_IMAGE_MAX: u32 = 1 << 20;
export const SEARCH_PIECES_MAX: u32 = 256;
export const SEARCH_ARENAS_MAX: u32 = 256;
/** Threads, and words that they have touched, before the first choice; with more, schedules start at the very beginning. */
export const KEPT_THREADS_MAX: u32 = 64;
export const KEPT_WORDS_MAX: u32 = 256;
/** Events without a thread, one behind the other: without a bound timeouts alone would make a schedule endless. */
export const EVENTS_IN_A_ROW_MAX: u32 = 8;
/** Steps of one thread while others could run, after which one of these is next: whoever polls must see a change some time. */
export const STEPS_IN_A_ROW_MAX: u32 = 100;
/** Locks and owners behind a lock that are looked at: whatever is behind more of them counts as dependent. */
export const CHAIN_MAX: u32 = 64;
/** What a search for races looks at: threads, whose clocks are the square of that; and entries of its hashes, half of them used. */
export const RACE_THREADS_MAX: u32 = 64;
export const RACE_CLOCKS_MAX: u32 = 512;
export const RACE_BYTES_MAX: u32 = 1024;

/** Ranges of memory that a debugger can watch at a time: more than debug registers of any CPU allow. */
export const WATCHES_MAX: u32 = 16;

// Priorities of FreeBSD (smaller runs first). Recorded cases name them.
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
/** Mask of the priority in tsleep's priority argument, and its flags. */
export const PRIMASK: i32 = 0xff;
export const PCATCH: i32 = 0x100;
export const PDROP: i32 = 0x200;

// Flags of fork1 (unistd.h).
export const RFFDG: i32 = 0x4;
export const RFPROC: i32 = 0x10;
export const RFMEM: i32 = 0x20;
export const RFCFDG: i32 = 0x1000;
export const RFSTOPPED: i32 = 0x20000;
