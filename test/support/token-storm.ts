// Storms of lwkt-modern's tokens: threads on several CPUs take and release them, block, yield and interrupt
// each other. After each round tokens and threads must agree on who holds what, and a thread that continues must hold
// all tokens that it has taken.

import type { KernelBuild } from "../../src/core/instantiate.js";
import * as Layout from "../../src/generated/layout.js";
import { buildUnderTest } from "./build.js";
import { type Body, LwktMachine, type Step } from "./lwkt-machine.js";
import { Random } from "./random.js";

const { Sys, Thread: T, ThreadTokens, Token } = Layout;

/** A token that a thread has taken. */
interface Held {
  readonly token: number;
  readonly exclusive: boolean;
  /** The thread's voluntary switches when it was taken, or last asked about. */
  switches: number;
}

interface Actor {
  readonly td: number;
  readonly held: Held[];
  /** It has made a call since by which it could have left the CPU and come back at once. */
  yielded: boolean;
  isDone: boolean;
  /** What it has if its call returns 1. */
  trying: Held | null;
}

/** Where in the pool an address's token is. */
function place(address: number): number {
  return ((address + (address >>> 18)) ^ ((address >>> 8) + (address >>> 24))) & 16_383;
}

/** Threads of a storm: the later ones get the structures of those that are done. */
const THREADS_MAX = 25;
/** Rounds within which all must be done. */
const ROUNDS_MAX = 30_000;

/** A storm, and what it came by. */
export class TokenStorm {
  /** Calls that threads made, */
  steps = 0;
  /** the most that shared a token at a time, */
  shared = 0;
  /** and how often a token could not be had. */
  collisions = 0;
  private readonly random: Random;
  private readonly machine: LwktMachine;
  private readonly tokens: number[] = [];
  /** Addresses for which some of the tokens stand. */
  private readonly addresses = new Map<number, number>();
  private readonly waits: number[] = [];
  private readonly actors: Actor[] = [];
  private readonly cpus: number;

  constructor(
    readonly seed: number,
    private readonly size: number,
    source: KernelBuild = buildUnderTest,
    plant = 0,
  ) {
    const random = new Random(seed);
    this.random = random;
    this.cpus = random.pick([1, 2, 2, 3, 4, 8]);
    const quantum = 100 + random.below(400);
    const roundRobin = random.pick([0, 500, 2_000]);
    const times = { quantum, roundRobin, preemption: !random.once(4) };
    this.machine = new LwktMachine(
      { scheduler: "lwkt-modern", cpus: this.cpus, chaos: random.once(4), seed, ...times },
      source,
    );
    if (plant !== 0) this.machine.kernel.setMachine("plant", plant);
    for (let i = 1 + random.below(4); i > 0; i--)
      this.tokens.push(this.make(Sys.lwkt_token_create));
    for (let i = random.below(3); i > 0; i--) this.pool(random.below(1 << 20));
    for (let i = 0; i < 2; i++) this.waits.push(this.make(Sys.lwkt_wait_create));
    for (let i = 3 + random.below(10); i > 0; i--) this.spawn();
  }

  private make(nr: number): number {
    return this.machine.call(nr, 0)[1] >>> 0;
  }

  /** A token that stands for an address. */
  private pool(address: number): void {
    const token = this.machine.call(Sys.lwkt_token_pool_lookup, address)[1] >>> 0;
    const other = this.addresses.get(token);
    if (other !== undefined && place(other) !== place(address)) this.fail("two places, one token");
    this.addresses.set(token, address);
    if (!this.tokens.includes(token)) this.tokens.push(token);
  }

  private spawn(): void {
    const { random } = this;
    const body = () => this.body(actor);
    const cpu = random.below(this.cpus);
    const td = this.machine.spawn(`t${this.actors.length}`, 5 + random.below(8), body, cpu);
    const actor: Actor = { td, held: [], yielded: false, isDone: false, trying: null };
    this.actors.push(actor);
  }

  /** Runs to the end; throws at the first fault. */
  run(): void {
    for (let round = 0; this.actors.some(({ isDone }) => !isDone); round++) {
      if (round === ROUNDS_MAX) this.fail("not all threads come to an end");
      this.machine.run({ rounds: 2 });
      this.check();
      if (this.actors.length < THREADS_MAX && this.random.once(10)) this.spawn();
      if (round % 5 === 0) for (const wait of this.waits) this.machine.call(Sys.lwkt_signal, wait);
    }
    const { kernel } = this.machine;
    for (const token of this.tokens) {
      const count = kernel.read(token + Token.tk_count) & ~Layout.TOK_EXCLREQ;
      if (count !== 0) this.fail(`at the end a token's count is ${count}`);
      this.collisions += kernel.read(token + Token.tk_collisions);
    }
  }

