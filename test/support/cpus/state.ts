// The state of the reference model of several CPUs (model.ts): CPUs, threads, their letters, tokens.

/** What a CPU asks of the owner of a thread. */
export type Kind =
  | "ARRIVE"
  | "SETPRI"
  | "PRIO"
  | "GRANT"
  | "STOP"
  | "RUN"
  | "INTR"
  | "AST"
  | "MOVE"
  /** The owner's reminder to itself that a thread could not be moved: no message. */
  | "RETRY";

/**
 * Why a thread gives up its CPU: it calls the switcher, or lets an interrupt thread preempt it. Null: it does
 * not, but if it has just been switched to, its slice may end here.
 */
export type GiveUp = { readonly to: Thread | null } | null;

/** A kernel call under way. Its result is what the caller gets, undefined where it gets nothing. */
export type Call = Generator<GiveUp, number | undefined, void>;

/** The requests for a thread, of one round or of earlier ones. */
export class Letter {
  readonly kinds = new Set<Kind>();
  level = 0;
  to = 0;
  priority = 0;
  /** RUN was asked after STOP. */
  runLast = false;
  /** SETPRI was asked after PRIO. */
  levelLast = false;

  clear(): void {
    this.kinds.clear();
  }
}

/** A token: owned by a CPU, wanted by those in its line. */
export class Token {
  /** The thread that it has been granted to, and that has not run since. */
  granted: Thread | null = null;
  /** Boundaries since it was handed over. */
  age = 0;
  readonly line: Thread[] = [];
  /** How many of the line have stood there at the last boundary. */
  due = 0;

  constructor(
    readonly index: number,
    public owner: number,
    readonly back: number,
  ) {}
}

/** A wait structure: a token, a generation and the threads blocked on it. */
export class Wait extends Token {
  gen = 0;
  readonly sleepers: Thread[] = [];
}

/** A thread. */
export class Thread {
  cpu = 0;
  level = 0;
  /** FreeBSD's priority and base priority. */
  priority = 0;
  base = 0;
  /** CPUs that it must not run on. */
  readonly excluded = new Set<number>();
  /** Critical sections, the one that it was created in or left the CPU in included. */
  sections = 1;
  started = false;
  /** It left the CPU by the switcher, and is still in that critical section. */
  left = false;
  queued = false;
  wanted = false;
  /** On the run queue for as long as it does not run, to get its turn back or to look for a token. */
  passing = false;
  /** In transit: it is to be on the run queue when it arrives. */
  carried = false;
  line: Token | null = null;
  wait: Wait | null = null;
  transit = false;
  /** Where it is to go when it can be moved, or -1. */
  goal = -1;
  gone = false;
  /** It has been preempted. */
  locked = false;
  preempts: Thread | null = null;
  pended = false;
  readonly asked = new Letter();
  readonly due = new Letter();
  /** Kernel calls under way, the innermost last. */
  readonly calls: Call[] = [];
  /** What its last call returned. */
  result: number | undefined;

  // FreeBSD's side (fbsd-model.ts).

  /** Its structure, once that is known. */
  address = 0;
  state: "stopped" | "runnable" | "sleeping" = "stopped";
  /** What it sleeps on. */
  channel = 0;
  /** The tick of its timeout, 0 without one. */
  deadline = 0;
  /** It is asked to suspend. */
  isAsked = false;
  /** 4bsd: the run queue that it is on. */
  queue: Thread[] | null = null;
  /** 4bsd: it was preempted, and runs before its equals. */
  keepsTurn = false;
  /** 4bsd: its CPU was chosen explicitly: it runs there next. */
  moved = false;

  constructor(readonly name: string) {}
}

/** How many of the kinds are messages. */
export function messages(kinds: ReadonlySet<Kind>): number {
  return kinds.size - (kinds.has("RETRY") ? 1 : 0);
}

/** True for a thread that has never run, is not about to, and has no pending requests. */
export function isUnborn(t: Thread): boolean {
  const letters = t.asked.kinds.size + t.due.kinds.size;
  return !t.started && !t.queued && !t.transit && letters === 0;
}

/** A CPU. */
export class Cpu {
  readonly idle = new Thread("idle");
  current: Thread = this.idle;
  /** The current thread was switched to and has not gone on yet. */
  arrived = false;
  /** Why the current thread gives the CPU up, null while it does not. */
  gives: GiveUp | null = null;
  readonly levels: Thread[][] = Array.from({ length: 32 }, () => []);
  readonly pended: Thread[] = [];
  /** Something waits for the end of a critical section here. */
  look = false;
  /** An interrupt has come from another CPU: the thread looks when it is next between two instructions. */
  posted = false;
  /** Calls of the switcher, those included after which the same thread goes on. */
  switches = 0;
  sent = 0;
  received = 0;
  /** Preemptions, or threads that preempted already; refusals for want of priority, and for other reasons. */
  hits = 0;
  misses = 0;
  weird = 0;

  constructor(readonly index: number) {}

  /** The highest level that has threads, -1 without any. */
  best(): number {
    for (let level = 31; level >= 0; level--) {
      if ((this.levels[level] as Thread[]).length > 0) return level;
    }
    return -1;
  }

  /** Closed: nothing is carried out here. */
  closed(): boolean {
    return this.current !== this.idle && this.current.sections > 0;
  }
}

/** All that a machine has, and its run queues. */
export class CpusState {
  readonly cpus: Cpu[];
  readonly threads: Thread[] = [];
  readonly tokens: Token[] = [];
  readonly waits: Wait[] = [];

  constructor(count: number) {
    this.cpus = Array.from({ length: count }, (_, index) => new Cpu(index));
  }

  cpu(index: number): Cpu {
    return this.cpus[index] as Cpu;
  }

  newToken(owner: number, back: number): void {
    this.tokens.push(new Token(this.tokens.length, owner, back));
  }

  newWait(owner: number, back: number): void {
    this.waits.push(new Wait(this.waits.length, owner, back));
  }

  // ---- Run queues ----

  protected enqueue(t: Thread): void {
    if (t.queued) return;
    t.queued = true;
    (this.cpu(t.cpu).levels[t.level] as Thread[]).push(t);
  }

  protected dequeue(t: Thread): void {
    if (!t.queued) return;
    t.queued = false;
    const level = this.cpu(t.cpu).levels[t.level] as Thread[];
    level.splice(level.indexOf(t), 1);
  }

  protected setPriority(t: Thread, priority: number): void {
    t.base = priority;
    if (t.priority === priority) return;
    t.priority = priority;
    this.setLevel(t, 31 - (priority >> 3));
  }

  protected setLevel(t: Thread, level: number): void {
    const queued = t.queued;
    this.dequeue(t);
    t.level = level;
    if (queued) this.enqueue(t);
  }

  /** What is still to happen, or null when nothing is. */
  quiet(): string | null {
    for (const t of this.threads) {
      if (t.gone) continue;
      if (t.asked.kinds.size + t.due.kinds.size > 0) return `${t.name} has a letter`;
      if (t.queued) return `${t.name} is runnable`;
      if (t.transit) return `${t.name} is in transit`;
      if (t.line !== null) return `${t.name} stands in a line`;
    }
    for (const cpu of this.cpus) {
      if (cpu.current !== cpu.idle) return `CPU ${cpu.index} runs ${cpu.current.name}`;
    }
    return null;
  }
}
