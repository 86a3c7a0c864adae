// The threads and processes of a replay by identity, and access to their structures.

import type { Kernel } from "../../../src/core/kernel.js";
import * as Layout from "../../../src/generated/layout.js";
import { tidChain } from "./tid-chain.js";

const { Thread: T, ThreadCold: C, Proc: P, Frame: F } = Layout;

/** Receives the identities as they are created. */
export interface Identities {
  created(name: string): void;
}

/** A thread that was created under an identity. */
export interface ThreadRecord {
  readonly name: string;
  readonly td: number;
  /** Its thread id; stays known when the thread is gone. */
  readonly tid: number;
  /** Made by thread_alloc. */
  readonly raw: boolean;
  /** A raw thread that was freed. */
  freed: boolean;
}

/** A process that was created under an identity. */
export interface ProcRecord {
  readonly name: string;
  readonly p: number;
  readonly pid: number;
}

/** The threads and processes of a replay. */
export class World {
  readonly kernel: Kernel;
  readonly T = T;
  readonly C = C;
  readonly P = P;
  readonly F = F;
  readonly threads = new Map<string, ThreadRecord>();
  readonly procs = new Map<string, ProcRecord>();
  private readonly owners = new Map<number, string>();
  private readonly identities: Identities;

  constructor(kernel: Kernel, identities: Identities) {
    this.kernel = kernel;
    this.identities = identities;
    const thread0 = kernel.machine("thread0");
    kernel.u8[thread0 + T.td_body] = Layout.TDB.HOST;
    this.addProc("proc0", kernel.machine("proc0"));
    this.addThread("thread0", thread0);
    const init = kernel.machine("initproc");
    this.addProc("init", init);
    this.addThread("init", kernel.read(init + P.p_threads));
  }

  /** Records the thread of an identity. */
  addThread(name: string, td: number, raw = false): void {
    const tid = this.kernel.readSigned(this.kernel.cold(td) + C.td_tid);
    this.threads.set(name, { name, td, tid, raw, freed: false });
    this.owners.set(td, name);
    this.identities.created(name);
  }

  /** Records the process of an identity. */
  addProc(name: string, p: number): void {
    this.procs.set(name, { name, p, pid: this.kernel.readSigned(p + P.p_pid) });
    this.owners.set(p, `proc ${name}`);
  }

  /** Identity of the thread or process at an address. */
  nameOf(address: number): string | null {
    const owner = this.owners.get(address);
    return owner?.startsWith("proc ") ? owner.slice(5) : (owner ?? null);
  }

  // ---- Fields ----

  /** A one-byte field of a thread's hot part. */
  hot8(td: number, field: keyof typeof T): number {
    return this.kernel.u8[td + T[field]] as number;
  }

  /** A one-byte field of a thread's cold part. */
  cold8(td: number, field: keyof typeof C): number {
    return this.kernel.u8[this.kernel.cold(td) + C[field]] as number;
  }

  /** A word of a thread's hot part. */
  hot(td: number, field: keyof typeof T): number {
    return this.kernel.read(td + T[field]);
  }

  /** A word of a thread's cold part. */
  cold(td: number, field: keyof typeof C): number {
    return this.kernel.read(this.kernel.cold(td) + C[field]);
  }

  /** A word of a process. */
  proc(p: number, field: keyof typeof P): number {
    return this.kernel.read(p + P[field]);
  }

  // ---- Which still exist ----

  /** True if a thread's structure still belongs to this identity. */
  owns({ name, td }: ThreadRecord): boolean {
    return this.owners.get(td) === name;
  }

  /** True if the thread has not exited. */
  isAlive(thread: ThreadRecord): boolean {
    if (!this.owns(thread) || thread.freed) return false;
    if (thread.raw) return true;
    if (this.cold(thread.td, "td_tid") !== thread.tid) return false;
    const flags = this.kernel.view.getUint16(thread.td + T.td_lwflags, true);
    return (flags & Layout.TDL_EXITED) === 0;
  }

  /** True if the process has not been harvested. */
  exists({ name, p, pid }: ProcRecord): boolean {
    return this.owners.get(p) === `proc ${name}` && (this.proc(p, "p_pid") | 0) === pid;
  }

  /** True if the process exists and is not a zombie. */
  isAliveProc(proc: ProcRecord): boolean {
    return this.exists(proc) && this.proc(proc.p, "p_state") !== Layout.PRS.ZOMBIE;
  }

  // ---- Lists ----

  /** The threads of a process, in list order. */
  threadsOf(p: number): number[] {
    return this.list(this.proc(p, "p_threads"), (td) => this.cold(td, "td_plist_next"));
  }

  /** The zombies of a memory domain, newest first. */
  zombies(domain: number): number[] {
    return this.list(this.kernel.read(this.domain(domain)), (td) => this.hot(td, "td_qnext"));
  }

  /** Address of a memory domain's structure. */
  domain(domain: number): number {
    return (
      this.kernel.machine("reap_base") +
      Layout.THREAD_DOMAIN_OFFSET +
      domain * Layout.THREAD_DOMAIN_STRIDE
    );
  }

  /** The threads of a bucket of the hash of thread ids, head first. */
  chain(index: number): number[] {
    return tidChain(this.kernel, index);
  }

  private list(first: number, next: (td: number) => number): number[] {
    const found: number[] = [];
    for (let td = first; td !== 0; td = next(td)) {
      found.push(td);
      if (found.length > 1e7) throw new Error("a list of threads has no end");
    }
    return found;
  }

  // ---- Channels ----

  /** The channel that a thread sleeps on, by name. */
  channelName(td: number): string | null {
    const wchan = this.hot(td, "td_wchan");
    if (wchan === 0) return null;
    for (const thread of this.threads.values()) {
      const { name, td: at } = thread;
      if (!this.owns(thread)) continue;
      if (wchan === at) return `td:${name}`;
      if (wchan === at + T.td_flags) return `td_flags:${name}`;
    }
    for (const { name, p } of this.procs.values()) {
      if (this.nameOf(p) !== name) continue;
      if (wchan === p) return `proc:${name}`;
      if (wchan === p + P.p_siglist) return `p_siglist:${name}`;
      if (wchan === p + P.p_flag) return `p_flag:${name}`;
    }
    return this.kernel.text(wchan);
  }
}
