// The schedule as Chrome trace-event JSON, for Perfetto's and Chrome's viewers: for each CPU a track with
// a slice per run of a thread, for each process its threads' states, and arrows from a wakeup to the run
// that it led to.
//
// Records are turned into events as the kernel hands them over; what is kept is one small object for each
// thread that exists. Names and ids come with the records, since a thread may be gone by then.
//
// The clocks of two CPUs are apart by up to a quantum, so a thread may be woken at a time before the one
// at which it fell asleep on another CPU. CPU tracks show the times as they are. A thread's own track
// never goes back: such a state has no length there. Rejected: sorting by time, which needs all of
// a round in memory and still cannot order what two CPUs do at once.

import { checkArgument, instance } from "../core/arguments.js";
import { schedulerName } from "../core/config.js";
import type { Kernel, TraceRecord } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";
import { Machine } from "../machine/machine.js";
import { switchReasons } from "../machine/record-text.js";
import type { ThreadState, ThreadView } from "../machine/views.js";
import { Clock, EventWriter, type Place } from "./events.js";
import { openTrace, type TraceSink, type TraceTarget, targetRule } from "./file.js";

const { GlobalData: G, Proc: P, Thread: T, ThreadCold: C, Ktr, SW } = Layout;

/** The viewers' process whose threads are the CPUs: above all pids. */
export const CPUS_PID = 1_000_000;
/** The viewers' process of threads that have none: LWKT's own. */
export const LWKT_PID = 1_000_001;

const CLASSES = Layout.KTR_SCHED | Layout.KTR_STATE;
const NO_ARROW = 0;
const RUNNING = '"running"';
const RUNNABLE = '"runnable"';
const SUSPENDED = '"suspended"';
const STOPPED = '"stopped"';

/** A thread that exists. */
interface ThreadTrack {
  place: Place;
  /** Name and slice arguments, as JSON. */
  name: string;
  args: string;
  process: number;
  /** State as JSON, or null before the first one. */
  state: string | null;
  since: number;
  /** Where the last slice of the track ends. */
  end: number;
  /** The arrow that its next run is the end of. */
  arrow: number;
  arrowSince: number;
}

/** A CPU, and the thread whose run is the open slice of its track; 0 for none. */
interface CpuTrack {
  readonly place: Place;
  readonly idle: number;
  thread: number;
  /** When that run began. */
  since: number;
  /** The arrow that ends where it began. */
  arrow: number;
  /** Arrows that begin in it: their numbers and times, in turn. */
  readonly wakeups: number[];
  /** Wait message of the thread that is about to sleep. */
  sleep: string;
}

/** Writes the trace of a machine while it runs. */
export class ChromeTrace {
  private readonly machine: Machine;
  private readonly kernel: Kernel;
  private readonly file: TraceSink;
  private readonly out: EventWriter;
  private readonly cpus: CpuTrack[];
  private readonly threads: (ThreadTrack | undefined)[] = [];
  private readonly processNames = new Map<number, string>();
  private readonly messages = new Map<number, string>();
  private readonly unsubscribe: () => void;
  private arrows = NO_ARROW;
  private failure: unknown = null;
  private closed = false;
  /** Records that went into the trace. */
  records = 0;

  /** @throws TraceError when the file cannot be made. */
  constructor(machine: Machine, target: TraceTarget) {
    this.machine = machine;
    this.kernel = machine.kernel;
    this.file = openTrace(target);
    this.out = new EventWriter(this.file, new Clock(machine.config.cyclesPerSecond));
    this.file.write(this.header());
    this.cpus = machine.cpus.map(({ id }) => this.newCpu(id));
    this.unsubscribe = this.attach();
  }

  private header(): string {
    const { cpus, seed, cyclesPerSecond } = this.machine.config;
    const scheduler = schedulerName(this.machine.config);
    const about = { cpus, scheduler, seed: String(seed), cyclesPerSecond };
    return `{"displayTimeUnit":"ns","otherData":${JSON.stringify(about)},"traceEvents":[`;
  }

  // ---- Beginning ----

  private newCpu(id: number): CpuTrack {
    const place = { pid: CPUS_PID, tid: id };
    if (id === 0) {
      this.out.metadata("process_name", place, { name: "CPUs" });
      this.out.metadata("process_sort_index", place, { sort_index: -1 });
    }
    this.out.metadata("thread_name", place, { name: `CPU ${id}` });
    this.out.metadata("thread_sort_index", place, { sort_index: id });
    const idle = this.kernel.read(this.kernel.globaldata(id) + G.gd_idletd);
    return { place, idle, thread: 0, since: 0, arrow: NO_ARROW, wakeups: [], sleep: "" };
  }

