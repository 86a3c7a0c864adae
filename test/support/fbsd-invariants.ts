// Invariants of FreeBSD's structures between any two steps of a machine, checked from outside: the counters agree with
// the lists, and every element is on exactly one list.

import type { Kernel } from "../../src/core/kernel.js";
import * as Layout from "../../src/generated/layout.js";
import { tidChain } from "../conformance/replay/tid-chain.js";

const { Thread: T, ThreadCold: C, ThreadRare: R, Proc: P } = Layout;

/** Reads kernel lists. */
export class Reader {
  constructor(readonly kernel: Kernel) {}

  hot(td: number, field: keyof typeof T): number {
    return this.kernel.read(td + T[field]);
  }

  hot8(td: number, field: keyof typeof T): number {
    return this.kernel.u8[td + T[field]] as number;
  }

  cold(td: number, field: keyof typeof C): number {
    return this.kernel.read(this.kernel.cold(td) + C[field]);
  }

  rare(td: number, field: keyof typeof R): number {
    return this.kernel.read(this.kernel.rare(td) + R[field]);
  }

  cold8(td: number, field: keyof typeof C): number {
    return this.kernel.u8[this.kernel.cold(td) + C[field]] as number;
  }

  tid(td: number): number {
    return this.cold(td, "td_tid") | 0;
  }

  proc(p: number, field: keyof typeof P): number {
    return this.kernel.read(p + P[field]);
  }

  /** The elements of a list that starts with `first`; throws if it has no end. */
  list(first: number, next: (at: number) => number): number[] {
    const found = new Set<number>();
    for (let at = first; at !== 0; at = next(at)) {
      if (found.has(at)) throw new Error(`a list comes back to 0x${at.toString(16)}`);
      found.add(at);
    }
    return [...found];
  }

  processes(): number[] {
    return this.list(this.kernel.machine("allproc"), (p) => this.proc(p, "p_list_next"));
  }

  threadsOf(p: number): number[] {
    return this.list(this.proc(p, "p_threads"), (td) => this.cold(td, "td_plist_next"));
  }

  zombies(): number[] {
    const found: number[] = [];
    for (let i = 0; i < this.kernel.machine("ndomains"); i++) {
      const domain =
        this.kernel.machine("reap_base") +
        Layout.THREAD_DOMAIN_OFFSET +
        i * Layout.THREAD_DOMAIN_STRIDE;
      found.push(...this.list(this.kernel.read(domain), (td) => this.hot(td, "td_qnext")));
    }
    return found;
  }

  bucket(index: number): number {
    return this.kernel.machine("tidhash_base") + (index << Layout.TID_BUCKET_SHIFT);
  }

  chain(index: number): number[] {
    return tidChain(this.kernel, index);
  }

  /** The stamp under which the hash has a thread. */
  stamp(td: number): number {
    const entry =
      this.kernel.machine("tid_index") + (this.tid(td) - Layout.NO_PID) * Layout.TidEntry.size;
    return this.kernel.read(entry + Layout.TidEntry.te_stamp);
  }

  /** The newest stamps of a bucket, as far as it knows them, the newest first. */
  knownStamps(index: number): number[] {
    const at = this.bucket(index);
    const n = this.kernel.read(at + Layout.TidBucket.thb_known);
    return Array.from({ length: n }, (_, i) =>
      this.kernel.read(at + Layout.TID_STAMPS_OFFSET + (n - 1 - i) * 4),
    );
  }

  buckets(): number {
    return this.kernel.machine("tidhash_mask") + 1;
  }

  /** All ids in use. */
  tids(): Set<number> {
    const base = this.kernel.machine("tid_bitmap");
    const used = new Set<number>();
    const maxthread = this.kernel.machine("maxthread");
    for (let id = 0; id < maxthread; id += 32) {
      let word = this.kernel.read(base + (id >>> 5) * 4);
      for (let bit = 0; word !== 0; bit++, word >>>= 1) {
        if ((word & 1) !== 0 && id + bit < maxthread) used.add(Layout.NO_PID + id + bit);
      }
    }
    return used;
  }
}

/** Violations of the invariants of a machine's threads and processes. */
export function fbsdFaults(kernel: Kernel): string[] {
  const faults: string[] = [];
  const check = new Checker(new Reader(kernel), faults);
  try {
    check.all();
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  }
  return faults;
}

class Checker {
  private readonly kernel: Kernel;
  private readonly linked: number[] = [];
  /** Last threads of processes that are zombies or harvested: they have an id, and are not hashed. */
  private readonly attached: number[] = [];