  // ---- Bodies ----

  private *body(me: Actor): Body {
    for (let left = this.size; left > 0; left--) {
      const [step, done] = this.next(me);
      this.steps++;
      const result = yield step;
      if (me.trying !== null && result === 1) me.held.push(me.trying);
      me.trying = null;
      this.has(me);
      done?.(result);
    }
    if (this.random.once(2)) {
      while (me.held.length > 0) {
        yield this.releases((me.held.pop() as Held).token);
        this.has(me);
      }
    }
    me.isDone = true;
    me.held.length = 0;
  }

  /** A call, and what its result must be. */
  private next(me: Actor): [Step, ((result: number) => void)?] {
    const { random } = this;
    const token = random.pick(this.tokens);
    const mine = me.held.filter((held) => held.token === token);
    const intern = (text: string) => this.machine.kernel.intern(text);
    switch (random.below(14)) {
      case 0:
      case 1:
      case 2: {
        const sharesOnly = mine.length > 0 && !mine.some(({ exclusive }) => exclusive);
        if (me.held.length >= 6) return [this.leaves(me, [Sys.lwkt_yield])];
        return this.get(me, token, !sharesOnly && random.once(2));
      }
      case 3:
      case 4:
      case 5: {
        const last = me.held.pop();
        return [last === undefined ? [Sys.compute, 50, 0] : this.releases(last.token)];
      }
      case 6:
        return mine.length === 0 ? this.asked(me, token, 0) : this.lost(me, mine);
      case 7: {
        const wait = random.pick(this.waits);
        const gen = this.machine.call(Sys.lwkt_wait_gen, wait)[0];
        return [this.leaves(me, [Sys.lwkt_block, wait, intern("wait"), gen])];
      }
      case 8:
        return [[Sys.interrupt, random.pick(this.actors.filter(({ isDone }) => !isDone)).td]];
      case 9:
        return [this.leaves(me, [random.pick([Sys.lwkt_yield, Sys.lwkt_switch])])];
      case 10:
      case 11:
        return me.held.length >= 6 ? [[Sys.compute, 50, 0]] : this.tries(me, token);
      case 12:
        return this.asked(me, token, mine.length > 0 ? 1 : 0);
      default:
        return [[Sys.compute, random.below(600), 0]];
    }
  }

  private get(me: Actor, token: number, exclusive: boolean): [Step, () => void] {
    this.leaves(me, [Sys.lwkt_gettoken]);
    const held = { token, exclusive, switches: 0 };
    me.held.push(held);
    const nr = exclusive ? Sys.lwkt_gettoken : Sys.lwkt_gettoken_shared;
    const done = () => {
      held.switches = this.switches(me);
    };
    const address = this.addresses.get(token);
    const pooled = address !== undefined && exclusive && this.random.once(2);
    return [pooled ? [Sys.lwkt_getpooltoken, address] : [nr, token], done];
  }

  private releases(token: number): Step {
    const address = this.addresses.get(token);
    if (address === undefined || this.random.once(2)) return [Sys.lwkt_reltoken, token];
    return [Sys.lwkt_relpooltoken, address];
  }

  /**
   * Tries for a token: that must succeed if the token is free; otherwise no thread may have to wait because of the try.
   */
  private tries(me: Actor, token: number): [Step, (result: number) => void] {
    const { kernel } = this.machine;
    const held = { token, exclusive: true, switches: 0 };
    const before = this.pending(token);
    // The call is next; its result may be seen later, when others have run.
    const isFree = kernel.read(token + Token.tk_count) === 0;
    me.trying = held;
    const done = (result: number) => {
      held.switches = this.switches(me);
      if (result === 1) return;
      if (isFree) this.fail(`${me.td} tried in vain`);
      if (!before && this.pending(token) && this.cpus === 1) this.fail(`${me.td} left a mark`);
    };
    return [[Sys.lwkt_trytoken, token], done];
  }

  private pending(token: number): boolean {
    return (this.machine.kernel.read(token + Token.tk_count) & Layout.TOK_EXCLREQ) !== 0;
  }

