// The machine's configuration: names, units, ranges and defaults, and how it gets into the kernel.

import * as Layout from "../generated/layout.js";
import { checkOptions, flag, optional, type Rules, shown, whole } from "./arguments.js";
import { ConfigError } from "./errors.js";
import { type Scheduler, schedulerFault } from "./scheduler.js";

/** Schedulers that a machine can boot with. */
export type SchedulerName = "lwkt" | "4bsd" | "ule" | "lwkt-modern";

/** What the kernel calls them. */
const SCHEDULERS: Readonly<Record<SchedulerName, number>> = {
  lwkt: Layout.Sched.LWKT,
  "4bsd": Layout.Sched.BSD4,
  ule: Layout.Sched.ULE,
  "lwkt-modern": Layout.Sched.LWKT,
};

/** Names of the schedulers. */
export const SCHEDULER_NAMES = Object.keys(SCHEDULERS) as SchedulerName[];

/** Packages, caches, cores and threads of a machine's CPUs. */
export interface Topology {
  readonly packages?: number;
  /** Of a package. */
  readonly caches?: number;
  /** Of those that share a cache. */
  readonly cores?: number;
  /** Of a core. */
  readonly threads?: number;
}

/** What a machine is made of. Every field has a default. */
export interface MachineConfig {
  /** Emulated CPUs, 1 to 64. Default 1. */
  readonly cpus?: number;
  /**
   * kern.maxthread: at most `maxthread` - 1 threads exist at a time, of which the kernel's own and init's are two; 3 at
   * least, unless the machine is bare. 0: computed from maxproc, as FreeBSD does. Default 100,000.
   */
  readonly maxthread?: number;
  /** kern.maxproc: processes at a time, 2 and up. It sizes the hash of thread ids. Default 1,000. */
  readonly maxproc?: number;
  /** Threads that a user process may have. Default 1,500. */
  readonly maxThreadsPerProc?: number;
  /** Clock ticks per second, 1 to 1,000,000. Default 1,000. */
  readonly hz?: number;
  /** Cycles per second of each CPU. Default 1,000,000,000: a cycle is a nanosecond. */
  readonly cyclesPerSecond?: number;
  /** Cycles of a slice: how far a CPU runs before the others catch up and messages arrive. Default 10,000. */
  readonly quantum?: number;
  /** Scheduler, by its name, or one of one's own in JavaScript ({@link Scheduler}). Default "lwkt". */
  readonly scheduler?: SchedulerName | Scheduler;
  /** Seed of the machine's random numbers, any whole number of 64 bits, with a sign or without. Default 0. */
  readonly seed?: bigint | number;
  /** A wakeup of a better thread takes the CPU at the next safe point. Default true. */
  readonly preemption?: boolean;
  /**
   * Cycles after which a running thread lets its equals run, 0 = never; lwkt-modern: a tick at most. Default
   * 100 ms.
   */
  readonly roundRobin?: number;
  /** Run queues of 4bsd and ule, 256 or 64: with 64, four neighbouring priorities are equals. Default 256. */
  readonly runQueues?: 64 | 256;
  /**
   * How ule sees the CPUs: `threads` of a core, `cores` that share a cache, `caches` of a package, and
   * `packages`, each 1 unless it is given. Their product is `cpus`. CPUs of a core have neighbouring numbers,
   * and so on. Default: all share one cache.
   */
  readonly topology?: Topology;
  /**
   * Whether lwkt and lwkt-modern have a scheduler of user threads, for threads with a policy, which takes 64
   * bytes of addresses per thread. Without it a policy is a fixed priority. Default true, unless the machine is
   * bare, made for a search, or has `maxthread` above 1,000,000.
   */
  readonly userThreads?: boolean;
  /** Guest memory of RV32 programs in bytes, program text included. Default 1 MiB. */
  readonly guestMemory?: number;
  /**
   * Bytes of guest memory, at its start, that hold program text. Default 64 KiB. From 8 KiB on, the first
   * 4 KiB are no memory, so that null pointers fault.
   */
  readonly textMemory?: number;
  /** What a fault of RV32 code does: the machine panics, or only the thread ends. Default "panic". */
  readonly faults?: "panic" | "thread";
  /** Bytes of guest memory in a page of a kernel stack, for threads that run C. Default 4,096. */
  readonly stackPage?: number;
  /** Default pages of a kernel stack, 1 to 32. Default 4. */
  readonly kstackPages?: number;
  /** Kernel functions that a blocked thread can be nested in, 2 to 64. Default 10. */
  readonly kstackDepth?: number;
  /** Registers of an RV32 thread: 32, or 16 for RV32E, which saves 64 bytes per thread. Default 32. */
  readonly registers?: 16 | 32;
  /** Memory domains of thread structures, 1 to 8. Default 1. */
  readonly domains?: number;
  /** Wait structures and tokens that can be made. Default 4,096. */
  readonly objects?: number;
  /** Bytes for names, wait messages and channels. Default 1 MiB. */
  readonly stringMemory?: number;
  /** Record wakeup latencies and migrations, 712 bytes per thread. Default false. */
  readonly statistics?: boolean;
  /**
   * WITNESS: reports locks that are taken in different orders, and what else is wrong with who holds them, on the
   * console (docs/locks.md). Default false.
   */
  readonly witness?: boolean;
  /** Lock profiling: how long locks are waited for and held, and who waits for whom. Default false. */
  readonly lockProfile?: boolean;
  /**
   * Who finds a mutex, rwlock, sx or rmlock taken by a thread that runs on another CPU looks again every 100
   * cycles while that one runs, as FreeBSD's locks do, rather than sleeping at once. Default false.
   */
  readonly adaptiveLocks?: boolean;
  /** Initial value of the kernel's `ticks`, 32 bits. Default 0. */
  readonly ticks?: number;
  /**
   * "cycles": code takes time, one cycle per instruction. "idle": code takes none, and time moves only
   * when no thread is runnable, from one timeout to the next. Default "cycles".
   */
  readonly time?: "cycles" | "idle";
  /**
   * Compile RV32 code that is hot to WebAssembly. The run is the same without it, bit for bit, only slower; hosts
   * that forbid to make code run without it anyhow. Default true.
   */
  readonly jit?: boolean;
  /** Only LWKT: no processes, no thread ids, nothing of FreeBSD's. Default false. */
  readonly bare?: boolean;
  /**
   * The guest address of memory, for one program on bare metal: it has RISC-V's machine mode in place
   * of a kernel, and may change its text. {@link BareMetal} sets it. Default -1: threads have a kernel.
   */
  readonly metalOrigin?: number;
  /**
   * Keep what JavaScript bodies were given, so that snapshots, rewinding and forks work while they run:
   * 16 bytes for each step that is not like the one before. Default false: bodies may not have begun then.
   */
  readonly snapshots?: boolean;
  /**
   * Let things happen at other moments than they usually would, by random numbers of the seed: threads are preempted at
   * any jump, messages come up to 3 rounds late, and timeouts up to 2 ticks and a sixteenth of their time.
   * Default false.
   */
  readonly chaos?: boolean;
  /**
   * Be a machine that `explore` searches: RV32 code stops before each visible operation, so that nothing else can run
   * it. Default false.
   */
  readonly search?: boolean;
}

