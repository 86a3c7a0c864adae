// What a search for the schedule that fails keeps (run/search.ts): the schedule so far, what each thread does next,
// and which words of guest memory threads share. It lies in an arena of its own that belongs to no snapshot, so that
// going back to the start of a schedule leaves it as it is. The host reads it, and writes what it asks for, between
// two calls.

import { KASSERT } from "./kassert";
import { Machine, machine } from "./machine";
import {
  KEPT_THREADS_MAX,
  KEPT_WORDS_MAX,
  RACE_BYTES_MAX,
  RACE_CLOCKS_MAX,
  RACE_THREADS_MAX,
  SEARCH_ARENAS_MAX,
  SEARCH_CHANGES_MAX,
  SEARCH_DECISIONS_MAX,
  SEARCH_IMAGE_MAX,
  SEARCH_OPTIONS_MAX,
  SEARCH_PIECES_MAX,
  SEARCH_UNHEARD_MAX,
} from "./param";
import { Thread } from "./proc";

/** How the choices behind the end of the tape are made. */
export enum SearchBy {
  /** The first possibility. */
  FIRST = 0,
  /** Each as likely as the others. */
  RANDOM = 1,
  /** Random priorities that change at random decisions. */
  PCT = 2,
}

/** Why search_run returns. */
export enum SearchStop {
  /** Nothing can ever happen any more. */
  END = 1,
  /** st_td has a host body that has not begun: the host begins it and says what is next (search_next). */
  BEGIN = 2,
  /** It is the turn of st_td: the host performs the step of its body, and says what is next. */
  HOST = 3,
  /** Only if s_tells: st_td is to do its step next. */
  TELL = 4,
  /** s_steps_max is reached, or a step does not end. */
  STEPS = 5,
  /** A program has ended the run. */
  EXIT = 6,
  /** What can follow, other schedules have shown (s_reduces). */
  KNOWN = 7,
  /** Only if s_watches: a step is over. */
  STEP = 8,
  /** Two threads race for memory (s_race). */
  RACE = 9,
  /** All threads are before their first visible operations, which was asked for (search_prepare). */
  READY = 10,
}

// What a search chooses besides who runs next: bits of s_choices.
/** Whether the next timeout fires now, although threads can run. */
export const SEARCH_TIMEOUTS: u32 = 1;
/** When each CPU gets its messages. */
export const SEARCH_DELIVERY: u32 = 2;
/** Whether a call fails for want of something (ENOMEM, EAGAIN). */
export const SEARCH_FAILURES: u32 = 4;
/** What random() gives. */
export const SEARCH_RANDOM: u32 = 8;

/** What a thread does next. */
export enum Pending {
  /** It has to run to its next visible operation. */
  NONE = 0,
  /** A kernel call: sn_op is its number. */
  CALL = 1,
  /** Looks at a word, or an object of the host's. */
  LOOK = 2,
  /** Changes it. */
  CHANGE = 3,
  /** A choice of the test itself. */
  CHOICE = 4,
  /** What is left of a call that had blocked. */
  RESUME = 5,
  /** Its body is at its end. */
  RETURN = 6,
}

/** What a thread has done since another one had a step. */
export enum Turn {
  /** Anything; its last step was no yield. */
  GOES_ON = 0,
  /** It has just yielded: going on with another thread is no preemption. */
  YIELDED = 1,
  /** It has looked at something after a yield. */
  LOOKED = 2,
  /** It yields again after it looked, and nothing has changed: others are next. */
  SPINS = 3,
}

/** What happens without a thread has a number: that of a CPU that gets its messages, plus one, or this: time goes on. */
export const EVENT_TIME: u32 = 65;
/** Places behind those of the threads, for the events. */
const EVENT_PLACES: u32 = 66;

/** A decision of a schedule. */
@unmanaged
export class SearchDecision {
  sd_choice: u32;
  sd_count: u32;
  sd_skip: u64; //     possibilities that need not be tried (s_reduces)
}

