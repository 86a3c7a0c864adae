// The stress test as a function: boots a machine that just fits, runs the program, and measures. The
// host's clock is read to report speed only: nothing in the machine depends on it.

import type { CompleteConfig, MachineConfig, SchedulerName, Topology } from "../core/config.js";
import { ConfigError } from "../core/errors.js";
import type { KernelSource } from "../core/instantiate.js";
import { Machine } from "../machine/machine.js";
import { type StressWord, stressProgram, WORDS } from "./stress-program.js";

/** Threads that exist besides these, and room that the kernel keeps. */
const SLACK_THREADS = 16;
/** Rounds of the machine between two looks at it. */
const ROUNDS_PER_LOOK = 200;
/** Milliseconds after which the host's other business has its turn. */
const BREAK_INTERVAL_MS = 25;

/** What to do. */
export interface StressOptions {
  readonly threads: number;
  readonly cpus: number;
  readonly topology?: Topology;
  /** How often each thread yields, wakes another and sleeps. */
  readonly rounds: number;
  readonly scheduler: SchedulerName;
  readonly seed?: bigint | number;
  /** Preempt threads at random, and let messages and timeouts be late within bounds. */
  readonly chaos?: boolean;
  /** The program in C (examples/c/stress.c) instead of the builder's. */
  readonly elf?: Uint8Array;
  /** Build of the kernel. */
  readonly build?: KernelSource;
  /** Called some ten times a second; the run ends when it returns false. */
  readonly onProgress?: (progress: StressProgress) => boolean | undefined;
}

/** How far a stress test has come. */
export interface StressProgress {
  readonly created: number;
  readonly exited: number;
}

/** What came out. Times but the virtual one are the host's. */
export interface StressReport {
  readonly threads: number;
  readonly cpus: number;
  readonly rounds: number;
  readonly scheduler: SchedulerName;
  readonly seed: string;
  /** All threads were created, ran, exited and were reaped. */
  readonly complete: boolean;
  readonly created: number;
  readonly exited: number;
  /** Sleeps that a neighbour ended; the timeout ended the others. */
  readonly woken: number;
  /** Error of the kthread_add that failed, 0 for none. */
  readonly errno: number;
  /** Threads that are left over, the kernel's own and the spawner not counted; null when the run was not finished. */
  readonly leaked: number | null;
  readonly seconds: number;
  readonly creationSeconds: number;
  /** Threads created, run and reaped in a second. */
  readonly threadsPerSecond: number;
  readonly creationsPerSecond: number;
  readonly switches: number;
  readonly switchesPerSecond: number;
  readonly instructions: number;
  readonly messages: number;
  readonly virtualSeconds: number;
  /** Most memory that the whole process has had resident. */
  readonly residentBytes: number;
  /** What each thread has added to that. */
  readonly bytesPerThread: number;
  /** Addresses that the machine uses, resident or not. */
  readonly machineBytes: number;
  readonly hash: string;
}

/** Text and data of the program in C, and bytes of a thread's stack: few, for so many threads. */
const ELF_TEXT = 65_536;
const ELF_DATA = 131_072;
const ELF_STACK = 256;

/** What a machine of threads of C code has besides. */
function elfConfig({ threads }: StressOptions): MachineConfig {
  return {
    registers: 32,
    stackPage: ELF_STACK,
    textMemory: ELF_TEXT,
    guestMemory: ELF_TEXT + ELF_DATA + (threads + SLACK_THREADS) * ELF_STACK,
  };
}

/** The configuration of a machine that holds this many threads and little else. */
function stressConfig(options: StressOptions): MachineConfig {
  return {
    cpus: options.cpus,
    topology: options.topology,
    scheduler: options.scheduler,
    userThreads: false,
    seed: options.seed ?? 0,
    chaos: options.chaos ?? false,
    maxthread: options.threads + SLACK_THREADS,
    maxproc: 64,
    registers: 16,
    kstackDepth: 2,
    kstackPages: 1,
    objects: 1,
    stringMemory: 4096,
    guestMemory: 8192,
    textMemory: 4096,
    ...(options.elf === undefined ? {} : elfConfig(options)),
  };
}

function bootMachine(options: StressOptions): Machine {
  try {
    return new Machine(stressConfig(options), options.build);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `${options.threads} threads do not fit: ${error.message}, of which ${SLACK_THREADS} are the machine's own`,
    );
  }
}

/** Pages of the stack of the thread that creates the others. */
const SPAWNER_PAGES = 16;

function placesBy(of: (name: StressWord, index: number) => number): Record<StressWord, number> {
  const entries = WORDS.map((name, index) => [name, of(name, index)]);
  return Object.fromEntries(entries) as Record<StressWord, number>;
}

