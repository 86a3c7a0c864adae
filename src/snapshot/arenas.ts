// Which parts of a kernel's memory hold something: what a snapshot has to keep.
//
// An arena of structures that are handed out in order is in use up to its watermark, and zero behind it. A
// table is in use as a whole, unless something says at a glance that it is empty. Whatever lies between the
// arenas that are known here counts as used, so that an arena that is not is kept whole.

import type { Kernel } from "../core/kernel.js";
import { RECORD_RATIO } from "../core/rv32-frame.js";
import * as Layout from "../generated/layout.js";

/** A range of addresses. */
export interface Range {
  readonly at: number;
  /** Bytes. */
  readonly size: number;
}

/**
 * What says how much of an arena is in use: a word or a byte of the kernel's; the host, which knows how much text
 * programs have; or nothing, because what it holds is nobody's.
 */
export type Counter = "word" | "byte" | "text" | "none";

/** An arena that may be in use in part only: from its start on. */
export interface Arena extends Range {
  readonly counter: Counter;
  /** The address of the kernel's. */
  readonly counterAt: number;
  /** Unless the counter is 0, so many bytes for each that it counts, and `base`, are in use. */
  readonly unit: number;
  readonly base: number;
}

/** Where the host has put guest programs. */
export interface TextMark {
  /** Guest address behind the last program's text. */
  readonly textNext: number;
}

const { Machine: M, MACHINE_ADDRESS } = Layout;
/** Bytes of a continuation (assembly/kern/cont.ts). */
const CONTINUATION_SIZE = 12;
/** At most so many threads have credentials and limits of their own. */
const SHARED_MAX = 65_536;
/** Slots whose summary is a byte: 64 a bit. */
const WHEEL_GROUP_SLOTS = 512;
/** A thread's rare part is at a quarter of its address. */
const RARE_SHIFT = 2;
/** Its letter is at a quarter, too, and the CPUs that it must not run on, 64 bits, at an eighth. */
const LETTER_SHIFT = 2;
const AFFINITY_SHIFT = 3;
const AFFINITY_SIZE = 8;
/** Bytes of the number of a thread's deadline (assembly/sys/deadline.ts). */
const DEADLINE_NUMBER_SIZE = 2;
/** Lists of letters hold addresses, and have two places per thread. */
const LETTER_PLACES = 2;
const LETTER_PLACE_SIZE = 4;
const STRING_PLACE_SIZE = 4;
const STATISTICS_SIZE = Layout.ThreadStats.size + 4 * Layout.STATS_BUCKETS;
const WHEEL_LEVELS = [
  { summary: Layout.CalloutWheel.cw_sum0, slots: Layout.WHEEL0_SLOTS },
  { summary: Layout.CalloutWheel.cw_sum1, slots: Layout.WHEEL1_SLOTS },
  { summary: Layout.CalloutWheel.cw_sum2, slots: Layout.WHEEL2_SLOTS },
] as const;

/** The used parts of the memory of one kernel. */
export class Arenas {
  /** Arenas in use up to a watermark, in the order of their addresses. */
  readonly partial: readonly Arena[];
  /** All else. */
  private readonly whole: readonly Range[];
  /** The watermarks: bytes in use of each partial arena, as {@link measure} found them. */
  readonly watermarks: Float64Array;

  constructor(
    private readonly kernel: Kernel,
    private readonly mark: TextMark,
  ) {
    this.partial = [
      ...this.threadArenas(),
      ...this.poolArenas(),
      ...this.letters(),
      ...this.wheels(),
      ...this.programArenas(),
    ].sort((a, b) => a.at - b.at);
    this.whole = this.between();
    this.watermarks = new Float64Array(this.partial.length);
  }

  /** Reads the watermarks into {@link watermarks}. */
  measure(): void {
    const { partial, watermarks } = this;
    partial.forEach((arena, i) => {
      watermarks[i] = this.usedOf(arena);
    });
  }

  /**
   * What is in use by these watermarks, in the order of the addresses; neighbours are one range, but for text
   * and what it was decoded to ({@link texts}).
   */
  ranges(watermarks: Float64Array, mergeGap: number): Range[] {
    const { texts } = this;
    const isText = ({ at }: Range) => texts.includes(at);
    const parts = this.partial.map(({ at }, i) => ({ at, size: watermarks[i] as number }));
    const sorted = [...this.whole, ...parts]
      .filter(({ size }) => size > 0)
      .sort((a, b) => a.at - b.at);
    const merged: { at: number; size: number }[] = [];
    for (const range of sorted) {
      const last = merged.at(-1);
      const isNear = last !== undefined && range.at - last.at - last.size <= mergeGap;
      if (isNear && !isText(range) && !isText(last)) {
        last.size = Math.max(last.size, range.at + range.size - last.at);
      } else merged.push({ ...range });
    }
    return merged;
  }