  /** Shows what is there already, and subscribes. */
  private attach(): () => void {
    const { machine, kernel } = this;
    for (const thread of machine.threads()) this.attachThread(thread);
    for (const { id, thread } of machine.cpus) {
      const { address } = thread;
      const cpu = this.cpuOf(id);
      if (address !== cpu.idle) this.run(cpu, address, this.cpuCycles(id));
    }
    return kernel.listenToTrace(CLASSES, (from, to) => this.take(from, to));
  }

  private attachThread(thread: ThreadView): void {
    const track = this.trackOf(thread.address);
    track.since = Number(this.machine.cycles);
    track.state = stateText(thread.state, thread.waitMessage ?? "");
  }

  /** The track of a CPU of this machine. */
  private cpuOf(id: number): CpuTrack {
    return this.cpus[id] as CpuTrack;
  }

  private cpuCycles(id: number): number {
    return this.kernel.readNumber(this.kernel.globaldata(id) + G.gd_cycles);
  }

  // ---- Records ----

  /** Takes records over from the kernel. A file that fails ends the trace, not the machine. */
  private take(from: number, to: number): void {
    if (this.failure !== null) return;
    this.machine.rememberRecords(from, to);
    try {
      for (const record of this.kernel.records(from, to)) this.record(record);
    } catch (error) {
      this.failure = error;
    }
  }

  private record(record: TraceRecord): void {
    const cycles = Number(record.time);
    const cpu = this.cpuOf(record.cpu);
    this.records++;
    switch (record.type) {
      case Ktr.SWITCH:
      case Ktr.XSWITCH:
        this.leave(cpu, record, cycles);
        if (record.b !== cpu.idle) this.run(cpu, record.b, cycles);
        break;
      case Ktr.SLEEP:
        cpu.sleep = this.message(record.b);
        break;
      case Ktr.WAKEUP:
        this.wake(cpu, record, cycles);
        break;
      case Ktr.CREATE:
        this.create(record, cycles);
        break;
      case Ktr.NAME:
        this.rename(record);
        break;
      case Ktr.SUSPEND:
        this.enter(this.trackOf(record.a), SUSPENDED, cycles);
        break;
      default:
        this.records--;
    }
  }

  /** A thread leaves its CPU. */
  private leave(cpu: CpuTrack, { type, why, a: td }: TraceRecord, cycles: number): void {
    if (td === cpu.idle) return;
    const asleep = why === SW.SLEEP;
    const text = asleep ? `sleeps: ${cpu.sleep}` : (switchReasons[why] ?? "");
    if (cpu.thread === td) this.endRun(cpu, cycles, text);
    cpu.thread = 0;
    const track = this.trackOf(td);
    if (type === Ktr.XSWITCH) {
      this.enter(track, null, cycles);
      this.threads[this.kernel.threadIndex(td)] = undefined;
    } else {
      this.enter(track, asleep ? stateText("sleeping", cpu.sleep) : stateAfter(why), cycles);
    }
  }

  /** A thread gets a CPU. */
  private run(cpu: CpuTrack, td: number, cycles: number): void {
    const track = this.trackOf(td);
    cpu.thread = td;
    this.enter(track, RUNNING, cycles);
    cpu.since = cycles;
    cpu.arrow = track.arrowSince <= cycles ? track.arrow : NO_ARROW;
    track.arrow = NO_ARROW;
  }

  /** Writes the run of a CPU's thread that ends now, and the arrows to and from it. */
  private endRun(cpu: CpuTrack, cycles: number, text: string): void {
    const { place, since, arrow, wakeups } = cpu;
    const { name, args } = this.trackOf(cpu.thread);
    const all = `${args.slice(0, -1)},"leaves":${JSON.stringify(text)}}`;
    this.out.slice(place, since, cycles, name, all);
    if (arrow !== NO_ARROW) this.out.arrowTo(place, since, arrow);
    for (let i = 0; i < wakeups.length; i += 2) {
      this.out.arrowFrom(place, wakeups[i + 1] as number, wakeups[i] as number);
    }
    wakeups.length = 0;
  }

  /** A thread becomes runnable; if a running thread did it, an arrow starts there. */
  private wake(cpu: CpuTrack, { why, a: td, b: by }: TraceRecord, cycles: number): void {
    const track = this.trackOf(td);
    if (track.state === RUNNING) return;
    this.enter(track, RUNNABLE, cycles);
    if (by !== cpu.thread || why === Layout.WHY_CALLOUT) return;
    this.arrows++;
    track.arrow = this.arrows;
    track.arrowSince = cycles;
    cpu.wakeups.push(this.arrows, cycles);
  }

  /** Ends a track's state and begins another one, null for none. */
  private enter(track: ThreadTrack, state: string | null, cycles: number): void {
    if (track.state !== null && cycles > track.since) {
      this.out.slice(track.place, track.since, cycles, track.state);
      track.end = cycles;
    }
    track.since = Math.max(track.end, cycles);
    track.state = state;
  }

  // ---- Threads and processes ----

  private create({ a: td, b: process, c: tid, d: pid }: TraceRecord, cycles: number): void {
    const track = this.newTrack(td, process, tid | 0, pid | 0);
    track.state = STOPPED;
    track.since = cycles;
  }

