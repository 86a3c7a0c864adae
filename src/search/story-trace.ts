// The story of a failing schedule as a Chrome trace. A step is a microsecond, so that step 7 begins at 7 us.
// Threads, locks and shared words have tracks: what a thread does and how long it waits, with arrows from who
// wakes it; who has a lock; what is in a word. The failure is an event at the end.

import { EventWriter, type Place, StepClock } from "../trace/events.js";
import { openTrace, type TraceTarget } from "../trace/file.js";
import type { LockState } from "./holders.js";
import type { Scene, WordValue } from "./teller.js";

/** What of a failing schedule its trace says besides the steps. */
export interface TraceAbout {
  readonly kind: string;
  readonly message: string;
  readonly tape: string;
  readonly preemptions: number;
  readonly seed: number;
  /** The machine's hash at the end. */
  readonly hash: string;
}

/** The viewers' processes. */
const THREADS = 1;
const LOCKS = 2;
const WORDS = 3;
const titles = { [THREADS]: "threads", [LOCKS]: "locks", [WORDS]: "shared words" };

/** A thread, from its last step on. */
interface Track {
  readonly place: Place;
  /** What it waits in since its last step, null if it does not. */
  waits: string | null;
  since: number;
  /** The step that has woken it, and its thread. */
  wakened: { readonly at: number; readonly by: Place } | null;
}

/**
 * The file of a story. It is tried at the beginning, so that one that cannot be made costs no time, and made at
 * the end, so that a search that is killed leaves nothing behind.
 */
export class StoryFile {
  /** @throws TraceError when the file cannot be made. */
  constructor(private readonly target: TraceTarget) {
    openTrace(target).abandon();
  }

  /**
   * Writes a story. `about` is null for a schedule that has not failed.
   *
   * @throws TraceError when the file cannot be written now.
   */
  write(scenes: readonly Scene[], about: TraceAbout | null): void {
    const file = openTrace(this.target);
    try {
      file.write(
        `{"displayTimeUnit":"ns","otherData":${JSON.stringify(about ?? {})},"traceEvents":[`,
      );
      const story = new StoryTrace(new EventWriter(file, new StepClock()));
      for (const [i, scene] of scenes.entries()) story.step(i + 1, scene);
      story.end(scenes.length + 1, about);
      file.write("\n]}\n");
      file.close();
    } catch (error) {
      file.abandon();
      throw error;
    }
  }
}

class StoryTrace {
  private readonly threads = new Map<string, Track>();
  private readonly locks = new Map<string, { readonly place: Place; from: number; text: string }>();
  private readonly words = new Map<string, number>();
  private readonly titled = new Set<number>();
  private arrows = 0;

  constructor(private readonly out: EventWriter) {}

  /** Writes a step, which begins at `at`. */
  step(at: number, { step, deed, cpu, waits, wakes, word, locks }: Scene): void {
    const track = this.trackOf(step.thread);
    this.endWait(track, at);
    const line = step.line === undefined ? {} : { line: step.line };
    const args = JSON.stringify({ step: at, ...(cpu === null ? {} : { cpu }), ...line });
    this.out.slice(track.place, at, at + 1, JSON.stringify(deed), args);
    if (track.wakened !== null) this.arrow(track.wakened, track.place, at);
    track.waits = waits ? `waits: ${deed}` : null;
    track.since = at + 1;
    track.wakened = null;
    for (const name of wakes) {
      const woken = this.trackOf(name);
      this.endWait(woken, at + 1);
      woken.wakened = { at, by: track.place };
    }
    if (word !== null) {
      this.count(0, word.before);
      this.count(at, word.after);
    }
    for (const lock of locks) this.hold(lock, at);
  }

  /** Ends all tracks, a little later than the last step, and says what the failure is. */
  end(at: number, about: TraceAbout | null): void {
    for (const track of this.threads.values()) this.endWait(track, at + 1);
    for (const lock of this.locks.values()) this.endHold(lock, at + 1);
    if (about === null) return;
    const { kind, message } = about;
    this.out.instant(at, `${kind}: ${message}`);
  }

  private trackOf(name: string): Track {
    const known = this.threads.get(name);
    if (known !== undefined) return known;
    const place = this.newPlace(THREADS, this.threads.size + 1, name);
    const track: Track = { place, waits: null, since: 0, wakened: null };
    this.threads.set(name, track);
    return track;
  }

  /** Names one of the viewers' processes, when it gets its first track. */
  private title(pid: keyof typeof titles): void {
    if (this.titled.has(pid)) return;
    this.titled.add(pid);
    const place = { pid, tid: 0 };
    this.out.metadata("process_name", place, { name: titles[pid] });
    this.out.metadata("process_sort_index", place, { sort_index: pid });
  }

  private newPlace(pid: keyof typeof titles, tid: number, name: string): Place {
    this.title(pid);
    const place = { pid, tid };
    this.out.metadata("thread_name", place, { name });
    this.out.metadata("thread_sort_index", place, { sort_index: tid });
    return place;
  }

  private endWait(track: Track, at: number): void {
    const { place, waits, since } = track;
    track.waits = null;
    if (waits !== null && at > since) this.out.slice(place, since, at, JSON.stringify(waits));
  }

  private arrow({ at, by }: { readonly at: number; readonly by: Place }, to: Place, now: number) {
    this.arrows++;
    this.out.arrowFrom(by, at, this.arrows);
    this.out.arrowTo(to, now, this.arrows);
  }

  /** What is in a word from a step on; the first value is that of the beginning. */
  private count(at: number, { name, value }: WordValue): void {
    const last = this.words.get(name);
    if (last === value || (at === 0 && last !== undefined)) return;
    this.words.set(name, value);
    this.title(WORDS);
    this.out.counter({ pid: WORDS, tid: 0 }, at, name, value);
  }

  private hold({ name, holders, isShared }: LockState, at: number): void {
    const known = this.locks.get(name);
    const place = known?.place ?? this.newPlace(LOCKS, this.locks.size + 1, name);
    if (known !== undefined) this.endHold(known, at);
    const how = isShared ? "shared by" : "held by";
    const text = holders.length === 0 ? "" : `${how} ${holders.join(", ")}`;
    this.locks.set(name, { place, from: at, text });
  }

  private endHold({ place, from, text }: { place: Place; from: number; text: string }, at: number) {
    if (text !== "") this.out.slice(place, from, at, JSON.stringify(text));
  }
}
