// State of a search for a failing schedule (run/search.ts): the schedule so far, what each thread does next,
// and which words of guest memory threads share. It is in an arena that belongs to no snapshot, so that going
// back to the start of a schedule does not change it. The host reads it, and writes its requests, between two
// calls.

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
import { Frame, FrameHigh, Thread } from "./proc";

/** How choices beyond the end of the tape are made. */
export enum SearchBy {
  /** The first option. */
  FIRST = 0,
  /** All options are equally likely. */
  RANDOM = 1,
  /** Random priorities that change at random decisions. */
  PCT = 2,
}

/** Why search_run returned. */
export enum SearchStop {
  /** Nothing can happen any more. */
  END = 1,
  /** st_td has a host body that has not begun: the host begins it and reports its next step (search_next). */
  BEGIN = 2,
  /** It is the turn of st_td: the host performs the step of its body and reports the next one. */
  HOST = 3,
  /** Only if s_tells: st_td is about to take its step. */
  TELL = 4,
  /** s_steps_max has been reached, or a step does not end. */
  STEPS = 5,
  /** A program has ended the run. */
  EXIT = 6,
  /** Other schedules have covered everything that can follow (s_reduces). */
  KNOWN = 7,
  /** Only if s_watches: a step is over. */
  STEP = 8,
  /** Two threads race for memory (s_race). */
  RACE = 9,
  /** All threads have reached their first visible operations, as requested (search_prepare). */
  READY = 10,
  /** All threads that can run go round in loops, and nothing will ever end these (run/search_loop.ts). */
  LOOPS = 11,
}

// What a search chooses besides the next thread: bits of s_choices.
/** Whether the next timeout fires while threads can run. */
export const SEARCH_TIMEOUTS: u32 = 1;
/** When each CPU receives its messages. */
export const SEARCH_DELIVERY: u32 = 2;
/** Whether a call fails for lack of a resource (ENOMEM, EAGAIN). */
export const SEARCH_FAILURES: u32 = 4;
/** The results of random(). */
export const SEARCH_RANDOM: u32 = 8;

/** What a thread does next. */
export enum Pending {
  /** Not known yet: it has to run to its next visible operation. */
  NONE = 0,
  /** A kernel call: sn_op is its number. */
  CALL = 1,
  /** Reads a word, or an object of the host's. */
  LOOK = 2,
  /** Writes it. */
  CHANGE = 3,
  /** A choice made by the test itself. */
  CHOICE = 4,
  /** Resumes a call that had blocked. */
  RESUME = 5,
  /** Its body ends. */
  RETURN = 6,
}

/** What a thread has done since another thread last took a step. */
export enum Turn {
  /** Anything, and its last step was not a yield. */
  GOES_ON = 0,
  /** Its last step was a yield: switching to another thread is no preemption. */
  YIELDED = 1,
  /** It has read something after a yield, or written atomically what was there already. */
  LOOKED = 2,
  /** It yields again after that, and nothing has changed: other threads go next. */
  SPINS = 3,
}

/**
 * Events, which happen without a thread, have numbers: 1 + the CPU that receives its messages, or this: time
 * advances.
 */
export const EVENT_TIME: u32 = 65;
/** Entries for events behind those of the threads. */
const EVENT_PLACES: u32 = 66;

/** One decision of a schedule. */
@unmanaged
export class SearchDecision {
  sd_choice: u32;
  sd_count: u32;
  sd_skip: u64; //     options that need not be tried (s_reduces)
}

/** A piece of the start image: where its bytes belong; the bytes of all pieces follow one another in s_image. */
@unmanaged
export class SearchPiece {
  sp_at: usize;
  sp_size: u32;
}

/** An arena that is in use from its beginning up to what a counter says. */
@unmanaged
export class SearchArena {
  sa_at: usize;
  sa_size: u32;
  sa_counter: usize; // address of the counter
  sa_byte: u32; //      1 = the counter is a byte, 0 = a word
  sa_unit: u32; //      if the counter is not 0: bytes in use for each unit that it counts
  sa_base: u32; //      plus this many
  sa_start: u32; //     bytes in use at the start
}

/** A wakeup without a sleeper. */
@unmanaged
export class SearchUnheard {
  su_step: u32;
  su_channel: u32;
}

/** A word that was touched, and its entry in s_touch. */
@unmanaged
export class SearchTouched {
  sw_at: u32;
  sw_entry: u32;
}

/** How far the effects of a thread's next step reach. */
export enum Reach {
  /** No other thread can notice, except by steps of which nothing is known. */
  LOCAL = 0,
  /** It reads sn_object. */
  LOOKS = 1,
  /** It affects sn_object and sn_second. */
  OBJECTS = 2,
  /** Nothing is known about it. */
  ALL = 3,
}

