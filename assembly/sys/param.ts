// Every limit and fixed number of the kernel, with its reason.

/** The machine structure lies at this address in every build, so that a snapshot of one fits another. */
export const MACHINE_ADDRESS: usize = 0x400;
/** Per-CPU structures start here; statics of the compiler lie above (asconfig.json memoryBase). */
export const GLOBALDATA_ADDRESS: usize = 0x1000;

/** Most emulated CPUs: CPU sets are 64-bit masks. */
export const MAXCPU: i32 = 64;
/** Most memory domains (vm_ndomains). */
export const MAXMEMDOM: i32 = 8;

/** First thread id and the value that means "no process": ids of threads start above all pids. */
export const NO_PID: i32 = 100000;
export const THREAD0_TID: i32 = 100000;
/** Highest process id before ids start again. */
export const PID_MAX: i32 = 99999;

/** Longest name of a thread or process without its terminator. */
export const MAXCOMLEN: i32 = 19;
/** Longest name of an LWKT thread without its terminator: lwkt keeps 16 bytes. */
export const LWKT_COMLEN: i32 = 16;

/** LWKT run queues a CPU. */
export const NRUNQ: i32 = 32;
/** Levels of the 4bsd run queue: one a FreeBSD priority. */
export const RQ_NQS: i32 = 256;

/** Exited structures that a CPU keeps for reuse (lwkt_thread.c 197). */
export const CACHE_NTHREADS: i32 = 6;

/** Default pages of a kernel stack, and the most that may be asked for. */
export const KSTACK_PAGES: i32 = 4;
export const KSTACK_MAX_PAGES: i32 = 32;

/** Interrupt lines of the machine. */
export const NINTR: i32 = 32;

/** Slots of one message ring between two CPUs; a power of two. */
export const IPIQ_SLOTS: i32 = 256;

// Priorities of FreeBSD (smaller runs first).
export const PRI_MIN: i32 = 0;
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
export const PRI_MAX: i32 = 255;
/** Mask of the priority in msleep's priority argument, and its flags. */
export const PRIMASK: i32 = 0xff;
export const PCATCH: i32 = 0x100;
export const PDROP: i32 = 0x200;

// Flags of fork1 (unistd.h).
export const RFNAMEG: i32 = 0x1;
export const RFFDG: i32 = 0x4;
export const RFPROC: i32 = 0x10;
export const RFMEM: i32 = 0x20;
export const RFCFDG: i32 = 0x1000;
export const RFSTOPPED: i32 = 0x20000;
