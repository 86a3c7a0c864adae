// Invariants of an LWKT machine with any number of CPUs, whenever no CPU is in the middle of a step.

import type { Kernel } from "../../src/core/kernel.js";
import { levelThreads, linkedThreads, lwktLevel } from "../../src/core/runq-view.js";
import * as Layout from "../../src/generated/layout.js";

const { GlobalData: G, Letter, LwktToken, LwktWait: W, Thread: T } = Layout;

/** Pending requests for a thread. */
export interface Message {
  readonly td: number;
  /** ASK_* bits requested in this round. */
  readonly asked: number;
  /** ASK_* bits requested earlier. */
  readonly due: number;
}

/** The letters with pending requests, by thread. */
export function messages(kernel: Kernel): Message[] {
  const found: Message[] = [];
  if (kernel.config.cpus === 1) return found;
  const delta = kernel.machine("letter_delta");
  const count = kernel.machine("zone_next");
  for (let index = 0; index < count; index++) {
    const td = kernel.threadAt(index);
    const letter = (td >>> 2) + delta;
    const asked = kernel.view.getUint16(letter + Letter.lt_new, true);
    const due = kernel.view.getUint16(letter + Letter.lt_due, true);
    if ((asked | due) !== 0) found.push({ td, asked, due });
  }
  return found;
}

/** How many messages letters hold. */
function countOf(sent: readonly Message[]): number {
  const bits = (word: number) => (word === 0 ? 0 : word.toString(2).replaceAll("0", "").length);
  const of = (word: number) => bits(word & Layout.ASK_KINDS);
  return sent.reduce((sum, { asked, due }) => sum + of(asked) + of(due), 0);
}

function check(condition: boolean, text: string): void {
  if (!condition) throw new Error(`invariant: ${text}`);
}

/** Where a thread is; each must be in one place only. */
class Places {
  private readonly places = new Map<number, string>();

  put(td: number, place: string): void {
    const other = this.places.get(td);
    check(other === undefined, `thread ${td.toString(16)} is on ${other} and on ${place}`);
    this.places.set(td, place);
  }

  get(td: number): string | undefined {
    return this.places.get(td);
  }
}

/** The objects of a test. */
export interface Objects {
  readonly waits: readonly number[];
  readonly tokens: readonly number[];
}

/**
 * Checks the machine and says where each of `threads` is that is in a place: `runq 3`, `wait`, `token`.
 * A thread that runs and is on the run queue, too, is at its run queue.
 */
export function checkMachine(
  kernel: Kernel,
  objects: Objects,
  threads: readonly number[],
): ReadonlyMap<number, string> {
  const places = new Places();
  const running = new Set<number>();
  const sent = messages(kernel);
  for (let cpu = 0; cpu < kernel.config.cpus; cpu++) {
    checkCpu(kernel, cpu, running);
    checkRunq(kernel, cpu, places);
  }
  for (const wait of objects.waits) checkWait(kernel, wait, places, running);
  for (const token of [...objects.waits, ...objects.tokens]) checkToken(kernel, token, places);
  checkCounts(kernel, sent);
  checkTokenRequests(kernel, sent, threads, places);
  const found = new Map<number, string>();
  for (const td of threads) {
    const place = checkThread(kernel, td, places, running, sent);
    if (place !== undefined) found.set(td, place);
  }
  return found;
}

function checkCpu(kernel: Kernel, cpu: number, running: Set<number>): void {
  const gd = kernel.globaldata(cpu);
  const td = kernel.read(gd + G.gd_curthread);
  check(!running.has(td), `a thread runs on two CPUs, one is ${cpu}`);
  running.add(td);
  check(kernel.u8[td + T.td_cpu] === cpu, `CPU ${cpu} runs a thread of another CPU`);
  check(kernel.u8[td + T.td_state] === Layout.TDS.RUNNING, `CPU ${cpu}: the thread does not run`);
}