/** A piece of the image of the start: where its bytes, which follow one another in s_image, belong. */
@unmanaged
export class SearchPiece {
  sp_at: usize;
  sp_size: u32;
}

/** An arena that is in use from its beginning on, as far as a counter says. */
@unmanaged
export class SearchArena {
  sa_at: usize;
  sa_size: u32;
  sa_counter: usize; // where the counter is,
  sa_byte: u32; //      1 = a byte, 0 = a word; if that is not 0,
  sa_unit: u32; //      so many bytes for each that it counts
  sa_base: u32; //      and these are in use
  sa_start: u32; //     bytes that were at the start
}

/** A wakeup that nobody slept for. */
@unmanaged
export class SearchUnheard {
  su_step: u32;
  su_channel: u32;
}

/** A word that was touched, and its entry of s_touch. */
@unmanaged
export class SearchTouched {
  sw_at: u32;
  sw_entry: u32;
}

/** How far the effects of a thread's next step reach. */
export enum Reach {
  /** Nobody else can tell, but for steps of which nothing is known. */
  LOCAL = 0,
  /** It looks at sn_object. */
  LOOKS = 1,
  /** To sn_object and sn_second. */
  OBJECTS = 2,
  /** Nothing is known about it. */
  ALL = 3,
}

/** What is known of the threads before a choice. */
export enum Settled {
  /** Nothing. */
  NONE = 0,
  /** Those that can run are s_ready, as before, and each is before a visible operation. */
  ALL = 1,
  /** The same, but that the one that has just made a call goes on first. */
  OTHERS = 2,
}

/** A thread of the test. */
@unmanaged
export class SearchThread {
  sn_number: u32; //   its place in the order in which they began, from 1 on; 0 = none of the test's
  sn_pending: u32; //  Pending
  sn_op: u32; //       number of the call, guest address, or object of the host's
  sn_reach: u32; //    Reach
  sn_object: u32; //   what the step is about,
  sn_second: u32; //   and what else, 0 = nothing
  sn_asleep: u32; //   1 = its next step need not be tried here (s_reduces)
  sn_host: u32; //     1 = its body is the host's
  sn_turn: u32; //     Turn
  sn_looks: u32; //    1 = its last step was a look
  sn_since: u32; //    the first of its last looks, or its last step if that was none
  sn_blocked: u32; //  when it went to sleep last
  sn_priority: i32; // of a PCT search; 0 = it has none yet
  sn_size: u32; //     bytes that it accesses next,
  sn_atomic: u32; //   and 1 if it does so atomically
  sn_acquire: u32; //  what orders it behind others when its call is over, 0 = nothing (run/search_race.ts)
  sn_waits: u32; //    1 = it waits for somebody in a call
}

@unmanaged
export class Search {
  // Where the arrays are.
  s_image: usize; //      u8[SEARCH_IMAGE_MAX]: the machine where schedules start (run/search_start.ts)
  s_pieces: usize; //     SearchPiece[SEARCH_PIECES_MAX]
  s_arenas: usize; //     SearchArena[SEARCH_ARENAS_MAX]
  s_threads: usize; //    SearchThread, by index
  s_tape: usize; //       SearchDecision[SEARCH_DECISIONS_MAX]
  s_changes: usize; //    u32[SEARCH_CHANGES_MAX]: decisions at which a PCT search changes priorities
  s_unheard: usize; //    SearchUnheard[SEARCH_UNHEARD_MAX], a ring
  s_ready: usize; //      Thread[SEARCH_OPTIONS_MAX]: who can run
  s_members: usize; //    Thread[SEARCH_OPTIONS_MAX]: the first s_living in the order in which they began
  s_options: usize; //    Thread[SEARCH_OPTIONS_MAX + EVENT_PLACES]
  s_touch: usize; //      u16 for each word of guest memory: who has touched it in this schedule
  s_touched: usize; //    u32 for each word: those that were touched
  s_shared: usize; //     u8 for each word: 1 = threads share it