/** A configuration with all defaults filled in. */
export type CompleteConfig = Required<MachineConfig>;

/** How reports and traces call a machine's scheduler. */
export function schedulerName({ scheduler }: CompleteConfig): string {
  return typeof scheduler === "string" ? scheduler : scheduler.name;
}

/** What a field of the configuration may be. */
interface Range {
  readonly min: number;
  readonly max: number;
  readonly default: number;
  readonly unit: string;
}

const ranges = {
  cpus: { min: 1, max: Layout.MAXCPU, default: 1, unit: "CPUs" },
  maxthread: { min: 0, max: 40_000_000, default: 100_000, unit: "threads" },
  maxproc: { min: 2, max: 99_999, default: 1_000, unit: "processes" },
  maxThreadsPerProc: { min: 1, max: 40_000_000, default: 1_500, unit: "threads" },
  hz: { min: 1, max: 1_000_000, default: 1_000, unit: "ticks a second" },
  cyclesPerSecond: { min: 1_000, max: 1e12, default: 1e9, unit: "cycles a second" },
  quantum: { min: 100, max: 1e9, default: 10_000, unit: "cycles" },
  runQueues: { min: 64, max: 256, default: 256, unit: "run queues" },
  roundRobin: { min: 0, max: 1e15, default: -1, unit: "cycles" },
  guestMemory: { min: 4096, max: 2 ** 31, default: 1 << 20, unit: "bytes" },
  textMemory: { min: 1024, max: 1 << 26, default: 1 << 16, unit: "bytes" },
  stackPage: { min: 256, max: 65_536, default: 4096, unit: "bytes" },
  kstackPages: { min: 1, max: Layout.KSTACK_MAX_PAGES, default: 4, unit: "pages" },
  kstackDepth: { min: 2, max: 64, default: 10, unit: "functions" },
  registers: { min: 16, max: 32, default: 32, unit: "registers" },
  domains: { min: 1, max: Layout.MAXMEMDOM, default: 1, unit: "memory domains" },
  objects: { min: 1, max: 1 << 24, default: 4096, unit: "objects" },
  stringMemory: { min: 4096, max: 1 << 30, default: 1 << 20, unit: "bytes" },
  metalOrigin: { min: -1, max: 2 ** 32 - 4096, default: -1, unit: "guest address" },
  ticks: { min: -(2 ** 31), max: 2 ** 31 - 1, default: 0, unit: "ticks" },
} as const satisfies Partial<Record<keyof MachineConfig, Range>>;