/** What is known of the threads before a choice. */
export enum Settled {
  /** Nothing. */
  NONE = 0,
  /** The threads that can run are still s_ready, and each has reached a visible operation. */
  ALL = 1,
  /** The same, except that the thread that has just made a call has to run on first. */
  OTHERS = 2,
}

/** A thread of the test. */
@unmanaged
export class SearchThread {
  sn_number: u32; //   its position in the order in which they began, from 1; 0 = not a thread of the test
  sn_pending: u32; //  Pending
  sn_op: u32; //       number of the call, guest address, or object of the host's
  sn_reach: u32; //    Reach
  sn_object: u32; //   what the step accesses
  sn_second: u32; //   what else it accesses, 0 = nothing
  sn_asleep: u32; //   1 = its next step need not be tried here (s_reduces)
  sn_host: u32; //     1 = it has a host body
  sn_turn: u32; //     Turn
  sn_looks: u32; //    1 = its last step was a read
  sn_since: u32; //    the first of its latest run of reads, or its last step if that was not a read
  sn_blocked: u32; //  when it last went to sleep
  sn_priority: i32; // its priority in a PCT search; 0 = none yet
  sn_size: u32; //     bytes that it accesses next
  sn_atomic: u32; //   1 = that access is atomic
  sn_reserves: u32; // 1 = it is lr.w or sc.w: what else its CPU does in between ends the reservation
  sn_fenced: u32; //   FENCED_ACQUIRE, FENCED_RELEASE: fences since its last visible operation; FENCED_BEFORE
  sn_acquire: u32; //  object that orders it behind others when its call returns, 0 = none (run/search_race.ts)
  sn_waits: u32; //    1 = it is waiting in a call for another thread
}

/**
 * A state to which a thread may come back, round by round (run/search_loop.ts). Its registers follow: a Frame, and a
 * FrameHigh.
 */
@unmanaged
export class SearchLoop {
  sl_version: u64; //     s_version at that time: what is here is of use while it is the same
  sl_pc: u32;
  sl_reservation: u32; // reserved address, if that matters
  sl_steps: u32; //       steps since then
  sl_limit: u32; //       steps after which a later state takes its place
  sl_spins: u32; //       1 = the thread has come back to such a state
}

@unmanaged
export class Search {
  // Addresses of the arrays.
  s_image: usize; //      u8[SEARCH_IMAGE_MAX]: the machine at the start of schedules (run/search_start.ts)
  s_pieces: usize; //     SearchPiece[SEARCH_PIECES_MAX]
  s_arenas: usize; //     SearchArena[SEARCH_ARENAS_MAX]
  s_threads: usize; //    SearchThread, by index
  s_loops: usize; //      SearchLoop and registers, by index
  s_tape: usize; //       SearchDecision[SEARCH_DECISIONS_MAX]
  s_changes: usize; //    u32[SEARCH_CHANGES_MAX]: decisions at which a PCT search changes priorities
  s_unheard: usize; //    SearchUnheard[SEARCH_UNHEARD_MAX], a ring
  s_ready: usize; //      Thread[SEARCH_OPTIONS_MAX]: threads that can run
  s_members: usize; //    Thread[SEARCH_OPTIONS_MAX]: the first s_living, in the order in which they began
  s_options: usize; //    Thread[SEARCH_OPTIONS_MAX + EVENT_PLACES]
  s_touch: usize; //      u16 for each word of guest memory: which threads have touched it in this schedule
  s_touched: usize; //    u32 for each word: list of the touched words
  s_shared: usize; //     u8 for each word: SHARED, WRITES and SHARED_ATOMIC_SHIFT

  // What is known at the start of schedules, if that lies behind what threads do before the first choice.
  s_kept: usize; //       SearchThread[KEPT_THREADS_MAX]
  s_kept_members: usize; // Thread[KEPT_THREADS_MAX]
  s_kept_words: usize; // SearchTouched[KEPT_WORDS_MAX]
  s_kept_places: u32;
  s_kept_living: u32;
  s_kept_begun: u32;
  s_kept_alone: u32;
  s_kept_count: u32; //   words kept
  s_prepared: u32; //     1 = schedules start there; set by the host
  s_prepares: u32; //     1 = search_run must go no further than that

  s_piece_count: u32;
  s_arena_count: u32;
  s_decodings: u32; //    how often text was decoded: nothing else changes decoded text

  // Requests of the host.
  s_by: u32; //           SearchBy
  s_prefix: u32; //       decisions of the tape that are already made
  s_random: i32; //       state of the generator of random choices
  s_preemptions_max: u32;
  s_steps_max: u32;
  s_tells: u32; //        1 = return before each step
  s_reduces: u32; //      1 = skip schedules that differ only in the order of independent steps
  s_watches: u32; //      1 = return after each step
  s_races: u32; //        1 = look for data races
  s_warms: u32; //        1 = learn which bytes atomics access
  s_choices: u32; //      what is searched besides threads: SEARCH_TIMEOUTS and so on
  s_changes_count: u32;
  s_cut: u32; //          1 = some decision had fewer options because of s_preemptions_max