  constructor(
    private readonly read: Reader,
    private readonly faults: string[],
  ) {
    this.kernel = read.kernel;
  }

  private expect(what: string, got: unknown, wanted: unknown): void {
    if (got !== wanted) this.faults.push(`${what}: ${String(got)}, should be ${String(wanted)}`);
  }

  all(): void {
    for (const p of this.read.processes()) this.process(p);
    const free = this.read.list(this.kernel.machine("proc_free"), (p) =>
      this.read.proc(p, "p_list_next"),
    );
    for (const p of free) this.attached.push(...this.read.threadsOf(p));
    this.expect("nprocs", this.kernel.machine("nprocs"), this.read.processes().length);
    this.ids();
    this.hash();
    for (const td of this.linked) this.thread(td);
    this.sleepQueues();
    this.callouts();
  }

  private process(p: number): void {
    const { read } = this;
    const pid = read.proc(p, "p_pid") | 0;
    const name = (field: string) => `process ${pid} ${field}`;
    const threads = read.threadsOf(p);
    this.expect(name("numthreads"), read.proc(p, "p_numthreads"), threads.length);
    this.expect(name("threads_last"), read.proc(p, "p_threads_last"), threads.at(-1) ?? 0);
    threads.forEach((td, i) => {
      this.expect(name("td_proc"), read.hot(td, "td_proc"), p);
      this.expect(name("plist_prev"), read.cold(td, "td_plist_prev"), threads[i - 1] ?? 0);
    });
    const suspended = threads.filter((td) => this.countsAsSuspended(td, p)).length;
    this.expect(name("suspcount"), read.proc(p, "p_suspcount") | 0, suspended);
    const atBoundary = threads.filter(
      (td) => (read.hot(td, "td_flags") & Layout.TDF_BOUNDARY) !== 0,
    ).length;
    this.expect(name("boundary_count"), read.proc(p, "p_boundary_count") | 0, atBoundary);
    this.expect(name("exitthreads"), read.proc(p, "p_exitthreads") | 0, this.dying(p));
    this.expect(name("pendingexits"), read.proc(p, "p_pendingexits") | 0, 0);
    this.children(p, name("children"));
    const zombie = read.proc(p, "p_state") === Layout.PRS.ZOMBIE;
    (zombie ? this.attached : this.linked).push(...threads);
  }

  /** A thread that waits for another process to stop is suspended, but not as one of its own. */
  private countsAsSuspended(td: number, p: number): boolean {
    if ((this.read.hot8(td, "td_inhib") & Layout.TDI_SUSPENDED) === 0) return false;
    return !this.read
      .processes()
      .some((other) => other !== p && this.read.proc(other, "p_singlethread") === td);
  }

  private dying(p: number): number {
    let count = 0;
    for (let cpu = 0; cpu < this.kernel.config.cpus; cpu++) {
      const td = this.kernel.read(this.kernel.globaldata(cpu) + Layout.GlobalData.gd_deadthread);
      if (td !== 0 && this.read.hot(td, "td_proc") === p) count++;
    }
    return count;
  }

  private children(p: number, name: string): void {
    const children = this.read.list(this.read.proc(p, "p_children"), (child) =>
      this.read.proc(child, "p_sibling_next"),
    );
    for (const child of children) this.expect(name, this.read.proc(child, "p_pptr"), p);
    const wanted = this.read.processes().filter((other) => this.read.proc(other, "p_pptr") === p);
    this.expect(name, children.length, wanted.length);
  }

  /** The count of threads and the ids in use are those of the threads that exist. */
  private ids(): void {
    const zombies = this.read.zombies();
    const dead: number[] = [];
    for (let cpu = 0; cpu < this.kernel.config.cpus; cpu++) {
      const td = this.kernel.read(this.kernel.globaldata(cpu) + Layout.GlobalData.gd_deadthread);
      if (td !== 0) dead.push(td);
    }
    const all = [...this.linked, ...this.attached, ...zombies, ...dead];
    this.expect("threads on two lists", new Set(all).size, all.length);
    this.expect("nthreads", this.kernel.machine("nthreads") | 0, all.length);
    const used = this.read.tids();
    for (const td of all) {
      const tid = this.read.tid(td);
      this.expect(`tid ${tid} in use`, used.delete(tid), true);
    }
    this.expect("ids in use without a thread", [...used].join(" "), "");
    this.expect(
      "nthreads below maxthread",
      this.kernel.machine("nthreads") < this.kernel.machine("maxthread"),
      true,
    );
  }