  // What a search knows where schedules start, if that is behind what threads do before the first choice.
  s_kept: usize; //       SearchThread[KEPT_THREADS_MAX]
  s_kept_members: usize; // Thread[KEPT_THREADS_MAX]
  s_kept_words: usize; // SearchTouched[KEPT_WORDS_MAX]
  s_kept_places: u32;
  s_kept_living: u32;
  s_kept_begun: u32;
  s_kept_alone: u32;
  s_kept_count: u32; //   words
  s_prepared: u32; //     1 = schedules start there; the host says so
  s_prepares: u32; //     1 = search_run is to go on so far only

  s_piece_count: u32;
  s_arena_count: u32;
  s_decodings: u32; //    how often text was decoded: nothing else changes what it was decoded to

  // What the host asks for.
  s_by: u32; //           SearchBy
  s_prefix: u32; //       decisions of the tape that are made already
  s_random: i32; //       state of the random choices
  s_preemptions_max: u32;
  s_steps_max: u32;
  s_tells: u32; //        1 = return before each step
  s_reduces: u32; //      1 = leave out schedules that differ in the order of independent steps only
  s_watches: u32; //      1 = return after each step
  s_races: u32; //        1 = look for races
  s_choices: u32; //      SEARCH_TIMEOUTS and so on
  s_changes_count: u32;
  s_cut: u32; //          1 = some decision had fewer possibilities because of s_preemptions_max

  // The schedule so far.
  s_td: Thread; //        whose turn it is,
  s_event: u32; //        or what happens without a thread; 0 = nothing
  s_times: u32; //        how often time went on since a thread had a step,
  s_events: u64; //       and which CPUs got their messages
  s_saved: u32; //        what the machine had of what it is short of in a call (run/search_short.ts)
  s_saved_free: u32;
  s_count: u32; //        threads of s_ready,
  s_settled: u32; //      and what has happened since: Settled
  s_last: Thread; //      whose turn it was last
  s_in_a_row: u32; //     steps that it had since
  s_begun: u32; //        threads of the test so far,
  s_living: u32; //       and those that have not ended
  s_crowded: u32; //      1 = they have been too many for s_members
  s_places: u32; //       places of s_threads that they have had
  s_decisions: u32;
  s_steps: u32;
  s_preemptions: u32;
  s_lowest: i32; //       lowest priority of a PCT search
  s_stage: u32; //        SearchStage
  s_unheard_count: u32;
  s_known: u32; //        1 = what can follow, other schedules have shown

  // The emulated CPU.
  s_granted: usize; //    the thread that may do its visible operation
  s_op: u32; //           the operation before which it has stopped: Pending,
  s_op_word: u32; //      its sn_op,
  s_op_second: u32; //    the second word that it touches, 0 = none,
  s_op_size: u32; //      how many bytes,
  s_op_atomic: u32; //    and 1 if it is an atomic one
  s_touched_count: u32;
  s_learned: u32; //      words that threads share, so far
  s_alone: u32; //        1 = only one thread with a body has existed in this schedule

  // Races (run/search_race.ts).
  s_clocks: usize; //     u32[RACE_THREADS_MAX] of each thread: which steps of the others are before its own
  s_sync: usize; //       RaceClock[RACE_CLOCKS_MAX], a hash of what orders threads
  s_sync_used: usize; //  u32[RACE_CLOCKS_MAX]: those in use
  s_sync_count: u32;
  s_access: usize; //     RaceAccess[RACE_BYTES_MAX], a hash of the bytes that threads share
  s_access_used: usize; // u32[RACE_BYTES_MAX]: those in use
  s_access_count: u32;
  s_actor: u32; //        number of the thread that had the last step; RACE_NOBODY, RACE_EVERYBODY
  s_raced: u32; //        1 = two threads race:
  s_race_word: u32; //    for this word,
  s_race_wrote: u32; //   1 = the earlier access was a write,
  s_race_first: Thread; // by this thread,
  s_race_step: u32; //    in this step, counted from 0;
  s_race_second: Thread; // and this is the other one,
  s_race_writes: u32; //  1 = which writes
  s_tds: usize; //        Thread[RACE_THREADS_MAX], by their numbers
}