function checkRunq(kernel: Kernel, cpu: number, places: Places): void {
  const gd = kernel.globaldata(cpu);
  const mask = kernel.read(gd + G.gd_runqmask);
  let count = 0;
  for (let nq = 0; nq < Layout.NRUNQ; nq++) {
    const level = levelThreads(kernel, lwktLevel(kernel, cpu, nq));
    if (level.length > 0)
      check((mask & (1 << nq)) !== 0, `CPU ${cpu}: level ${nq} is not in the mask`);
    for (const td of level) {
      places.put(td, `runq ${cpu}`);
      check(kernel.u8[td + T.td_cpu] === cpu, `CPU ${cpu} queues a thread of another CPU`);
      check((kernel.readSigned(td + T.td_pri) & 31) === nq, `a thread is on level ${nq} wrongly`);
      check((flagsOf(kernel, td) & Layout.TDL_RUNQ) !== 0, "a queued thread has no TDL_RUNQ");
    }
    count += level.length;
  }
  check(kernel.readSigned(gd + G.gd_nrunnable) === count, `CPU ${cpu}: gd_nrunnable is wrong`);
}

function checkWait(kernel: Kernel, wait: number, places: Places, running: Set<number>): void {
  const queue = linkedThreads(kernel, kernel.read(wait + W.wa_waitq));
  check(kernel.readSigned(wait + W.wa_count) === queue.length, "wa_count is wrong");
  for (const td of queue) {
    places.put(td, "wait");
    check(!running.has(td), "a blocked thread runs");
    check(kernel.read(td + T.td_wait) === wait, "a blocked thread has another td_wait");
  }
}

function checkToken(kernel: Kernel, token: number, places: Places): void {
  const owner = kernel.readSigned(token + LwktToken.t_cpu);
  check(owner >= 0 && owner < kernel.config.cpus, `a token is owned by CPU ${owner}`);
  const line = linkedThreads(kernel, kernel.read(token + LwktToken.t_line));
  check(kernel.read(token + LwktToken.t_count) === line.length, "t_count is wrong");
  check(kernel.read(token + LwktToken.t_due) <= line.length, "t_due is wrong");
  for (const td of line) places.put(td, "a token's line");
}

/** No message is lost or made up: what was sent and neither carried out nor dropped is in the letters. */
function checkCounts(kernel: Kernel, sent: readonly Message[]): void {
  let under = -Number(kernel.machine64("ipi_dropped"));
  for (let cpu = 0; cpu < kernel.config.cpus; cpu++) {
    const gd = kernel.globaldata(cpu);
    under += kernel.readNumber(gd + G.gd_ipi_sent) - kernel.readNumber(gd + G.gd_ipi_received);
  }
  const found = countOf(sent);
  check(under === found, `${found} messages are under way, of ${under}`);
}

/** A thread that waits for a token has exactly one request or answer under way. */
function checkTokenRequests(
  kernel: Kernel,
  sent: readonly Message[],
  threads: readonly number[],
  places: Places,
): void {
  for (const td of threads) {
    const letter = sent.find((message) => message.td === td);
    const granted = (((letter?.asked ?? 0) | (letter?.due ?? 0)) & Layout.ASK_GRANT) !== 0;
    const found = (granted ? 1 : 0) + (places.get(td) === "a token's line" ? 1 : 0);
    const expected = (flagsOf(kernel, td) & Layout.TDL_TOKWAIT) !== 0 ? 1 : 0;
    check(found === expected, `a thread has ${found} token requests, not ${expected}`);
  }
}

function flagsOf(kernel: Kernel, td: number): number {
  return kernel.view.getUint16(td + T.td_lwflags, true);
}

function checkThread(
  kernel: Kernel,
  td: number,
  places: Places,
  running: Set<number>,
  sent: readonly Message[],
): string | undefined {
  const flags = flagsOf(kernel, td);
  const place = places.get(td);
  const queued = place?.startsWith("runq") ?? false;
  check(queued === ((flags & Layout.TDL_RUNQ) !== 0), "TDL_RUNQ and the run queues disagree");
  const state = kernel.u8[td + T.td_state];
  check((state === Layout.TDS.RUNNING) === running.has(td), "td_state RUNNING is wrong");
  if (queued && !running.has(td)) check(state === Layout.TDS.RUNQ, "td_state RUNQ is wrong");
  if ((flags & Layout.TDL_TOKWAIT) !== 0) return "token";
  if (place !== undefined) return place;
  if (running.has(td)) return "running";
  if ((flags & Layout.TDL_PREEMPT_LOCK) !== 0) return "preempted";
  const under = Layout.ASK_RUN | Layout.ASK_ARRIVE;
  const isUnderWay = sent.some((m) => m.td === td && ((m.asked | m.due) & under) !== 0);
  return isUnderWay ? "under way" : undefined;
}