  /** The track of a thread; of one that the trace has not seen before, as the machine shows it now. */
  private trackOf(td: number): ThreadTrack {
    const known = this.threads[this.kernel.threadIndex(td)];
    if (known !== undefined) return known;
    const process = this.kernel.read(td + T.td_proc);
    const pid = process === 0 ? -1 : this.kernel.readSigned(process + P.p_pid);
    const tid = this.kernel.readSigned(this.kernel.cold(td) + C.td_tid);
    const track = this.newTrack(td, process, tid, pid);
    this.nameThread(track, this.kernel.nameAt(td) || `thread ${this.kernel.threadIndex(td)}`);
    return track;
  }

  private newTrack(td: number, process: number, tid: number, pid: number): ThreadTrack {
    const index = this.kernel.threadIndex(td);
    const isLwkt = process === 0;
    const place = { pid: isLwkt ? LWKT_PID : pid, tid: tid < 0 ? index : tid };
    const track: ThreadTrack = {
      place,
      name: "",
      args: JSON.stringify(isLwkt ? { thread: index } : { pid, tid }),
      process,
      state: null,
      since: 0,
      end: 0,
      arrow: NO_ARROW,
      arrowSince: 0,
    };
    this.threads[index] = track;
    return track;
  }

  private rename({ a: td, b: format, c: argument }: TraceRecord): void {
    const track = this.threads[this.kernel.threadIndex(td)];
    if (track !== undefined) this.nameThread(track, this.kernel.formatName(format, argument));
  }

  private nameThread(track: ThreadTrack, name: string): void {
    const json = JSON.stringify(name);
    this.nameProcess(track, name);
    if (track.name === json) return;
    track.name = json;
    this.out.metadata("thread_name", track.place, { name });
  }

  /** Names the process of a thread, if its name is new. */
  private nameProcess({ place, process }: ThreadTrack, threadName: string): void {
    const name = this.processName(place.pid, process, threadName);
    if (this.processNames.get(place.pid) === name) return;
    this.processNames.set(place.pid, name);
    this.out.metadata("process_name", place, { name });
  }

  private processName(pid: number, process: number, threadName: string): string {
    if (process === 0) return "LWKT threads";
    const isCurrent = this.kernel.readSigned(process + P.p_pid) === pid;
    return isCurrent ? this.kernel.nameAt(process) : threadName;
  }

  private message(address: number): string {
    let text = this.messages.get(address);
    if (text === undefined) {
      text = address === 0 ? "" : this.kernel.text(address);
      this.messages.set(address, text);
    }
    return text;
  }

  // ---- The end ----

  /**
   * Ends all slices, completes the file and unsubscribes. A run that was interrupted, or a machine that
   * has panicked, leaves a valid file, too.
   *
   * @throws TraceError when the file could not be written; it stays incomplete then.
   */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.kernel.drainTrace();
    this.unsubscribe();
    if (this.failure !== null) {
      this.file.abandon();
      throw this.failure;
    }
    this.endAll();
    this.file.write("\n]}\n");
    this.file.close();
  }

  private endAll(): void {
    let last = 0;
    for (const [id, cpu] of this.cpus.entries()) {
      const cycles = this.cpuCycles(id);
      last = Math.max(last, cycles);
      if (cpu.thread === 0) continue;
      this.endRun(cpu, cycles, "still runs");
      this.enter(this.trackOf(cpu.thread), null, cycles);
    }
    for (const track of this.threads) {
      if (track !== undefined) this.enter(track, null, last);
    }
  }
}

/** The state that a thread is in after a switch away from it, but for sleep. */
function stateAfter(why: number): string {
  if (why === SW.YIELD || why === SW.PREEMPTED) return RUNNABLE;
  return why === SW.SUSPENDED ? SUSPENDED : STOPPED;
}

/** A state as the name of its slices, in JSON. */
function stateText(state: ThreadState, waitMessage: string): string | null {
  if (state === "exited") return null;
  const sleeps = state === "sleeping" || state === "blocked";
  return JSON.stringify(sleeps ? `sleeping: ${waitMessage}` : state);
}

/**
 * Writes the schedule of a machine, from now until `close`, as a trace that Perfetto's and Chrome's viewers
 * open. The trace grows with the run, the memory does not. A machine can have several traces at once.
 *
 * @param target a path, a stream, or a function that gets the text in pieces. A file has another name, which ends
 *   in `.partial`, until it is complete; it replaces nothing but a plain file.
 * @throws TraceError when the file cannot be made.
 */
export function createChromeTrace(machine: Machine, target: TraceTarget): ChromeTrace {
  checkArgument("createChromeTrace", "machine", machine, instance(Machine, "a machine"));
  checkArgument("createChromeTrace", "target", target, targetRule);
  return new ChromeTrace(machine, target);
}