/** What orders threads: who leaves it orders whoever comes to it later behind all that he did. */
@unmanaged
export class RaceClock {
  rc_key: u32; //  its address, 0 = free
  rc_clock: u32; // the first of RACE_THREADS_MAX
}

/** A byte that threads share. */
@unmanaged
export class RaceAccess {
  ra_key: u32; //    its address, 0 = free
  ra_atomic: u32; // 1 = atomics access it, too
  ra_writer: u32; // number of the thread that wrote it last, 0 = none,
  ra_time: u32; //   on that thread's clock,
  ra_step: u32; //   and the step
  ra_reads: u32; //  the first of RACE_THREADS_MAX RaceLooks: each thread's last look
}

/** A look at such a byte. */
@unmanaged
export class RaceLook {
  rl_time: u32; // on the thread's clock,
  rl_step: u32; // and the step
}

/** Bytes of a RaceClock with its times, and of a RaceAccess with its looks. */
export const RACE_CLOCK_SIZE: u32 =
  <u32>offsetof<RaceClock>("rc_clock") + RACE_THREADS_MAX * <u32>sizeof<u32>();
export const RACE_ACCESS_SIZE: u32 =
  <u32>offsetof<RaceAccess>("ra_reads") + RACE_THREADS_MAX * <u32>offsetof<RaceLook>();

/** Where search_run goes on. */
export enum SearchStage {
  /** Before a choice. */
  CHOOSE = 0,
  /** Behind a step that the host has performed. */
  PERFORMED = 1,
  /** Before the step that was told. */
  TOLD = 2,
  /** Before the first choice, up to which it is to go on. */
  PREPARE = 3,
}

// An entry of s_touch: the index of the thread plus one, and
export const TOUCH_THREAD: u16 = 0x3fff;
export const TOUCH_WRITTEN: u16 = 0x4000; // somebody has written the word,
export const TOUCH_SEVERAL: u16 = 0x8000; // more than one thread has touched it

/** Bytes of the arena. */
export function search_bytes(threads: u64, guest_size: u32): u64 {
  return (
    SEARCH_HEAD +
    <u64>SEARCH_IMAGE_MAX +
    <u64>SEARCH_PIECES_MAX * offsetof<SearchPiece>() +
    <u64>SEARCH_ARENAS_MAX * offsetof<SearchArena>() +
    <u64>SEARCH_DECISIONS_MAX * offsetof<SearchDecision>() +
    <u64>(3 * SEARCH_OPTIONS_MAX + EVENT_PLACES) * sizeof<usize>() +
    <u64>SEARCH_CHANGES_MAX * sizeof<u32>() +
    <u64>SEARCH_UNHEARD_MAX * offsetof<SearchUnheard>() +
    (threads + EVENT_PLACES) * offsetof<SearchThread>() +
    <u64>KEPT_THREADS_MAX * (offsetof<SearchThread>() + sizeof<usize>()) +
    <u64>KEPT_WORDS_MAX * offsetof<SearchTouched>() +
    RACE_BYTES +
    <u64>words_of(guest_size) * (sizeof<u32>() + sizeof<u16>() + sizeof<u8>())
  );
}

/** Bytes of what a search for races keeps. */
const RACE_BYTES: u64 =
  <u64>RACE_THREADS_MAX * (RACE_THREADS_MAX + 1) * sizeof<u32>() +
  <u64>RACE_CLOCKS_MAX * (RACE_CLOCK_SIZE + sizeof<u32>()) +
  <u64>RACE_BYTES_MAX * (RACE_ACCESS_SIZE + sizeof<u32>());

