// biome-ignore-all lint/correctness/useYield: a call that never gives up its CPU is a generator as the others are
// A reference model of LWKT on several CPUs, written from the law (docs/law-between-cpus.md) and from the
// rules of lwkt_thread.c as FORMAT.md of the recorded cases tells them. It shares nothing with the kernel:
// queues are arrays, a kernel call is a generator that yields where its thread gives up the CPU.
//
// The model has no clock. Its driver says which thread continues where, and when a round is over: storm.ts takes that
// from a kernel and has every switch checked, lead.ts decides it itself.

import {
  type Call,
  type Cpu,
  CpusState,
  isUnborn,
  type Kind,
  type Letter,
  messages,
  Thread,
  type Token,
  type Wait,
} from "./state.js";

/** A violation of the model's rules. */
export class ModelError extends Error {
  override readonly name = "ModelError";
}

/** The base priority of proc0's threads. */
const PVM = 52;
const EBUSY = 16;
const EINVAL = 22;
const ENOMEM = 12;

/** A machine of LWKT threads on several CPUs. */
export class CpusModel extends CpusState {
  dropped = 0;
  /** The threads of interrupt lines. */
  private readonly interruptLines: (Thread | null)[] = [];
  /** Tokens with a line, in the order in which they got one. */
  private lines: Token[] = [];
  /** How many threads there can be at a time. */
  structures = Number.POSITIVE_INFINITY;
  private nextCpu = 0;
  /** Threads whose letters were begun in this round, in order, and those whose letters are due. */
  private fresh: Thread[] = [];
  private stayed: Thread[] = [];

  // ---- Letters (sections 2 to 4) ----

  protected mine(cpu: Cpu, t: Thread): boolean {
    return t.cpu === cpu.index && !t.transit;
  }

  protected ask(by: Cpu, t: Thread, kind: Kind): Letter {
    const { asked } = t;
    if (asked.kinds.size === 0 || (kind === "RUN" && !asked.kinds.has("RUN"))) {
      const at = this.fresh.indexOf(t);
      if (at >= 0) this.fresh.splice(at, 1);
      this.fresh.push(t);
    }
    if (!asked.kinds.has(kind) && kind !== "RETRY") by.sent++;
    asked.kinds.add(kind);
    if (kind === "RUN") asked.runLast = true;
    if (kind === "STOP") asked.runLast = false;
    if (kind === "SETPRI") asked.levelLast = true;
    if (kind === "PRIO") asked.levelLast = false;
    return asked;
  }

  /** Between two rounds (sections 3, 4, 6, 7). */
  boundary(): void {
    for (const token of [...this.tokens, ...this.waits]) token.age++;
    const { lines } = this;
    this.lines = [];
    for (const token of lines) {
      this.serveAtBoundary(token);
      if (token.line.length > 0) this.lines.push(token);
    }
    const { stayed, fresh } = this;
    this.stayed = [];
    this.fresh = [];
    for (const t of stayed) if (t.due.kinds.size > 0) this.becomeDue(t);
    for (const t of fresh) {
      const again = this.fresh.includes(t); // what it was asked just now is due at the next boundary
      if (t.asked.kinds.size > 0 && !again) this.becomeDue(t);
    }
  }

  /** A CPU begins its slice: its idle thread has nothing to preempt, and makes pended interrupt threads runnable. */
  sliceBegin(cpu: Cpu): void {
    if (cpu.current === cpu.idle) this.idleInterrupts(cpu);
  }

  private becomeDue(t: Thread): void {
    const { asked, due } = t;
    const { kinds } = asked;
    for (const kind of kinds) {
      if (due.kinds.has(kind) && kind !== "RETRY") this.cpu(t.cpu).received++; // replaced by the newer one
      due.kinds.add(kind);
    }
    if (kinds.has("RUN") || kinds.has("STOP")) due.runLast = asked.runLast && kinds.has("RUN");
    if (kinds.has("SETPRI") || kinds.has("PRIO")) {
      due.levelLast = asked.levelLast && kinds.has("SETPRI");
    }
    if (kinds.has("SETPRI")) due.level = asked.level;
    if (kinds.has("PRIO")) due.priority = asked.priority;
    if (kinds.has("MOVE")) due.to = asked.to;
    asked.clear();
    asked.runLast = false;
    asked.levelLast = false;
    const owner = this.cpu(t.cpu);
    const blocked = due.kinds.has("RUN") && t.wait !== null && this.cpu(t.wait.owner).closed();
    if (!owner.closed() && !blocked) {
      this.carryOut(owner, t);
      return;
    }
    (owner.closed() ? owner : this.cpu((t.wait as Wait).owner)).look = true;
    this.stayed.push(t);
  }