  /** Clears what is in use now, and was not by the watermarks that are given. */
  clearBeyond(watermarks: Float64Array, clear: (from: number, to: number) => void): void {
    this.partial.forEach((arena, i) => {
      const now = this.usedOf(arena);
      const then = watermarks[i] as number;
      if (now > then) clear(arena.at + then, arena.at + now);
    });
  }

  /** True if the kernel counts what an arena has in use. */
  isCounted(i: number): boolean {
    const counter = this.partial[i]?.counter;
    return counter === "word" || counter === "byte";
  }

  // ---- Arenas ----

  private word(address: number): number {
    return this.kernel.u32[address >>> 2] as number;
  }

  private field(name: keyof typeof M): number {
    return this.word(MACHINE_ADDRESS + M[name]);
  }

  /** Bytes that an arena has in use. */
  private usedOf({ counter, counterAt, size, unit, base }: Arena): number {
    const count = this.countOf(counter, counterAt);
    return count === 0 ? 0 : Math.min(size, count * unit + base);
  }

  private countOf(counter: Counter, at: number): number {
    switch (counter) {
      case "word":
        return this.word(at);
      case "byte":
        return this.kernel.u8[at] as number;
      case "text":
        return this.mark.textNext;
      default:
        return 0;
    }
  }

  /** An arena of which a field of the machine says how much is in use. */
  private counted(at: number, size: number, field: keyof typeof M, unit: number, base = 0): Arena {
    return { at, size, counter: "word", counterAt: MACHINE_ADDRESS + M[field], unit, base };
  }

  /** An arena of `count` structures of which those up to the field `next` were handed out. */
  private structures(at: number, size: number, next: keyof typeof M, count: number): Arena {
    return this.counted(at, count * size, next, size);
  }

  private threadArenas(): Arena[] {
    const { kernel } = this;
    const base = this.field("td_base");
    const count = this.field("td_count");
    const array = (at: number, size: number) => this.structures(at, size, "zone_next", count);
    const arenas = [
      array(base, Layout.Thread.size),
      array(kernel.frame(base), Layout.Frame.size),
      array(kernel.cold(base), Layout.ThreadCold.size),
      array((base >>> RARE_SHIFT) + this.field("rare_delta"), Layout.ThreadRare.size),
      array(this.field("kstack_base"), CONTINUATION_SIZE * kernel.config.kstackDepth),
    ];
    const high = this.field("high_delta");
    if (high !== 0) arenas.push(array(base + high, Layout.FrameHigh.size));
    const sched = this.field("sched_delta");
    if (sched !== 0) arenas.push(array(base + sched, Layout.ThreadSched.size));
    const tokens = this.field("tokens_base");
    if (tokens !== 0)
      arenas.push(array(tokens, Layout.ThreadTokens.size + 4 * Layout.LWKT_MAXTOKENS));
    arenas.push(array(this.field("dl_index"), DEADLINE_NUMBER_SIZE), this.deadlines());
    const statistics = this.field("stats_base");
    if (statistics !== 0) arenas.push(array(statistics, STATISTICS_SIZE));
    return arenas;
  }

  /** Deadlines: a part for each CPU, and then the structures, of which the first one is nobody's. */
  private deadlines(): Arena {
    const at = this.field("dl_base");
    const first = this.kernel.config.cpus * Layout.DlCpu.size + Layout.Deadline.size;
    const size = first + Layout.DL_MAX * Layout.Deadline.size;
    return this.counted(at, size, "dl_used", Layout.Deadline.size, first);
  }

  /** An arena whose watermark is an address. */
  private upTo(base: keyof typeof M, next: keyof typeof M, end: keyof typeof M): Arena {
    const at = this.field(base);
    return this.counted(at, this.field(end) - at, next, 1, -at);
  }

  /** The trace records that wait for the host: none, but after a panic. */
  get records(): Range {
    const { ktr_base, ktr_next } = M;
    const at = this.word(MACHINE_ADDRESS + ktr_base);
    return { at, size: this.word(MACHINE_ADDRESS + ktr_next) - at };
  }

  /** The trace buffer is nobody's while no records are in it: see {@link records}. */
  get scratch(): Range {
    const at = this.field("ktr_base");
    return { at, size: this.field("ktr_end") - at };
  }

  private traceBuffer(): Arena {
    return nobodys(this.scratch);
  }

  /** What a search keeps is no part of the machine. */
  private search(): Arena[] {
    const at = this.field("search_base");
    return at === 0 ? [] : [nobodys({ at, size: this.field("search_end") - at })];
  }