/** Words of guest memory that arrays have a place for: one that is not whole, at the end, counts, and so does the next. */
function words_of(guest_size: u32): usize {
  return <usize>guest_size / sizeof<u32>() + 2;
}

/** Bytes of the Search at the arena's start, in whole cache lines with some to spare. */
const SEARCH_HEAD: u64 = 512;
if (offsetof<Search>() > <usize>SEARCH_HEAD) ERROR("SEARCH_HEAD is smaller than struct search");

/** Lays out the arrays, what is aligned to more first: search_bytes says how much they are all together. */
export function search_init(m: Machine): void {
  const s = search();
  const words = words_of(m.guest_size);
  s.s_image = m.search_base + <usize>SEARCH_HEAD;
  s.s_tape = s.s_image + <usize>SEARCH_IMAGE_MAX;
  s.s_unheard = s.s_tape + <usize>SEARCH_DECISIONS_MAX * offsetof<SearchDecision>();
  s.s_pieces = s.s_unheard + <usize>SEARCH_UNHEARD_MAX * offsetof<SearchUnheard>();
  s.s_arenas = s.s_pieces + <usize>SEARCH_PIECES_MAX * offsetof<SearchPiece>();
  s.s_ready = s.s_arenas + <usize>SEARCH_ARENAS_MAX * offsetof<SearchArena>();
  s.s_members = s.s_ready + <usize>SEARCH_OPTIONS_MAX * sizeof<usize>();
  s.s_options = s.s_members + <usize>SEARCH_OPTIONS_MAX * sizeof<usize>();
  s.s_changes = s.s_options + <usize>(SEARCH_OPTIONS_MAX + EVENT_PLACES) * sizeof<usize>();
  s.s_threads = s.s_changes + <usize>SEARCH_CHANGES_MAX * sizeof<u32>();
  s.s_kept = s.s_threads + <usize>(m.td_count + EVENT_PLACES) * offsetof<SearchThread>();
  s.s_kept_members = s.s_kept + <usize>KEPT_THREADS_MAX * offsetof<SearchThread>();
  s.s_kept_words = s.s_kept_members + <usize>KEPT_THREADS_MAX * sizeof<usize>();
  s.s_clocks = s.s_kept_words + <usize>KEPT_WORDS_MAX * offsetof<SearchTouched>();
  s.s_tds = s.s_clocks + <usize>RACE_THREADS_MAX * RACE_THREADS_MAX * sizeof<u32>();
  s.s_sync = s.s_tds + <usize>RACE_THREADS_MAX * sizeof<usize>();
  s.s_sync_used = s.s_sync + <usize>RACE_CLOCKS_MAX * RACE_CLOCK_SIZE;
  s.s_access = s.s_sync_used + <usize>RACE_CLOCKS_MAX * sizeof<u32>();
  s.s_access_used = s.s_access + <usize>RACE_BYTES_MAX * RACE_ACCESS_SIZE;
  s.s_touched = s.s_access_used + <usize>RACE_BYTES_MAX * sizeof<u32>();
  s.s_touch = s.s_touched + words * sizeof<u32>();
  s.s_shared = s.s_touch + words * sizeof<u16>();
  if (INVARIANTS)
    KASSERT(s.s_shared + words <= m.search_end, "search_init: the arena is too small");
}

export function search(): Search {
  return changetype<Search>(machine().search_base);
}

export function search_thread(index: u32): SearchThread {
  return changetype<SearchThread>(search().s_threads + <usize>index * offsetof<SearchThread>());
}

/** What an event has in the place of a thread's. */
export function search_event(event: u32): SearchThread {
  return search_thread(machine().td_count + event);
}

/** True for what stands for an event where threads stand. */
export function is_event(td: Thread): bool {
  return changetype<usize>(td) <= EVENT_TIME;
}
