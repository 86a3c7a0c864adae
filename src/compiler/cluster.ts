// What is compiled together: a function, and those that it calls, as basic blocks.
//
// A function is what can be reached from its first instruction by branches, jumps and past calls, so that
// a tail call makes the other function part of it. Calls within the cluster become jumps, and returns are
// jumps to the places behind the calls: registers stay in locals all the way.

import type { Block } from "./block.js";
import { joinSkipped } from "./skips.js";
import { isAlwaysTaken, type Step, type Text } from "./text.js";

/** Blocks by the guest addresses where they begin, and those where compiled code may be entered. */
export interface Cluster {
  readonly blocks: ReadonlyMap<number, Block>;
  readonly entries: readonly number[];
  /** Guest addresses of all its instructions. */
  readonly covers: ReadonlySet<number>;
  /** Where branches, jumps and calls go that had no room in it. */
  readonly leaves: ReadonlySet<number>;
}

/**
 * Most instructions of a cluster: V8 takes more than linear time. The function that it is made for may have
 * twice as many.
 */
export const CLUSTER_MAX = 1200;
/** Most places that a return compares its target with, and a call by a register. */
const RETURNS_MAX = 8;
const TARGETS_MAX = 4;

const RA = 1;
const T0 = 5;

/** Collects what is compiled together. */
class Collector {
  readonly steps = new Map<number, Step>();
  readonly leaders = new Set<number>();
  readonly entries = new Set<number>();
  readonly functions = new Set<number>();
  private callees: { readonly site: number; readonly callee: number }[] = [];

  constructor(private readonly text: Text) {}

  /** Adds the function that begins at `start`, as far as it has room. */
  add(start: number, room: number): void {
    this.functions.add(start);
    this.enter(start);
    const work = [start];
    for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
      this.leaders.add(pc);
      let before: Step | undefined;
      while (!this.steps.has(pc) && this.steps.size < room && this.text.isTarget(pc)) {
        const step: Step = this.text.step(pc);
        this.steps.set(pc, step);
        pc = step.next;
        if (step.flow !== "next") {
          this.endBlock(step, this.text.farTarget(before, step), work);
          break;
        }
        before = step;
      }
      if (this.steps.has(pc)) this.leaders.add(pc);
    }
  }

  private endBlock(step: Step, far: number | undefined, work: number[]): void {
    const { flow, target, next, pc, insn } = step;
    if (far !== undefined) {
      if (insn.rd !== 0) this.callees.push({ site: pc, callee: far });
      else {
        work.push(far);
        if (far <= pc) this.enter(far);
      }
    }
    if (flow === "branch" || flow === "jump") {
      work.push(target);
      if (target <= pc) this.enter(target);
    }
    if (flow === "call") this.callees.push({ site: pc, callee: target });
    const comesBack = flow === "call" || flow === "stop" || (flow === "register" && insn.rd !== 0);
    if (comesBack) this.enter(next);
    if ((comesBack && insn.op !== "ebreak") || flow === "branch") work.push(next);
  }

  /** Lets compiled code be entered at an address, or behind the jumps there. */
  private enter(pc: number): void {
    for (let at = pc, jumps = 0; jumps < 4 && this.text.isTarget(at); jumps++) {
      const step = this.text.step(at);
      if (!isAlwaysTaken(step)) {
        if (step.flow !== "stop") this.entries.add(at);
        return;
      }
      at = step.target;
    }
  }

  /**
   * Forgets functions that are called outside of the loops in which the CPU was seen: they are called seldom, and
   * each register that they use is one more for the loops to carry.
   */
  forgetColdCallees(hot: readonly number[]): void {
    const loops: { from: number; to: number }[] = [];
    for (const { flow, target: from, pc: to } of this.steps.values()) {
      const goesBack = (flow === "branch" || flow === "jump") && from <= to;
      if (goesBack && hot.some((pc) => from <= pc && pc <= to)) loops.push({ from, to });
    }
    if (loops.length === 0) return;
    const isHot = (site: number) => loops.some(({ from, to }) => from <= site && site <= to);
    this.callees = this.callees.filter(({ site }) => isHot(site));
  }

  /** Adds functions that are called, those nearest first, as far as they fit into so many instructions. */
  addCallees(most: number): void {
    const tooLarge = new Set<number>();
    for (const { callee } of this.callees) {
      if (this.steps.size >= most) return;
      if (this.functions.has(callee) || tooLarge.has(callee)) continue;
      const trial = new Collector(this.text);
      const room = most - this.steps.size;
      trial.add(callee, room + 1);
      if (trial.steps.size <= room) this.join(trial);
      else tooLarge.add(callee);
    }
  }

  private join(other: Collector): void {
    for (const [pc, step] of other.steps) this.steps.set(pc, step);
    for (const pc of other.leaders) this.leaders.add(pc);
    for (const pc of other.entries) this.entries.add(pc);
    for (const pc of other.functions) this.functions.add(pc);
    this.callees.push(...other.callees);
  }
}

/**
 * The cluster of the function that begins at `start`, of places that were found to be hot, and of functions that
 * it was seen to call: what is reached by a register alone, such as the cases of a switch, is known from these only.
 */