  private poolArenas(): Arena[] {
    const { maxproc } = this.kernel.config;
    return [
      this.upTo("chunk_base", "chunk_next", "chunk_end"),
      this.traceBuffer(),
      ...this.search(),
      this.upTo("kobj_base", "kobj_next", "kobj_end"),
      this.stringHash(),
      this.upTo("string_base", "string_next", "string_end"),
      this.structures(this.field("proc_base"), Layout.Proc.size, "proc_next", maxproc),
      ...this.sharedArenas(),
    ];
  }

  /** The hash of the strings of C programs: all of it, as soon as it has one. */
  private stringHash(): Arena {
    const size = (this.field("strhash_mask") + 1) * STRING_PLACE_SIZE;
    return this.counted(this.field("strhash_base"), size, "strhash_count", 0, size);
  }

  /** Credentials and limits: as many of each as there can be owners (assembly/kern/kern_cred.ts). */
  private sharedArenas(): Arena[] {
    const { maxproc, maxthread } = this.kernel.config;
    const count = maxproc + Math.min(maxthread, SHARED_MAX);
    return [
      this.structures(this.field("cred_base"), Layout.Ucred.size, "cred_next", count),
      this.structures(this.field("limit_base"), Layout.Plimit.size, "limit_next", count),
    ];
  }

  /** What the threads of several CPUs have in addition (assembly/sys/ipiq.ts). */
  private letters(): Arena[] {
    if (this.kernel.config.cpus === 1) return [];
    const base = this.field("td_base");
    const count = this.field("td_count");
    const array = (at: number, size: number) => this.structures(at, size, "zone_next", count);
    const list = (at: number, most: keyof typeof M): Arena => {
      const size = count * LETTER_PLACES * LETTER_PLACE_SIZE;
      return this.counted(at, size, most, LETTER_PLACE_SIZE);
    };
    return [
      array((base >>> LETTER_SHIFT) + this.field("letter_delta"), Layout.Letter.size),
      array((base >>> AFFINITY_SHIFT) + this.field("affinity_delta"), AFFINITY_SIZE),
      list(this.field("letters_new"), "letters_new_most"),
      list(this.field("letters_due"), "letters_due_most"),
    ];
  }

  /** The slots of the callout wheels, in groups: one without a bit in its level's summary is zero. */
  private wheels(): Arena[] {
    const arenas: Arena[] = [];
    for (let cpu = 0; cpu < this.kernel.config.cpus; cpu++) {
      const wheel = this.field("callwheel_base") + cpu * Layout.WHEEL_SIZE;
      let at = wheel + Layout.WHEEL_LISTS_OFFSET + Layout.ChunkLists.size;
      for (const { summary, slots } of WHEEL_LEVELS) {
        const groups = Math.ceil(slots / WHEEL_GROUP_SLOTS);
        for (let group = 0; group < groups; group++) {
          const size = WHEEL_GROUP_SLOTS * Layout.ChunkList.size;
          const counterAt = wheel + summary + group;
          arenas.push({ at, size, counter: "byte", counterAt, unit: 0, base: size });
          at += size;
        }
      }
    }
    return arenas;
  }

  /** Where guest text begins, and what it was decoded to. */
  get texts(): readonly number[] {
    return [this.field("decoded_base"), this.field("guest_base")];
  }

  /**
   * Of a machine for searches: how often text was decoded, whatever snapshots were put back meanwhile. Nothing else
   * changes text there, or what it was decoded to. 0 for other machines, which do not count.
   */
  get decodings(): number {
    const at = this.word(MACHINE_ADDRESS + M.search_base);
    return at === 0 ? 0 : this.word(at + Layout.Search.s_decodings);
  }

  /** Guest text and what it was decoded to. Guest data is in use as a whole. */
  private programArenas(): Arena[] {
    const { textMemory } = this.kernel.config;
    const array = (at: number, unit: number): Arena => {
      return { at, size: textMemory * unit, counter: "text", counterAt: 0, unit, base: 0 };
    };
    return [array(this.field("decoded_base"), RECORD_RATIO), array(this.field("guest_base"), 1)];
  }

  /** What lies between the partial arenas, from the machine structure to the end of the arenas. */
  private between(): Range[] {
    const cpus = this.kernel.globaldata(0);
    const cpusEnd = this.kernel.globaldata(this.kernel.config.cpus);
    const ranges: Range[] = [
      { at: MACHINE_ADDRESS, size: M.size },
      { at: cpus, size: cpusEnd - cpus },
    ];
    // Between the room for CPUs and the arenas lies what the compiler placed: texts, which nothing ever changes.
    let at = this.field("td_base");
    for (const arena of this.partial) {
      if (arena.at > at) ranges.push({ at, size: arena.at - at });
      at = arena.at + arena.size;
    }
    const end = this.field("arena_end");
    if (end > at) ranges.push({ at, size: end - at });
    return ranges;
  }
}

/** An arena that no snapshot keeps. */
function nobodys(range: Range): Arena {
  return { ...range, counter: "none", counterAt: 0, unit: 0, base: 0 };
}