  /** A CPU has opened: carries out letters that waited only for that. */
  private deliverHeld(cpu: Cpu): void {
    for (const t of this.stayed) {
      const { kinds } = t.due;
      if (kinds.size === 0 || t.cpu !== cpu.index) continue;
      if (kinds.has("RUN") && t.wait !== null && t.wait.owner !== cpu.index) continue;
      this.carryOut(cpu, t);
    }
  }

  private carryOut(cpu: Cpu, t: Thread): void {
    const { due } = t;
    const kinds = new Set(due.kinds);
    due.clear();
    cpu.received += messages(kinds);
    if (kinds.has("ARRIVE")) {
      t.transit = false;
      if (t.carried) this.enqueue(t);
    }
    if (kinds.has("PRIO") && due.levelLast) this.setPriority(t, due.priority);
    if (kinds.has("SETPRI")) this.setLevel(t, due.level);
    if (kinds.has("PRIO") && !due.levelLast) this.setPriority(t, due.priority);
    if (kinds.has("GRANT")) this.granted(t);
    if (kinds.has("STOP") && due.runLast) this.descheduleHere(t);
    if (kinds.has("RUN")) {
      if (t.wait !== null) this.unwait(t.wait, t);
      this.scheduleHere(t);
    }
    if (kinds.has("STOP") && !due.runLast) this.descheduleHere(t);
    if (kinds.has("INTR")) {
      this.pend(cpu, t);
      cpu.posted = true;
    }
    if (kinds.has("MOVE")) this.moveHere(t, due.to);
    else if (kinds.has("RETRY")) this.tryMove(t);
  }

  // ---- Scheduling and descheduling ----

  protected scheduleHere(t: Thread): void {
    if (t.gone) return;
    t.wanted = true;
    t.carried = true;
    if (t.line === null && !t.transit) this.enqueue(t);
  }

  private descheduleHere(t: Thread): void {
    t.wanted = false;
    if (!t.passing) t.carried = false;
    this.forgo(t);
    this.dequeue(t);
  }

  private unwait(wait: Wait, t: Thread): void {
    wait.sleepers.splice(wait.sleepers.indexOf(t), 1);
    t.wait = null;
  }

  private scheduleOther(cpu: Cpu, t: Thread): void {
    if (t.gone) return;
    if (t.wait !== null) {
      if (t.wait.owner !== cpu.index) {
        this.ask(cpu, t, "RUN");
        return;
      }
      this.unwait(t.wait, t);
    }
    if (this.mine(cpu, t)) this.scheduleHere(t);
    else this.ask(cpu, t, "RUN");
  }

  // ---- Moving (section 6) ----

  private moveHere(t: Thread, to: number): void {
    if (t.excluded.has(to)) return;
    t.goal = to;
    this.tryMove(t);
  }

  protected cannotMove(t: Thread): boolean {
    return this.cpu(t.cpu).current === t || t.locked || t.preempts !== null;
  }

  protected tryMove(t: Thread): void {
    if (t.goal < 0 || t.gone) return;
    if (t.excluded.has(t.goal)) {
      t.goal = -1;
      return;
    }
    if (this.cannotMove(t)) {
      this.ask(this.cpu(t.cpu), t, "RETRY");
      return;
    }
    const to = t.goal;
    t.goal = -1;
    this.move(t, to);
  }

  protected move(t: Thread, to: number): void {
    if (t.cpu === to || t.gone) return;
    const from = this.cpu(t.cpu);
    const { queued } = t;
    this.forgo(t);
    this.dequeue(t);
    t.cpu = to;
    if (t.due.kinds.size > 0) this.cpu(to).look = true;
    if (!queued) return;
    if (!t.passing) t.wanted = true;
    this.depart(from, t);
  }

  private depart(from: Cpu, t: Thread): void {
    t.transit = true;
    t.carried = true;
    this.ask(from, t, "ARRIVE");
  }

  // ---- Tokens (section 7) ----