/** A running stress test. */
class Stress {
  private readonly options: StressOptions;
  private readonly machine: Machine;
  /** The guest addresses of the words that the program and the host share. */
  private readonly places: Readonly<Record<StressWord, number>>;
  private readonly threadsAtStart: number;
  private readonly residentAtStart: number;
  private readonly startedAt: number;
  private residentMax: number;
  private creationSeconds = 0;

  constructor(options: StressOptions) {
    this.options = options;
    this.machine = bootMachine(options);
    this.places = options.elf === undefined ? this.load() : this.loadElf(options.elf);
    this.threadsAtStart = this.machine.counters.threads;
    this.residentAtStart = process.memoryUsage.rss();
    this.residentMax = this.residentAtStart;
    this.startedAt = performance.now();
  }

  private load(): Record<StressWord, number> {
    const program = this.machine.load(stressProgram(this.options));
    this.machine.createThread({ name: "spawner", body: program, cpu: 0 });
    return placesBy((name) => program.addressOf(name));
  }

  /** The program in C has the words in one structure, in their order. */
  private loadElf(bytes: Uint8Array): Record<StressWord, number> {
    const { threads, rounds, scheduler } = this.options;
    const args = [threads, rounds, scheduler === "lwkt" ? 1 : 0].map(String);
    const program = this.machine.loadElf(bytes, { name: "stress", args: ["stress", ...args] });
    this.machine.createThread({
      name: "spawner",
      body: program,
      cpu: 0,
      stackPages: SPAWNER_PAGES,
    });
    return placesBy((_, index) => program.addressOf("words") + 4 * index);
  }

  private word(name: StressWord): number {
    const { buffer, byteOffset } = this.machine.guestMemory;
    return new DataView(buffer, byteOffset).getInt32(this.places[name], true);
  }

  private get isFinished(): boolean {
    return this.word("finished") !== 0;
  }

  private elapsedSeconds(): number {
    return (performance.now() - this.startedAt) / 1_000;
  }

  private look(): StressProgress {
    const created = this.word("created");
    const isCreated = created === this.options.threads || this.word("errno") !== 0;
    if (isCreated && this.creationSeconds === 0) this.creationSeconds = this.elapsedSeconds();
    this.residentMax = Math.max(this.residentMax, process.memoryUsage.rss());
    return { created, exited: isCreated ? created - this.word("left") : 0 };
  }

  /** Runs to the end, or until told to stop. */
  async run(): Promise<StressReport> {
    let progress = this.look();
    let breakAt = performance.now() + BREAK_INTERVAL_MS;
    while (!this.isFinished) {
      const { reason } = this.machine.run({ rounds: ROUNDS_PER_LOOK });
      progress = this.look();
      if (reason === "idle") break;
      if (performance.now() < breakAt) continue;
      if (this.options.onProgress?.(progress) === false) break;
      await new Promise((resolve) => setImmediate(resolve));
      breakAt = performance.now() + BREAK_INTERVAL_MS;
    }
    this.options.onProgress?.(progress);
    return this.report(progress);
  }

  private report({ created, exited }: StressProgress): StressReport {
    const { threads, cpus, rounds, scheduler } = this.options;
    const { config, counters, hash } = this.machine;
    const seconds = this.elapsedSeconds();
    const leaked = this.isFinished ? counters.threads - this.threadsAtStart : null;
    const grown = this.residentMax - this.residentAtStart;
    return {
      threads,
      cpus,
      rounds,
      scheduler,
      seed: String(config.seed),
      complete: exited === threads && leaked === 0,
      created,
      exited,
      woken: this.word("woken"),
      errno: this.word("errno"),
      leaked,
      seconds,
      creationSeconds: this.creationSeconds,
      threadsPerSecond: exited / seconds,
      creationsPerSecond: created / (this.creationSeconds || seconds),
      switches: counters.switches,
      switchesPerSecond: counters.switches / seconds,
      instructions: counters.instructions,
      messages: counters.messages,
      virtualSeconds: this.virtualSeconds(config),
      residentBytes: Math.max(process.resourceUsage().maxRSS * 1024, this.residentMax),
      bytesPerThread: Math.round(grown / Math.max(created, 1)),
      machineBytes: this.machine.kernel.machine("arena_end"),
      hash,
    };
  }

  private virtualSeconds({ cyclesPerSecond }: CompleteConfig): number {
    if (!this.isFinished) return this.machine.seconds;
    const cycles = (this.word("cycles high") >>> 0) * 2 ** 32 + (this.word("cycles low") >>> 0);
    return cycles / cyclesPerSecond;
  }
}

/**
 * Creates a number of threads that all exist at once, has each yield, wake another, sleep and exit, and
 * measures.
 *
 * @throws ConfigError when that many threads do not fit; the message says how many do.
 */
export function runStress(options: StressOptions): Promise<StressReport> {
  return new Stress(options).run();
}