  // The schedule so far.
  s_td: Thread; //        the thread whose turn it is,
  s_event: u32; //        or the event whose turn it is; 0 = none
  s_times: u32; //        how often time has advanced since a thread took a step
  s_events: u64; //       CPUs that have received their messages since then
  s_saved: u32; //        saved value of the resource that a call is to lack (run/search_short.ts)
  s_saved_free: u32;
  s_saved_kept: u32;
  s_saved_count: i32;
  s_count: u32; //        threads in s_ready
  s_settled: u32; //      Settled: what still holds of them
  s_last: Thread; //      the thread that had the last turn
  s_in_a_row: u32; //     steps that it has taken in a row
  s_begun: u32; //        threads of the test so far
  s_living: u32; //       of these, threads that have not ended
  s_crowded: u32; //      1 = at some time there were too many for s_members
  s_places: u32; //       entries of s_threads used so far
  s_decisions: u32;
  s_steps: u32;
  s_preemptions: u32;
  s_turn: u32; //         Turn of s_td before its step
  s_stage: u32; //        SearchStage
  s_unheard_count: u32;
  s_version: u64; //      of all that threads can see; never the same again after a change, in any schedule
  s_spun: u64; //         s_version when a thread was last found to spin
  s_known: u32; //        1 = other schedules have covered everything that can follow

  // The emulated CPU.
  s_granted: usize; //    the thread that may perform its visible operation
  s_op: u32; //           the operation before which it has stopped: Pending
  s_op_word: u32; //      its sn_op
  s_op_second: u32; //    the second word that it touches, 0 = none
  s_op_size: u32; //      bytes that it accesses
  s_op_atomic: u32; //    1 = it is atomic
  s_op_reserves: u32; //  1 = it is lr.w or sc.w
  s_touched_count: u32;
  s_learned: u32; //      words found to be shared so far
  s_learns: u32; //       Learns
  s_alone: u32; //        1 = only one thread with a body has existed in this schedule

  // Races (run/search_race.ts).
  s_clocks: usize; //     u32[RACE_THREADS_MAX] for each thread: steps of the others that happened before its own
  s_fence_clocks: usize; // two such clocks for each thread (run/search_race.ts)
  s_fenced: u32; //       1 = they are in use
  s_sync: usize; //       RaceClock[RACE_CLOCKS_MAX], a hash of the objects that order threads
  s_sync_used: usize; //  u32[RACE_CLOCKS_MAX]: the entries in use
  s_sync_count: u32;
  s_access: usize; //     RaceAccess[RACE_BYTES_MAX], a hash of the bytes that threads share
  s_access_used: usize; // u32[RACE_BYTES_MAX]: the entries in use
  s_access_count: u32;
  s_actor: u32; //        number of the thread that took the last step; RACE_NOBODY, RACE_EVERYBODY
  s_raced: u32; //        1 = a race was found
  s_race_word: u32; //    the word that is raced for
  s_race_wrote: u32; //   1 = the earlier access was a write
  s_race_first: Thread; // the thread of the earlier access
  s_race_step: u32; //    the step of that access, counted from 0
  s_race_second: Thread; // the other thread
  s_race_writes: u32; //  1 = the other thread writes
  s_tds: usize; //        Thread[RACE_THREADS_MAX], by number
}

/**
 * An object that orders threads: everything before a release of it happens before everything after a later
 * acquire.
 */
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
  ra_writer: u32; // number of the last thread that wrote it, 0 = none
  ra_time: u32; //   the time of that write on its thread's clock
  ra_step: u32; //   the step of that write
  ra_reads: u32; //  the first of RACE_THREADS_MAX RaceLooks: each thread's last read
}

/** A thread's last read of such a byte. */
@unmanaged
export class RaceLook {
  rl_time: u32; // the time on the thread's clock
  rl_step: u32; // the step
}

/** Bytes of a RaceClock with its times, and of a RaceAccess with its looks. */
export const RACE_CLOCK_SIZE: u32 =
  <u32>offsetof<RaceClock>("rc_clock") + RACE_THREADS_MAX * <u32>sizeof<u32>();
export const RACE_ACCESS_SIZE: u32 =
  <u32>offsetof<RaceAccess>("ra_reads") + RACE_THREADS_MAX * <u32>offsetof<RaceLook>();

/** Bits of an entry of s_shared: threads share the word. */
export const SHARED: u8 = 1;
/** Only while s_learns: the thread writes the word. */
export const WRITES: u8 = 2;
/** Four bits from this one on, for the bytes of a shared word: atomics access it. */
export const SHARED_ATOMIC_SHIFT: u32 = 4;