  private serveAtBoundary(token: Token): void {
    token.due = token.line.length;
    if (token.due === 0 || this.cpu(token.owner).closed()) return;
    const late = token.granted;
    if (late === null) {
      this.serve(token, this.cpu(token.owner));
      return;
    }
    const runs = this.cpu(late.cpu).current === late;
    if (token.age < 2 || runs || late.line !== null || late.transit) return;
    const owner = this.cpu(token.owner);
    token.granted = null;
    late.line = token;
    this.dequeue(late);
    this.serve(token, owner);
    token.line.unshift(late);
    token.due++;
  }

  private serve(token: Token, by: Cpu): void {
    const t = token.line.shift() as Thread;
    token.due--;
    token.owner = t.cpu;
    token.granted = t;
    token.age = 0;
    if (this.mine(by, t)) this.granted(t);
    else this.ask(by, t, "GRANT");
  }

  private granted(t: Thread): void {
    t.line = null;
    this.enqueue(t);
  }

  /** `t` is no longer about to take a token. */
  private forgo(t: Thread): void {
    for (const token of this.tokens) if (token.granted === t) token.granted = null;
    for (const token of this.waits) if (token.granted === t) token.granted = null;
  }

  /** The CPU of `t` has the token, or takes it because it is free. */
  private takes(t: Thread, token: Token): boolean {
    if (token.owner === t.cpu) return true;
    const free = token.line.length === 0 && token.granted === null;
    if (!free || this.cpu(token.owner).closed()) return false;
    token.owner = t.cpu;
    return true;
  }

  private *fetch(t: Thread, token: Token): Call {
    while (!this.takes(t, token)) {
      t.wanted = t.queued;
      t.line = token;
      t.passing = true;
      this.dequeue(t);
      token.line.push(t);
      if (!this.lines.includes(token)) this.lines.push(token);
      do yield* this.giveUp(t);
      while (t.line !== null);
      t.passing = false;
      if (!t.wanted) this.dequeue(t);
      if (token.granted === t) token.granted = null;
    }
    return undefined;
  }

  private *release(t: Thread, token: Token): Call {
    if (token.owner === t.cpu && token.granted === null) {
      if (token.due > 0) this.serve(token, this.cpu(t.cpu));
      else token.owner = token.back;
    }
    yield* this.critExit(t);
    return undefined;
  }

  // ---- Interrupts ----

  private pend(cpu: Cpu, t: Thread): void {
    cpu.look = true;
    if (t.pended || t.gone) return;
    t.pended = true;
    cpu.pended.push(t);
  }

  private idleInterrupts(cpu: Cpu): void {
    cpu.posted = false;
    cpu.look = false;
    for (const t of cpu.pended.splice(0)) {
      t.pended = false;
      this.scheduleOther(cpu, t);
    }
  }

  private *interruptRun(t: Thread, line: Thread): Call {
    const cpu = this.cpu(t.cpu);
    if (!this.mine(cpu, line)) {
      if (!line.gone) this.ask(cpu, line, "INTR");
      yield null; // a slice may end before the next one that is pended
      return undefined;
    }
    t.sections++;
    if (line === t) this.enqueue(t);
    else this.scheduleOther(cpu, line);
    yield null;
    const refused = line === t || line.gone || t.locked || line.locked;
    if (refused || line.wait !== null) cpu.weird++;
    else if (line.preempts !== null) cpu.hits++;
    else if (line.level <= t.level) cpu.misses++;
    else {
      cpu.hits++;
      line.preempts = t;
      t.locked = true;
      yield { to: line };
      t.locked = false;
    }
    t.sections--;
    return undefined;
  }

  /** The critical section of a thread has ended: does what waited for that. */
  private *open(t: Thread): Call {
    const cpu = this.cpu(t.cpu);
    if (!cpu.look) return undefined;
    cpu.look = false;
    this.deliverHeld(cpu);
    for (let line = cpu.pended.shift(); line !== undefined; line = cpu.pended.shift()) {
      line.pended = false;
      yield* this.interruptRun(t, line);
    }
    return undefined;
  }

  private *critExit(t: Thread): Call {
    t.sections--;
    if (t.sections === 0) yield* this.open(t);
    return undefined;
  }

  /** The thread leaves its CPU by the switcher. */
  protected *giveUp(t: Thread): Call {
    t.sections++;
    t.left = true;
    yield { to: null };
    return undefined;
  }

  // ---- Calls ----

  /** A thread that is about to be created. */
  unborn(name: string): Thread {
    return new Thread(name);
  }

  /** The host makes a thread, sets its level and moves it. */
  hostSpawn(name: string, level: number, cpu: number): Thread {
    const t = this.unborn(name);
    this.threads.push(t);
    this.scheduleHere(t);
    this.setLevel(t, level);
    if (cpu !== 0) this.move(t, cpu);
    return t;
  }