function checkedNumber(name: keyof typeof ranges, value: number | undefined): number {
  const { min, max, default: fallback, unit } = ranges[name];
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ConfigError(
      `${name} is ${shown(value)}; it must be a whole number from ${min} to ${max} (${unit})`,
    );
  }
  return value;
}

function checkedChoice<T extends string>(name: string, value: T | undefined, all: readonly T[]): T {
  if (value === undefined) return all[0] as T;
  if (!all.includes(value)) {
    throw new ConfigError(`${name} is ${shown(value)}; it must be one of ${all.join(", ")}`);
  }
  return value;
}

function checkedScheduler(scheduler: MachineConfig["scheduler"]): SchedulerName | Scheduler {
  if (typeof scheduler !== "object" || scheduler === null) {
    return checkedChoice("scheduler", scheduler, SCHEDULER_NAMES);
  }
  const fault = schedulerFault(scheduler);
  if (fault === null) return scheduler;
  throw new ConfigError(`scheduler is an object that is no scheduler: ${fault}`);
}

const topologyRules: Rules = Object.fromEntries(
  ["packages", "caches", "cores", "threads"].map((name) => [
    name,
    optional(whole(1, Layout.MAXCPU)),
  ]),
);

function checkedTopology(topology: Topology | undefined, cpus: number): Topology {
  if (topology === undefined) return {};
  checkOptions("topology", topology, topologyRules);
  const { packages = 1, caches = 1, cores = 1, threads = 1 } = topology;
  if (Object.keys(topology).length === 0) return {};
  const has = packages * caches * cores * threads;
  if (has !== cpus) {
    const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
    const parts = [
      ...[counted(packages, "package"), counted(caches, "cache"), counted(cores, "core")],
      counted(threads, "thread"),
    ];
    throw new ConfigError(
      `topology has ${parts.join(" of ")}, ${counted(has, "CPU")}, and cpus is ${cpus}; set cpus to ${has}, or change the topology`,
    );
  }
  return Object.freeze({ packages, caches, cores, threads });
}

/** The smallest and the largest seed: 64 bits, with a sign or without. */
export const SEED_MIN = -(2n ** 63n);
export const SEED_MAX = 2n ** 64n - 1n;

function checkedSeed(seed: bigint | number | undefined): bigint {
  if (seed === undefined) return 0n;
  const isWhole = typeof seed === "bigint" || Number.isSafeInteger(seed);
  if (!isWhole || seed < SEED_MIN || seed > SEED_MAX) {
    throw new ConfigError(
      `seed is ${shown(seed)}; it must be a whole number of 64 bits (a bigint beyond 2^53)`,
    );
  }
  return BigInt.asUintN(64, BigInt(seed));
}