// Bits of sn_fenced.
/** A fence has delayed what follows until the loads before it were over. */
export const FENCED_ACQUIRE: u32 = 1;
/** A fence has delayed later stores until all accesses before it were over. */
export const FENCED_RELEASE: u32 = 2;
/** There has been one that releases before that. */
export const FENCED_BEFORE: u32 = 4;

/** What is learned from a thread that has come to no visible operation for long. */
export enum Learns {
  NOTHING = 0,
  /** Which words it writes. */
  WRITES = 1,
  /** The first word that it reads and does not write is taken to be shared. */
  READS = 2,
}

/** Where search_run resumes. */
export enum SearchStage {
  /** Before a choice. */
  CHOOSE = 0,
  /** After a step that the host has performed. */
  PERFORMED = 1,
  /** Before the step that was announced. */
  TOLD = 2,
  /** Preparing: it stops before the first choice. */
  PREPARE = 3,
}

// An entry of s_touch: the index of a thread plus one, and these bits.
export const TOUCH_THREAD: u16 = 0x3fff;
export const TOUCH_WRITTEN: u16 = 0x4000; // the word has been written
export const TOUCH_SEVERAL: u16 = 0x8000; // more than one thread has touched it

/** Bytes of a SearchLoop with its registers. */
const LOOP_SIZE: u32 =
  <u32>offsetof<SearchLoop>() + <u32>(offsetof<Frame>() + offsetof<FrameHigh>());

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
    threads * LOOP_SIZE +
    <u64>KEPT_THREADS_MAX * (offsetof<SearchThread>() + sizeof<usize>()) +
    <u64>KEPT_WORDS_MAX * offsetof<SearchTouched>() +
    RACE_BYTES +
    <u64>words_of(guest_size) * (sizeof<u32>() + sizeof<u16>() + sizeof<u8>())
  );
}

/** Bytes of the state of race detection. */
const RACE_BYTES: u64 =
  <u64>RACE_THREADS_MAX * (3 * RACE_THREADS_MAX + 1) * sizeof<u32>() +
  <u64>RACE_CLOCKS_MAX * (RACE_CLOCK_SIZE + sizeof<u32>()) +
  <u64>RACE_BYTES_MAX * (RACE_ACCESS_SIZE + sizeof<u32>());

/** Entries for words of guest memory: an incomplete word at the end counts, and so does cpu_word. */
function words_of(guest_size: u32): usize {
  return <usize>guest_size / sizeof<u32>() + 2;
}

/** Bytes of the Search at the arena's start, in whole cache lines with room to spare. */
const SEARCH_HEAD: u64 = 512;
if (offsetof<Search>() > <usize>SEARCH_HEAD) ERROR("SEARCH_HEAD is smaller than struct search");

/** Lays out the arrays, in order of alignment, largest first; search_bytes gives their total size. */
export function search_init(m: Machine): void {
  const s = search();
  const words = words_of(m.guest_size);
  s.s_image = m.search_base + <usize>SEARCH_HEAD;
  s.s_tape = s.s_image + <usize>SEARCH_IMAGE_MAX;
  s.s_loops = s.s_tape + <usize>SEARCH_DECISIONS_MAX * offsetof<SearchDecision>();
  s.s_unheard = s.s_loops + <usize>m.td_count * LOOP_SIZE;
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
  s.s_fence_clocks = s.s_clocks + <usize>RACE_THREADS_MAX * RACE_THREADS_MAX * sizeof<u32>();
  s.s_tds = s.s_fence_clocks + <usize>2 * RACE_THREADS_MAX * RACE_THREADS_MAX * sizeof<u32>();
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

/** The SearchLoop of a thread. */
export function search_loop(index: u32): SearchLoop {
  return changetype<SearchLoop>(search().s_loops + <usize>index * LOOP_SIZE);
}

/** The SearchThread that stands for an event. */
export function search_event(event: u32): SearchThread {
  return search_thread(machine().td_count + event);
}

/**
 * The entry of s_shared, behind those of guest memory, that stands for the CPUs that threads are on: 1 = it
 * matters to threads of the test on which CPU each of them is.
 */
function cpu_word(s: Search): usize {
  return s.s_shared + <usize>(machine().guest_size >> 2) + 1;
}

/** True if it is known that the CPUs of threads matter. */
export function search_sees_cpus(): bool {
  return load<u8>(cpu_word(search())) != 0;
}

/** A search with reduction has learned that the CPUs of threads matter. */
export function search_learn_cpus(): void {
  if (search_sees_cpus()) return;
  store<u8>(cpu_word(search()), 1);
  search().s_learned++;
}

/** True for a value of an array of threads that stands for an event. */
export function is_event(td: Thread): bool {
  return changetype<usize>(td) <= EVENT_TIME;
}