  protected by(t: Thread): Cpu {
    return this.cpu(t.cpu);
  }

  *yield(t: Thread): Call {
    yield* this.scheduleSelf(t);
    yield* this.giveUp(t);
    return undefined;
  }

  *switch(t: Thread): Call {
    yield* this.giveUp(t);
    return undefined;
  }

  *scheduleSelf(t: Thread): Call {
    t.sections++;
    this.enqueue(t);
    yield* this.critExit(t);
    return undefined;
  }

  *descheduleSelf(t: Thread): Call {
    t.sections++;
    this.dequeue(t);
    yield* this.critExit(t);
    return undefined;
  }

  *schedule(t: Thread, other: Thread): Call {
    t.sections++;
    if (other === t) this.enqueue(t);
    else this.scheduleOther(this.by(t), other);
    yield* this.critExit(t);
    return undefined;
  }

  *deschedule(t: Thread, other: Thread): Call {
    t.sections++;
    if (this.mine(this.by(t), other)) this.descheduleHere(other);
    else if (!other.gone) this.ask(this.by(t), other, "STOP");
    yield* this.critExit(t);
    return undefined;
  }

  *setpri(t: Thread, other: Thread, level: number): Call {
    t.sections++;
    if (this.mine(this.by(t), other)) this.setLevel(other, level);
    else if (!other.gone) this.ask(this.by(t), other, "SETPRI").level = level;
    yield* this.critExit(t);
    return undefined;
  }

  *migrate(t: Thread, other: Thread, to: number): Call {
    const cpu = this.by(t);
    if (other.excluded.has(to)) return EINVAL;
    if (!this.mine(cpu, other)) {
      if (!other.gone) this.ask(cpu, other, "MOVE").to = to;
      return 0;
    }
    if (this.cannotMove(other)) return EBUSY;
    other.goal = -1;
    this.move(other, to);
    return 0;
  }

  *setcpuSelf(t: Thread, to: number): Call {
    if (t.excluded.has(to)) return EINVAL;
    if (to === t.cpu) return 0;
    if (t.preempts !== null || t.sections > 0) return EBUSY;
    yield* this.leaveFor(t, to);
    return 0;
  }

  protected *leaveFor(t: Thread, to: number): Call {
    const from = this.by(t);
    t.goal = -1;
    t.passing = !t.queued;
    t.wanted = t.queued;
    this.dequeue(t);
    t.cpu = to;
    this.depart(from, t);
    yield* this.giveUp(t);
    if (t.passing && !t.wanted) this.dequeue(t);
    t.passing = false;
    return undefined;
  }

  /** sched_prio */
  *prio(t: Thread, other: Thread, priority: number): Call {
    if (this.mine(this.by(t), other) || isUnborn(other)) this.setPriority(other, priority);
    else if (!other.gone) this.ask(this.by(t), other, "PRIO").priority = priority;
    return undefined;
  }

  /** The next CPU in turn within a set. */
  protected placeWithin(allowed: readonly number[]): number {
    const cpu = allowed.find((index) => index >= this.nextCpu) ?? (allowed[0] as number);
    this.nextCpu = (cpu + 1) % this.cpus.length;
    return cpu;
  }

  /** A thread has another set of CPUs, and its own is one of them. */
  protected narrowed(_by: Cpu, _other: Thread): void {}

  /** Restricts a thread to a set of CPUs (section 9). */
  *setAffinity(t: Thread, other: Thread, allowed: readonly number[]): Call {
    if (allowed.length === 0) return EINVAL;
    const stays = allowed.includes(other.cpu);
    if (other === t && !stays && (t.preempts !== null || t.sections > 0)) return EBUSY;
    other.excluded.clear();
    for (const { index } of this.cpus) if (!allowed.includes(index)) other.excluded.add(index);
    if (stays) {
      this.narrowed(this.by(t), other);
      return 0;
    }
    const to = this.placeWithin(allowed);
    if (other === t) yield* this.leaveFor(t, to);
    else if (isUnborn(other)) other.cpu = to;
    else if (this.mine(this.by(t), other)) this.moveHere(other, to);
    else if (!other.gone) this.ask(this.by(t), other, "MOVE").to = to;
    return 0;
  }