  private asked(me: Actor, token: number, expected: number): [Step, (result: number) => void] {
    const check = (result: number) => {
      if (result !== expected) this.fail(`lwkt_havetoken of ${me.td} is ${result}`);
    };
    return [[Sys.lwkt_havetoken, token], check];
  }

  /**
   * Asks whether a token was given up: it was if the thread has left its CPU, and not if it has made no call
   * that could.
   */
  private lost(me: Actor, mine: readonly Held[]): [Step, (result: number) => void] {
    const held = mine.at(-1) as Held;
    const check = (result: number) => {
      const left = this.switches(me) !== held.switches;
      if (left && result === 0) this.fail(`${me.td} has left its CPU and has lost no token`);
      if (!left && !me.yielded && result === 1) this.fail(`${me.td} has lost a token, and ran on`);
      held.switches = this.switches(me);
      if (me.held.length === 1) me.yielded = false;
    };
    return [[Sys.lwkt_regettoken, held.token], check];
  }

  private leaves(me: Actor, step: Step): Step {
    me.yielded = true;
    return step;
  }

  private switches({ td }: Actor): number {
    return this.machine.kernel.read(td + T.td_nvcsw);
  }

  // ---- Checks ----

  /** Where a thread's tokens are. */
  private part(td: number): number {
    const { kernel } = this.machine;
    const index = (td - kernel.machine("td_base")) / T.size;
    return kernel.machine("tokens_base") + index * (ThreadTokens.size + 4 * Layout.LWKT_MAXTOKENS);
  }

  /** The thread runs: it has all that it has taken. */
  private has(me: Actor): void {
    const { kernel } = this.machine;
    const part = this.part(me.td);
    const count = kernel.read(part + ThreadTokens.tt_count);
    const have = kernel.read(part + ThreadTokens.tt_have);
    if (count !== me.held.length || have !== count) {
      this.fail(
        `${me.td} goes on with ${have} of ${count} tokens, and has taken ${me.held.length}`,
      );
    }
  }

  /** Tokens and threads agree. */
  private check(): void {
    const { kernel } = this.machine;
    const shares = new Map<number, { alone: Set<number>; shared: number[]; ref: number }>();
    for (const token of this.tokens) shares.set(token, { alone: new Set(), shared: [], ref: 0 });
    for (const { td, isDone } of this.actors) {
      if (isDone) continue;
      const part = this.part(td);
      const have = kernel.read(part + ThreadTokens.tt_have);
      if (have > 0 && !this.mayHave(td)) this.fail(`${td} has tokens, and does not run`);
      for (let i = 0; i < have; i++) {
        const at = part + ThreadTokens.size + 4 * i;
        const ref = kernel.read(at);
        const share = shares.get((ref & ~127) >>> 0);
        if (share === undefined) this.fail(`${td} has a token that is none`);
        if ((ref & Layout.REF_EXCLUSIVE) !== 0) {
          share.alone.add(td);
          share.ref = at;
        } else share.shared.push(td);
      }
    }
    for (const [token, { alone, shared, ref }] of shares) {
      const wanted = (alone.size > 0 ? Layout.TOK_EXCLUSIVE : 0) + shared.length * Layout.TOK_INCR;
      const count = kernel.read(token + Token.tk_count) & ~Layout.TOK_EXCLREQ;
      if (count !== wanted) this.fail(`a token's count is ${count}, not ${wanted}`);
      if (kernel.read(token + Token.tk_ref) !== ref) this.fail("a token is another reference's");
      if (alone.size > 1) this.fail(`${[...alone]} have a token alone`);
      if (alone.size === 1 && shared.some((td) => !alone.has(td)))
        this.fail("a writer is not alone");
      this.shared = Math.max(this.shared, new Set(shared).size);
    }
  }

  /** True for a thread that runs, or was preempted while it did. */
  private mayHave(td: number): boolean {
    const { kernel } = this.machine;
    if ((this.machine.flags(td) & Layout.TDL_PREEMPT_LOCK) !== 0) return true;
    const cpu = kernel.u8[td + T.td_cpu] as number;
    return kernel.read(kernel.globaldata(cpu) + Layout.GlobalData.gd_curthread) === td;
  }

  private fail(what: string): never {
    throw new Error(`tokens, seed ${this.seed}: ${what}`);
  }
}