  private hash(): void {
    const { read } = this;
    const hashed = new Set<number>();
    for (let i = 0; i < read.buckets(); i++) {
      const chain = read.chain(i);
      const stamps = chain.map((td) => read.stamp(td));
      const known = read.knownStamps(i);
      const newest = this.kernel.read(read.bucket(i) + Layout.TidBucket.thb_stamp);
      this.expect(`bucket ${i} newest stamp`, newest >= (stamps[0] ?? 0), true);
      const limit = this.kernel.read(this.kernel.machine("tidhash_limits") + i * 4);
      const wanted = known[Math.min(16, known.length - 1)] ?? 0xffff_ffff;
      if (stamps.length > 0) this.expect(`bucket ${i} limit`, limit, wanted);
      chain.forEach((td, place) => {
        hashed.add(td);
        const tid = read.tid(td);
        this.expect(`tid ${tid} bucket`, tid & (read.buckets() - 1), i);
        this.expect(`tid ${tid} has a stamp of its own`, stamps.indexOf(read.stamp(td)), place);
      });
    }
    for (const td of this.linked) this.expect(`tid ${read.tid(td)} hashed`, hashed.has(td), true);
    this.expect("threads in the hash", hashed.size, this.linked.length);
  }

  private thread(td: number): void {
    const { read } = this;
    const name = `tid ${read.tid(td)}`;
    const state = read.hot8(td, "td_state");
    const inhibitors = read.hot8(td, "td_inhib");
    const isInhibited = state === Layout.TDS.INHIBITED;
    this.expect(`${name} state ${state} inhibited`, isInhibited, inhibitors !== 0);
    const sleeps = (inhibitors & Layout.TDI_SLEEPING) !== 0;
    if (sleeps) {
      const queued = read.hot(td, "td_wchan") !== 0 || read.hot(td, "td_wait") !== 0;
      this.expect(`${name} sleeps on something`, queued, true);
    }
    this.expect(`${name} credential`, read.cold(td, "td_ucred") !== 0, true);
  }

  /** True for a thread in the queue of a lock, which is its channel. */
  private waitsForLock(td: number): boolean {
    const locks = (td >>> 3) + this.kernel.machine("locks_delta");
    return this.kernel.u8[(locks + Layout.ThreadLocks.tl_blocked) >>> 0] !== 0;
  }

  /** Every thread with a channel is on that channel's queue, in a list that holds together. */
  private sleepQueues(): void {
    const { read, kernel } = this;
    const queued = new Set<number>();
    const mask = kernel.machine("sleepq_mask");
    for (let i = 0; i <= mask; i++) {
      const head = kernel.read(kernel.machine("sleepq_base") + i * 4);
      for (const first of read.list(head, (td) => read.rare(td, "td_sq_next"))) {
        const sleepers = read.list(first, (td) => read.hot(td, "td_qnext"));
        const wchan = read.hot(first, "td_wchan");
        const tail = read.rare(first, "td_sq_tail");
        this.expect("last sleeper", (tail & ~Layout.SQ_RANKS) >>> 0, sleepers.at(-1));
        sleepers.forEach((td, place) => {
          queued.add(td);
          this.expect("channel of a sleeper", read.hot(td, "td_wchan"), wchan);
          this.expect("sleeper before", read.hot(td, "td_qprev"), sleepers[place - 1] ?? 0);
        });
      }
    }
    const sleepers = this.linked.filter(
      (td) => read.hot(td, "td_wchan") !== 0 && !this.waitsForLock(td),
    );
    for (const td of sleepers) this.expect(`tid ${read.tid(td)} queued`, queued.has(td), true);
    this.expect("threads on sleep queues", queued.size, sleepers.length);
  }

  /** The wheels hold as many callouts as are armed: one for each thread that waits for a time, and the reaper's. */
  private callouts(): void {
    const { read, kernel } = this;
    const armed = this.linked.filter(
      (td) => (read.cold8(td, "td_cflags") & Layout.TDC_ARMED) !== 0,
    ).length;
    let held = 0;
    for (let cpu = 0; cpu < kernel.config.cpus; cpu++) {
      const wheel = kernel.read(kernel.globaldata(cpu) + Layout.GlobalData.gd_wheel);
      held += kernel.read(wheel + Layout.CalloutWheel.cw_count);
    }
    this.expect("callouts", held, armed + 1);
    this.expect("timeouts", kernel.machine("timeouts"), armed);
  }
}