  /** The thread becomes that of an interrupt line. */
  *register(t: Thread, line: number): Call {
    const before = this.interruptLines[line] ?? null;
    if (before !== null && before !== t) return EBUSY;
    this.interruptLines[line] = t;
    return 0;
  }

  *critEnter(t: Thread): Call {
    t.sections++;
    return undefined;
  }

  critLeave(t: Thread): Call {
    return this.critExit(t);
  }

  *gettoken(t: Thread, token: Token): Call {
    t.sections++;
    yield* this.fetch(t, token);
    return undefined;
  }

  reltoken(t: Thread, token: Token): Call {
    return this.release(t, token);
  }

  *regettoken(t: Thread, token: Token): Call {
    if (token.owner === t.cpu) return 0;
    yield* this.fetch(t, token);
    return 1;
  }

  *havetoken(t: Thread, token: Token): Call {
    return token.owner === t.cpu ? 1 : 0;
  }

  *waitGen(_t: Thread, wait: Wait): Call {
    return wait.gen;
  }

  *block(t: Thread, wait: Wait, gen: number): Call {
    t.sections++;
    yield* this.fetch(t, wait);
    if (wait.gen === gen) {
      this.dequeue(t);
      wait.sleepers.push(t);
      t.wait = wait;
      yield* this.giveUp(t);
    }
    const now = wait.gen;
    yield* this.release(t, wait);
    return now;
  }

  *signal(t: Thread, wait: Wait): Call {
    t.sections++;
    yield* this.fetch(t, wait);
    wait.gen++;
    for (let count = wait.sleepers.length; count > 0 && wait.sleepers.length > 0; count--) {
      const other = wait.sleepers[0] as Thread;
      this.unwait(wait, other);
      if (this.mine(this.by(t), other)) this.scheduleHere(other);
      else this.ask(this.by(t), other, "RUN");
      yield* this.fetch(t, wait);
    }
    yield* this.release(t, wait);
    return undefined;
  }

  *interrupt(t: Thread, line: Thread): Call {
    if (t.sections > 0) {
      this.pend(this.by(t), line);
      return 0;
    }
    yield* this.interruptRun(t, line);
    return 1;
  }

  /** Creates a thread; with `stopped` it is not made runnable. */
  *create(t: Thread, child: Thread, stopped: boolean): Call {
    t.sections++;
    yield* this.critExit(t);
    if (this.threads.filter(({ gone }) => !gone).length >= this.structures) return ENOMEM;
    child.cpu = t.cpu;
    this.threads.push(child);
    if (!stopped) yield* this.schedule(t, child);
    return 0;
  }

  protected addTo(by: Cpu, child: Thread, stopped: boolean): void {
    this.setPriority(child, PVM);
    child.cpu = this.placeWithin(this.cpus.map(({ index }) => index));
    this.threads.push(child);
    if (!stopped) this.makeRunnable(by, child);
  }

  /** sched_add of a thread that waits for nothing. */
  protected makeRunnable(by: Cpu, t: Thread): void {
    if (this.mine(by, t)) this.enqueue(t);
    else this.ask(by, t, "RUN");
  }

  /** kthread_add: a thread of proc0, on the CPU that is next in turn. */
  *kthreadAdd(t: Thread, child: Thread, stopped: boolean): Call {
    this.addTo(this.by(t), child, stopped);
    return 0;
  }

  /** The host makes a thread of proc0, sets its level and moves it, as CPU 0. */
  hostAdd(name: string, level: number, cpu: number): Thread {
    const host = this.cpu(0);
    const t = this.unborn(name);
    this.addTo(host, t, false);
    if (this.mine(host, t)) this.setLevel(t, level);
    else this.ask(host, t, "SETPRI").level = level;
    if (cpu === 0) return t;
    if (this.mine(host, t)) this.move(t, cpu);
    else this.ask(host, t, "MOVE").to = cpu;
    return t;
  }

  /** The end of a thread (section 11). */
  *exit(t: Thread): Call {
    t.sections++;
    this.dequeue(t);
    this.forgo(t);
    t.gone = true;
    t.goal = -1;
    t.excluded.clear();
    for (const [line, other] of this.interruptLines.entries())
      if (other === t) this.interruptLines[line] = null;
    for (const letter of [t.asked, t.due]) {
      this.dropped += messages(letter.kinds);
      letter.clear();
    }
    if (t.pended) {
      t.pended = false;
      for (const { pended } of this.cpus)
        if (pended.includes(t)) pended.splice(pended.indexOf(t), 1);
    }
    yield* this.giveUp(t);
    throw new ModelError(`${t.name} is gone, and goes on`);
  }