/** Threads from which on LWKT's scheduler of user threads has to be asked for: its part is a fifth of their memory. */
const MANY_THREADS = 1_000_000;

function hasUserThreads(config: MachineConfig, maxthread: number): boolean {
  const { scheduler = "lwkt" } = config;
  if (scheduler !== "lwkt" && scheduler !== "lwkt-modern") return false;
  if (config.bare || config.search) return false;
  return config.userThreads ?? maxthread <= MANY_THREADS;
}

/** The smallest maxthread with which the kernel's first process and init have their threads. */
export const MAXTHREAD_MIN = 3;

/** Bytes at the start of guest memory that fault. */
export const PAGE_ZERO = 4096;

/** Fills in defaults and checks ranges; throws a {@link ConfigError} that names the field. */
export function completeConfig(config: MachineConfig): CompleteConfig {
  checkNames(config);
  const numbers = Object.fromEntries(
    (Object.keys(ranges) as (keyof typeof ranges)[]).map((name) => [
      name,
      checkedNumber(name, config[name]),
    ]),
  ) as Record<keyof typeof ranges, number>;
  if (numbers.maxthread !== 0 && numbers.maxthread < MAXTHREAD_MIN && config.bare !== true) {
    throw new ConfigError(
      `maxthread is ${numbers.maxthread}; it must be ${MAXTHREAD_MIN} at least, for the threads of the kernel and of init, or 0`,
    );
  }
  if (numbers.roundRobin < 0) numbers.roundRobin = Math.round(numbers.cyclesPerSecond / 10);
  if (numbers.hz > numbers.cyclesPerSecond) {
    throw new ConfigError(`hz is ${numbers.hz}; it cannot exceed cyclesPerSecond`);
  }
  if (numbers.registers !== 16 && numbers.registers !== 32) {
    throw new ConfigError(`registers is ${numbers.registers}; it must be 16 or 32`);
  }
  if (numbers.runQueues !== 64 && numbers.runQueues !== 256) {
    throw new ConfigError(`runQueues is ${numbers.runQueues}; it must be 64 or 256`);
  }
  if (numbers.textMemory > numbers.guestMemory) {
    throw new ConfigError(
      `textMemory is ${numbers.textMemory}; guestMemory has no more than ${numbers.guestMemory} bytes`,
    );
  }
  if (numbers.textMemory % 4 !== 0 || numbers.guestMemory % 4 !== 0) {
    throw new ConfigError("textMemory and guestMemory must be multiples of 4 bytes");
  }
  if (numbers.stackPage % 64 !== 0) {
    throw new ConfigError(`stackPage is ${numbers.stackPage}; it must be a multiple of 64 bytes`);
  }
  return Object.freeze({
    ...numbers,
    registers: numbers.registers,
    runQueues: numbers.runQueues,
    scheduler: checkedScheduler(config.scheduler),
    faults: checkedChoice("faults", config.faults, ["panic", "thread"]),
    time: checkedChoice("time", config.time, ["cycles", "idle"]),
    seed: checkedSeed(config.seed),
    topology: checkedTopology(config.topology, numbers.cpus),
    preemption: config.preemption ?? true,
    userThreads: hasUserThreads(config, numbers.maxthread),
    statistics: config.statistics ?? false,
    jit: config.jit ?? true,
    bare: config.bare ?? false,
    snapshots: config.snapshots ?? false,
    chaos: config.chaos ?? false,
    search: config.search ?? false,
    witness: config.witness ?? false,
    lockProfile: config.lockProfile ?? false,
    adaptiveLocks: config.adaptiveLocks ?? false,
  });
}