export function clusterAt(
  text: Text,
  start: number,
  hot: Iterable<number>,
  called: Iterable<number> = [],
  most = CLUSTER_MAX,
): Cluster {
  let collector = new Collector(text);
  const places = [...hot];
  collector.add(start, 2 * most);
  if (!places.some((pc) => collector.steps.has(pc))) collector = new Collector(text);
  // A place that is not reached from there may be the beginning of a function that is called by a register.
  const apart = places.filter((pc) => !collector.steps.has(pc));
  for (const pc of places) collector.add(pc, 2 * most);
  collector.forgetColdCallees(places);
  const functions = [...new Set([...called, ...apart])];
  for (const pc of functions) collector.add(pc, 2 * most);
  collector.addCallees(most);
  const blocks = blocksOf(text, collector, functions);
  findReturns(blocks, collector.functions, functions);
  const entries = [...collector.entries].filter((pc) => blocks.has(pc)).sort((a, b) => a - b);
  const targets = [...collector.steps.values()].map(({ target }) => target);
  for (const { far } of blocks.values()) if (far !== undefined) targets.push(far);
  const leaves = new Set(targets.filter((pc) => !blocks.has(pc)));
  joinSkipped(text, blocks, new Set(entries));
  return { blocks, entries, covers: new Set(collector.steps.keys()), leaves };
}

function blocksOf(
  text: Text,
  { steps, leaders, entries }: Collector,
  called: readonly number[],
): Map<number, Block> {
  const seen = called.filter((pc) => steps.has(pc)).slice(0, TARGETS_MAX);
  const starts = new Set([...leaders, ...entries].filter((pc) => steps.has(pc)));
  const blocks = new Map<number, Block>();
  for (const pc of starts) {
    const run: Step[] = [];
    let step = steps.get(pc);
    while (step !== undefined) {
      run.push(step);
      if (step.flow !== "next" || starts.has(step.next)) break;
      step = steps.get(step.next);
    }
    const last = run.at(-1) as Step;
    const far = text.farTarget(run.at(-2), last);
    const targets = far === undefined && isRegisterCall(last) ? seen : [];
    const next = far === undefined ? successorsOf(last) : [far];
    const successors = [...next.filter((to) => starts.has(to)), ...targets];
    blocks.set(pc, { pc, steps: run, successors, skipped: [], returns: null, far, targets });
  }
  return blocks;
}

function successorsOf({ flow, next, target }: Step): number[] {
  switch (flow) {
    case "next":
      return [next];
    case "branch":
      return target === next ? [next] : [target, next];
    case "jump":
    case "call":
      return [target];
    default:
      return [];
  }
}

/** True for a call of a function whose address is in a register, near or far. */
function isRegisterCall({ flow, insn }: Step): boolean {
  return flow === "register" && insn.rd !== 0;
}

/** True for `ret`, with either of the link registers. */
function isReturn({ flow, insn }: Step): boolean {
  return flow === "register" && insn.rd === 0 && (insn.rs1 === RA || insn.rs1 === T0);
}

/** Finds out where the returns of each function lead to; those in `called` are called by registers, too. */
function findReturns(
  blocks: Map<number, Block>,
  functions: ReadonlySet<number>,
  called: readonly number[],
): void {
  const callers = new Map<number, number[]>();
  for (const { steps, far } of blocks.values()) {
    const last = steps.at(-1) as Step;
    if (!blocks.has(last.next)) continue;
    for (const callee of calleesOf(last, far, called)) {
      const places = callers.get(callee);
      if (places === undefined) callers.set(callee, [last.next]);
      else places.push(last.next);
    }
  }
  const found = new Map<Block, Set<number>>();
  for (const start of functions) {
    for (const block of returnsOf(blocks, start)) {
      const places = found.get(block) ?? new Set();
      for (const place of callers.get(start) ?? []) places.add(place);
      found.set(block, places);
    }
  }
  for (const [block, places] of found) {
    if (places.size > RETURNS_MAX) continue;
    block.returns = [...places].sort((a, b) => a - b);
    block.successors.push(...block.returns);
  }
}

/** The functions that the last instruction of a block may call. */
function calleesOf(
  last: Step,
  far: number | undefined,
  called: readonly number[],
): readonly number[] {
  if (last.flow === "call") return [last.target];
  if (!isRegisterCall(last)) return [];
  return far === undefined ? called : [far];
}

/** The blocks of a function that end in a return. */
function returnsOf(blocks: Map<number, Block>, start: number): Block[] {
  const seen = new Set<number>();
  const returns: Block[] = [];
  const work = [start];
  for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
    const block = blocks.get(pc);
    if (block === undefined || seen.has(pc)) continue;
    seen.add(pc);
    const last = block.steps.at(-1) as Step;
    if (block.far !== undefined && last.insn.rd === 0) work.push(block.far);
    else if (isReturn(last)) returns.push(block);
    else if (last.flow === "call" || last.flow === "register" || last.flow === "stop") {
      work.push(last.next);
    } else work.push(...block.successors);
  }
  return returns;
}