  // ---- Running ----

  /** The current thread of a CPU makes a call. */
  call(cpu: Cpu, call: Call): void {
    cpu.current.calls.push(call);
    this.goOn(cpu);
  }

  /**
   * Continues the calls of the current thread until it is in its body again or gives up the CPU; for a thread that has
   * just been switched to, until the slice may end.
   */
  private goOn(cpu: Cpu): void {
    const t = cpu.current;
    for (let call = t.calls.at(-1); call !== undefined; call = t.calls.at(-1)) {
      const { done, value } = call.next();
      if (done !== true) {
        if (value === null && cpu.arrived) return;
        if (value === null) continue;
        cpu.gives = value;
        return;
      }
      t.calls.pop();
      if (cpu.arrived) return;
      if (t.calls.length === 0) t.result = value;
    }
  }

  /** The thread that was switched to continues. */
  resume(cpu: Cpu): void {
    if (!cpu.arrived) return;
    cpu.arrived = false;
    const t = cpu.current;
    if (t === cpu.idle) {
      this.idleInterrupts(cpu);
      return;
    }
    this.goOn(cpu);
  }

  /** The current thread is between two instructions, and looks for interrupts. */
  safePoint(cpu: Cpu): void {
    const t = cpu.current;
    if (t === cpu.idle || t.sections > 0 || !cpu.posted) return;
    cpu.posted = false;
    this.call(cpu, this.open(t));
  }

  /** The current thread is between two instructions, and is switched out involuntarily. */
  lose(cpu: Cpu): void {
    const t = cpu.current;
    if (t === cpu.idle) {
      cpu.gives = { to: null };
      return;
    }
    if (t.sections > 0) throw new ModelError(`${t.name} loses its CPU in a critical section`);
    this.safePoint(cpu);
    if (cpu.gives !== null) return;
    const to = t.preempts === null ? t.goal : -1;
    if (to >= 0) t.goal = -1;
    const leaves = to >= 0 && to !== t.cpu && !t.excluded.has(to);
    this.call(cpu, leaves ? this.leaveFor(t, to) : this.loseTurn(t));
  }

  protected *loseTurn(t: Thread): Call {
    if (!t.queued) {
      t.wanted = false;
      t.passing = true;
      this.enqueue(t);
    }
    yield* this.giveUp(t);
    if (t.passing && !t.wanted) this.dequeue(t);
    t.passing = false;
    return undefined;
  }

  /** The switcher's choice: the head of the best level, unless another thread has a right to the CPU. */
  choice(cpu: Cpu): Thread {
    const to = cpu.gives?.to ?? cpu.current.preempts;
    if (to !== null) return to;
    const best = cpu.best();
    return best < 0 ? cpu.idle : ((cpu.levels[best] as Thread[])[0] as Thread);
  }

  /** True if the CPU may pass to `next`: to any thread of the best level, as equals take turns. */
  mayTake(cpu: Cpu, next: Thread): boolean {
    const choice = this.choice(cpu);
    const forced = (cpu.gives?.to ?? cpu.current.preempts) !== null;
    if (next === choice || forced || choice === cpu.idle) return next === choice;
    return next.queued && next.cpu === cpu.index && next.level === choice.level;
  }

  /** The CPU passes to `next`, if it may. */
  switchTo(cpu: Cpu, next: Thread): void {
    const t = cpu.current;
    const choice = this.choice(cpu);
    const forced = (cpu.gives?.to ?? t.preempts) !== null;
    if (!this.mayTake(cpu, next)) {
      throw new ModelError(
        `CPU ${cpu.index} goes from ${t.name} to ${next.name}, not ${choice.name}`,
      );
    }
    if (cpu.gives?.to === null) {
      t.preempts = null;
      cpu.switches++;
    }
    if (next.queued && !forced) {
      const level = cpu.levels[next.level] as Thread[];
      level.push(...level.splice(level.indexOf(next), 1));
    }
    cpu.gives = null;
    cpu.current = next;
    cpu.arrived = true;
    if (next === cpu.idle) return;
    if (!next.started) {
      // On its first run it does not look for interrupts.
      next.started = true;
      next.sections--;
      if (next.sections === 0 && cpu.look) this.deliverHeld(cpu);
    } else if (next.left) {
      next.left = false;
      next.calls.push(this.critExit(next));
      this.goOn(cpu);
    }
  }
}