const anything = { allowed: "", accepts: () => true, isOptional: true } as const;
/** Fields with a check of their own are let pass here. */
const fields: Rules = {
  ...Object.fromEntries(Object.keys(ranges).map((name) => [name, anything])),
  faults: anything,
  scheduler: anything,
  time: anything,
  seed: anything,
  topology: anything,
  preemption: optional(flag),
  userThreads: optional(flag),
  statistics: optional(flag),
  jit: optional(flag),
  bare: optional(flag),
  snapshots: optional(flag),
  chaos: optional(flag),
  search: optional(flag),
  witness: optional(flag),
  lockProfile: optional(flag),
  adaptiveLocks: optional(flag),
};

function checkNames(config: MachineConfig): void {
  if (typeof config === "object" && config !== null) {
    const unknown = Object.keys(config).find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined) {
      throw new ConfigError(`there is no setting "${unknown}" of a machine`);
    }
  }
  checkOptions("Machine", config, fields);
}

/** Writes a configuration into the machine structure of a kernel that has not booted. */
export function writeConfig(view: DataView, config: CompleteConfig): void {
  const { Machine: M, MACHINE_ADDRESS: at } = Layout;
  const u32 = (offset: number, value: number) => view.setUint32(at + offset, value, true);
  const u64 = (offset: number, value: number | bigint) =>
    view.setBigUint64(at + offset, BigInt.asUintN(64, BigInt(value)), true);
  u32(M.ncpus, config.cpus);
  u32(M.maxthread, config.maxthread);
  u32(M.maxproc, config.maxproc);
  u32(M.max_threads_per_proc, config.maxThreadsPerProc);
  u32(M.hz, config.hz);
  const { scheduler } = config;
  u32(M.sched, typeof scheduler === "string" ? SCHEDULERS[scheduler] : Layout.Sched.HOST);
  u32(M.lwkt_modern, scheduler === "lwkt-modern" ? 1 : 0);
  u32(M.ndomains, config.domains);
  u64(M.seed, config.seed);
  u64(M.cycles_per_second, config.cyclesPerSecond);
  u64(M.quantum, config.quantum);
  u32(M.cycle_cost, config.time === "cycles" ? 1 : 0);
  u32(M.preemption, config.preemption ? 1 : 0);
  u64(M.rr_cycles, config.roundRobin);
  u32(M.user_threads, config.userThreads ? 1 : 0);
  u32(M.rq_mask, config.runQueues === 64 ? 0xfc : 0xff);
  const { caches = 1, cores = 1, threads = 1 } = config.topology;
  const isFlat = Object.keys(config.topology).length === 0;
  u32(M.core_cpus, isFlat ? 0 : threads);
  u32(M.cache_cpus, isFlat ? 0 : threads * cores);
  u32(M.package_cpus, isFlat ? 0 : threads * cores * caches);
  u32(M.kstack_depth, config.kstackDepth);
  u32(M.kstack_pages, config.kstackPages);
  u32(M.frame_high, config.registers === 32 ? 1 : 0);
  u32(M.guest_size, config.guestMemory);
  const isMetal = config.metalOrigin >= 0;
  u32(M.text_size, isMetal ? config.guestMemory : config.textMemory);
  u32(M.metal, isMetal ? 1 : 0);
  u32(M.guest_origin, isMetal ? config.metalOrigin : 0);
  const low = config.textMemory >= 2 * PAGE_ZERO ? PAGE_ZERO : 0;
  u32(M.guest_low, isMetal ? config.metalOrigin : low);
  u32(M.fault_mode, config.faults === "panic" ? Layout.FAULT_PANICS : Layout.FAULT_ENDS_THREAD);
  u32(M.stack_page, config.stackPage);
  u32(M.kobj_count, config.objects);
  u32(M.string_size, config.stringMemory);
  u32(M.stats, config.statistics ? 1 : 0);
  u32(M.chaos, config.chaos ? 1 : 0);
  u32(M.search, config.search ? 1 : 0);
  const profile = config.lockProfile ? Layout.LOCK_PROFILE : 0;
  u32(M.lock_watch, (config.witness ? Layout.LOCK_WITNESS : 0) | profile);
  u32(M.lock_adaptive, config.adaptiveLocks ? 1 : 0);
  u32(M.bare, config.bare ? 1 : 0);
  u64(M.ticks64, config.ticks >>> 0);
}
