// Thread ids: which are in use, and which thread has one (kern_thread.c 229-288, 1721-1824).
//
// The bitmap of ids in use has three levels of 64-bit words: a bit of one level is set while its word in the
// level below is full. A search that finds nothing in its first word climbs; if nothing is free up to the end
// it descends once from the top to the lowest free id. The ids handed out are those of the original's search
// through a flat bitmap.
//
// The original's hash consists of lists whose order can be observed, with one rule that depends on a thread's
// place: "more than 16 in front: move it to the head" (1754). Here there are no lists. Threads enter a list
// only at its head, so each one that does gets a higher stamp than all others of its bucket, and the order of
// a list is that of the stamps. tid_index leads from an id to its thread and stamp, and a bucket keeps its
// newest stamps, of which the seventeenth decides the rule. When so many threads have left that fewer are
// known, the bucket is gathered again from its ids, about once per dozen departures. Rejected: real lists,
// which cost a lookup five cache lines of other threads.

import { panic } from "../env";
import { curthread } from "../sys/globaldata";
import { KTR_THREAD, Ktr, ktr } from "../sys/ktr";
import { machine } from "../sys/machine";
import { NO_PID, TID_STAMPS } from "../sys/param";
import { PRS, Thread } from "../sys/proc";
import { cold, is_td, no_td, td_at } from "../sys/thread";
import { TID_BUCKET_SHIFT, TID_STAMPS_OFFSET, TidBucket, TidEntry } from "../sys/tid";

// ---- The bitmap ----

const FULL: u64 = ~(<u64>0);

/** Words of a level with a bit for each of `n`. */
function words_for(n: u32): u32 {
  return (n + 63) >> 6;
}

function word_at(level: usize, index: u32): usize {
  return level + <usize>index * sizeof<u64>();
}

/**
 * Bytes of the bitmap for `maxthread` ids: the bits, the summary with a word beyond for a search that
 * starts there, and the top with a word beyond that ends every search.
 */
export function tid_bitmap_bytes(maxthread: u32): usize {
  const bits = words_for(maxthread);
  const summary = words_for(bits);
  return <usize>(bits + summary + 1 + words_for(summary) + 1) * sizeof<u64>();
}

/** Bytes of the index from ids to threads. */
export function tid_index_bytes(maxthread: u32): usize {
  return <usize>maxthread * offsetof<TidEntry>();
}

/** Lays out the levels in the zeroed arena; bits without an id count as used. */
export function tid_init(): void {
  const m = machine();
  const bits = words_for(m.maxthread);
  const summary = words_for(bits);
  m.tid_tops = words_for(summary);
  m.tid_high = bits - 1;
  m.tid_summary = word_at(m.tid_bitmap, bits);
  m.tid_top = word_at(m.tid_summary, summary + 1);
  level_end(m.tid_bitmap, m.maxthread);
  level_end(m.tid_summary, bits);
  store<u64>(word_at(m.tid_summary, summary), FULL);
  level_end(m.tid_top, summary);
}

/** Marks the bits beyond `n` in a level's last word. */
function level_end(level: usize, n: u32): void {
  if ((n & 63) != 0) store<u64>(word_at(level, n >> 6), FULL << (n & 63));
}

/** The first word of level 0 that is not full, from `next` on, else from 0; there must be one. */
function tid_word_next(next: u32): u32 {
  const m = machine();
  if (next > m.tid_high) return tid_word_lowest();
  let index = next >> 6;
  let free = ~load<u64>(word_at(m.tid_summary, index)) & (FULL << (next & 63));
  if (free == 0) {
    index = tid_summary_next(index + 1);
    if (index >> 6 == m.tid_tops) {
      m.tid_high = next - 1;
      return tid_word_lowest();
    }
    free = ~load<u64>(word_at(m.tid_summary, index));
  }
  return (index << 6) + <u32>ctz<u64>(free);
}

/** The same, starting one level higher. */
function tid_summary_next(next: u32): u32 {
  const m = machine();
  let index = next >> 6;
  let free = ~load<u64>(word_at(m.tid_top, index)) & (FULL << (next & 63));
  while (free == 0) free = ~load<u64>(word_at(m.tid_top, ++index));
  return (index << 6) + <u32>ctz<u64>(free);
}

/** The first word of level 0 that is not full; there must be one. */
function tid_word_lowest(): u32 {
  const m = machine();
  if (load<u64>(word_at(m.tid_bitmap, m.tid_low)) != FULL) return m.tid_low;
  const index = tid_summary_next(0);
  if (index >> 6 == m.tid_tops) panic("unexpectedly ran out of IDs");
  const free = ~load<u64>(word_at(m.tid_summary, index));
  m.tid_low = (index << 6) + <u32>ctz<u64>(free);
  return m.tid_low;
}

/** A word of level 0 has become full: updates the levels above. */
function tid_word_full(index: u32): void {
  const m = machine();
  const at = word_at(m.tid_summary, index >> 6);
  const word = load<u64>(at) | ((<u64>1) << (index & 63));
  store<u64>(at, word);
  if (word != FULL) return;
  const top = word_at(m.tid_top, index >> 12);
  store<u64>(top, load<u64>(top) | ((<u64>1) << ((index >> 6) & 63)));
}

/** A word of level 0 is no longer full. */
function tid_word_freed(index: u32): void {
  const m = machine();
  if (index < m.tid_low) m.tid_low = index;
  if (index > m.tid_high) m.tid_high = index;
  const at = word_at(m.tid_summary, index >> 6);
  const word = load<u64>(at);
  store<u64>(at, word & ~((<u64>1) << (index & 63)));
  if (word != FULL) return;
  const top = word_at(m.tid_top, index >> 12);
  store<u64>(top, load<u64>(top) & ~((<u64>1) << ((index >> 6) & 63)));
}

/** Takes the next free thread id after the last one taken, wrapping around (229). There must be one. */
export function tid_alloc(): i32 {
  const m = machine();
  let start = <u32>m.trytid;
  if (start >= <u32>m.maxthread) start = 0;
  let index = start >> 6;
  let used = load<u64>(word_at(m.tid_bitmap, index));
  let free = ~used & (FULL << (start & 63));
  if (free == 0) {
    index = tid_word_next(index + 1);
    used = load<u64>(word_at(m.tid_bitmap, index));
    free = ~used;
  }
  used |= free & -free;
  store<u64>(word_at(m.tid_bitmap, index), used);
  if (used == FULL) tid_word_full(index);
  const tid = <i32>((index << 6) + <u32>ctz<u64>(free));
  m.trytid = tid + 1;
  if ((m.ktr_mask & KTR_THREAD) != 0) return tid_alloc_traced();
  return tid + NO_PID;
}

/**
 * Traces the id that was taken last and returns it; apart from tid_alloc so that the id stays in a register
 * without a trace.
 */
function tid_alloc_traced(): i32 {
  const m = machine();
  ktr(KTR_THREAD, Ktr.TIDSET, m.trytid - 1 + NO_PID);
  return m.trytid - 1 + NO_PID;
}

/** Frees a thread id (269). */
export function tid_free(rtid: i32): void {
  const m = machine();
  const tid = <u32>(rtid - NO_PID);
  if (tid >= <u32>m.maxthread) tid_free_panic(rtid);
  const at = word_at(m.tid_bitmap, tid >> 6);
  const word = load<u64>(at);
  const bit = (<u64>1) << (tid & 63);
  if ((word & bit) == 0) tid_free_panic(rtid);
  store<u64>(at, word ^ bit);
  if (word == FULL) tid_word_freed(tid >> 6);
  ktr(KTR_THREAD, Ktr.TIDCLEAR, rtid);
}

/** The KASSERTs of tid_free. */
function tid_free_panic(rtid: i32): void {
  if (rtid < NO_PID) panic("tid_free_locked: invalid tid %d\n", rtid);
  panic("thread ID %d not allocated\n", rtid);
}

/** Frees `n` thread ids at once (278). */
export function tid_free_batch(batch: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) tid_free(load<i32>(batch + <usize>i * sizeof<i32>()));
}

// ---- The hash ----

/** A thread with no more than this many others in front of it stays where it is when it is found (1735). */
const RUN_THRESH: u32 = 16;
/** All stamps are below this. */
const STAMP_END: u32 = u32.MAX_VALUE;

/** Buckets of the hash: the largest power of two not above maxproc / 2 (579). */
function tidhash_buckets(maxproc: u32): u32 {
  const elements = maxproc >> 1;
  return elements == 0 ? 1 : (<u32>1) << (31 - clz<u32>(elements));
}

/** Bytes of the hash. */
export function tidhash_bytes(maxproc: u32): usize {
  return (<usize>tidhash_buckets(maxproc)) << TID_BUCKET_SHIFT;
}

/** Bytes of the buckets' limits. */
export function tidhash_limit_bytes(maxproc: u32): usize {
  return <usize>tidhash_buckets(maxproc) * sizeof<u32>();
}

/** Sets the sizes of the hash and of its locks (579-582). */
export function tidhash_init(): void {
  const m = machine();
  m.tidhash_mask = tidhash_buckets(m.maxproc) - 1;
  m.tidhashlock = (m.tidhash_mask + 1) >> 6;
  if (m.tidhashlock > 0) m.tidhashlock--;
}

function bucket_of(tid: i32): TidBucket {
  const m = machine();
  return changetype<TidBucket>(
    m.tidhash_base + ((<usize>(<u32>tid & m.tidhash_mask)) << TID_BUCKET_SHIFT),
  );
}

/** Address of a bucket's limit: a lookup does not move threads with this stamp or a higher one. */
function limit_at(b: TidBucket): usize {
  const m = machine();
  return (
    m.tidhash_limits +
    ((changetype<usize>(b) - m.tidhash_base) >> (TID_BUCKET_SHIFT - alignof<u32>()))
  );
}

/** The limit of the bucket of an id. */
function limit_of(tid: i32): u32 {
  const m = machine();
  return load<u32>(m.tidhash_limits + <usize>(<u32>tid & m.tidhash_mask) * sizeof<u32>());
}

function entry_at(index: u32): TidEntry {
  return changetype<TidEntry>(machine().tid_index + <usize>index * offsetof<TidEntry>());
}

function entry_of(tid: i32): TidEntry {
  return entry_at(<u32>(tid - NO_PID));
}

/** Address of the `n`th stamp that a bucket knows; the 0th is the oldest. */
function stamp_at(b: TidBucket, n: u32): usize {
  return changetype<usize>(b) + TID_STAMPS_OFFSET + <usize>n * sizeof<u32>();
}

/** Enters a thread under its id, as the first of its list (1809). */
export function tidhash_add(td: Thread): void {
  const tid = cold(td).td_tid;
  const b = bucket_of(tid);
  const e = entry_of(tid);
  if (e.te_stamp != 0) bucket_forget(b, e.te_stamp); // an id that was freed too early
  e.te_thread = td;
  bucket_push(b, e);
}

/** Takes a thread out of its list (1817). */
export function tidhash_remove(td: Thread): void {
  const tid = cold(td).td_tid;
  const e = entry_of(tid);
  if (e.te_thread != td) return; // its id was freed too early
  bucket_forget(bucket_of(tid), e.te_stamp);
  e.te_thread = no_td();
  e.te_stamp = 0;
}

/** Gives a thread the newest stamp of its bucket. */
function bucket_push(b: TidBucket, e: TidEntry): void {
  if (b.thb_stamp == STAMP_END - 1) bucket_renumber(b);
  if (b.thb_known == TID_STAMPS) bucket_drop(b);
  const stamp = ++b.thb_stamp;
  const known = b.thb_known;
  e.te_stamp = stamp;
  store<u32>(stamp_at(b, known), stamp);
  b.thb_known = known + 1;
  bucket_limit(b);
}

/** Makes room in a full bucket: the newest sixteen and the coming one still decide the limit. */
function bucket_drop(b: TidBucket): void {
  const to = stamp_at(b, 0);
  const from = stamp_at(b, TID_STAMPS - RUN_THRESH);
  for (let i: usize = 0; i < <usize>RUN_THRESH * sizeof<u32>(); i += sizeof<u64>()) {
    store<u64>(to + i, load<u64>(from + i));
  }
  b.thb_known = RUN_THRESH;
}

/** Computes the limit of a bucket from the stamps that it knows. */
function bucket_limit(b: TidBucket): void {
  const known = b.thb_known;
  const first: u32 = known > RUN_THRESH ? known - 1 - RUN_THRESH : 0;
  store<u32>(limit_at(b), known != 0 ? load<u32>(stamp_at(b, first)) : STAMP_END);
}

/** Removes a stamp that no thread has any more. */
function bucket_forget(b: TidBucket, stamp: u32): void {
  const known = b.thb_known - 1;
  if (known == u32.MAX_VALUE || stamp < load<u32>(stamp_at(b, 0))) return;
  b.thb_known = known;
  let at = stamp_at(b, known);
  let newer = load<u32>(at);
  while (newer != stamp) {
    at -= sizeof<u32>();
    const older = load<u32>(at);
    store<u32>(at, newer);
    newer = older;
  }
  bucket_limit(b);
}

/**
 * Moves a thread whose stamp is below the limit to the head of its list: more than 16 are in front of it, if
 * the bucket knows enough stamps. This is the usual case, of a thread that was not looked up recently.
 */
function bucket_move(b: TidBucket, e: TidEntry): void {
  const known = b.thb_known;
  const stamp = b.thb_stamp + 1;
  if (
    known - RUN_THRESH - 1 < TID_STAMPS - RUN_THRESH - 1 &&
    stamp != STAMP_END &&
    e.te_stamp < load<u32>(stamp_at(b, 0))
  ) {
    e.te_stamp = stamp;
    b.thb_stamp = stamp;
    b.thb_known = known + 1;
    store<u32>(stamp_at(b, known), stamp);
    store<u32>(limit_at(b), load<u32>(stamp_at(b, known - RUN_THRESH)));
  } else {
    bucket_move_slow(b, e);
  }
}

/** The same in all other cases. It calls itself so that no compiler inlines it. */
function bucket_move_slow(b: TidBucket, e: TidEntry): void {
  if (b.thb_known > RUN_THRESH) {
    bucket_forget(b, e.te_stamp);
    e.te_stamp = 0; // left out when stamps are gathered or renumbered
    bucket_push(b, e);
    return;
  }
  bucket_gather(b);
  if (e.te_stamp < load<u32>(limit_at(b))) bucket_move_slow(b, e);
}

/**
 * The thread with id `tid`, of process `pid` unless that is -1; null if there is none, or if its process is
 * not complete yet (1775). A thread far back in its list moves to the head (1732), except for the current
 * thread, which the original finds without the hash.
 */
export function tdfind(tid: i32, pid: i32): Thread {
  const m = machine();
  if (<u32>(tid - NO_PID) >= <u32>m.maxthread) return tdfind_self(tid, pid);
  const e = entry_of(tid);
  const td = e.te_thread;
  if (!is_td(td) || m.tid_care != 0) return tdfind_self(tid, pid);
  if (pid != -1 && td.td_proc.p_pid != pid) return no_td();
  if (e.te_stamp < limit_of(tid) && td != curthread()) bucket_move(bucket_of(tid), e);
  return td;
}

/** The same step by step, for ids without a thread in the hash and while tid_care is set. */
function tdfind_self(tid: i32, pid: i32): Thread {
  const cur = curthread();
  if (changetype<usize>(cur.td_proc) != 0 && cold(cur).td_tid == tid) {
    return pid != -1 && cur.td_proc.p_pid != pid ? no_td() : cur;
  }
  if (<u32>(tid - NO_PID) >= <u32>machine().maxthread) return no_td();
  const e = entry_of(tid);
  const td = e.te_thread;
  if (!is_td(td)) return td;
  if (cold(td).td_tid != tid) return no_td(); // freed, or reused
  if (pid != -1 && td.td_proc.p_pid != pid) return no_td();
  if (e.te_stamp < limit_of(tid)) bucket_move_slow(bucket_of(tid), e);
  return td.td_proc.p_state == PRS.NEW ? no_td() : td;
}

/** True while the thread is in the hash. */
export function tidhash_contains(td: Thread): bool {
  const tid = cold(td).td_tid;
  if (<u32>(tid - NO_PID) >= <u32>machine().maxthread) return false;
  return entry_of(tid).te_thread == td;
}

// ---- Rarely needed: all ids of a bucket ----

/** Index of the bucket's highest id, below 0 if it has none; its ids are a hash size apart. */
function bucket_last(b: TidBucket): i32 {
  const m = machine();
  const bucket = <u32>((changetype<usize>(b) - m.tidhash_base) >> TID_BUCKET_SHIFT);
  const last = <u32>(NO_PID + m.maxthread - 1);
  return m.maxthread - 1 - <i32>((last - bucket) & m.tidhash_mask);
}

/**
 * Collects the newest stamps of a bucket. Ids and stamps mostly rise together, so the highest ids come first.
 */
function bucket_gather(b: TidBucket): void {
  const step = <i32>machine().tidhash_mask + 1;
  let known: u32 = 0;
  for (let i = bucket_last(b); i >= 0; i -= step) {
    const stamp = entry_at(i).te_stamp;
    if (stamp == 0) continue;
    if (known == TID_STAMPS) {
      if (stamp < load<u32>(stamp_at(b, 0))) continue;
      for (let n: u32 = 1; n < known; n++)
        store<u32>(stamp_at(b, n - 1), load<u32>(stamp_at(b, n)));
      known--;
    }
    stamp_insert(b, known++, stamp);
  }
  b.thb_known = known;
  bucket_limit(b);
}

/** Inserts a stamp among the first `known`, in order. */
function stamp_insert(b: TidBucket, known: u32, stamp: u32): void {
  let at = stamp_at(b, known);
  for (; known != 0; known--) {
    const newer = load<u32>(at - sizeof<u32>());
    if (newer < stamp) break;
    store<u32>(at, newer);
    at -= sizeof<u32>();
  }
  store<u32>(at, stamp);
}

/**
 * Renumbers the stamps of a bucket from 1 in their order, once in four thousand million insertions. While it
 * sorts, te_thread links the entries, and the nth word of the known stamps is a sorted list of 2^n entries,
 * or 0.
 */
function bucket_renumber(b: TidBucket): void {
  const step = <i32>machine().tidhash_mask + 1;
  memory.fill(stamp_at(b, 0), 0, <usize>TID_STAMPS * sizeof<u32>());
  for (let i = bucket_last(b); i >= 0; i -= step) {
    const e = entry_at(i);
    if (e.te_stamp == 0) continue;
    e.te_thread = no_td();
    let list = e;
    let bin = stamp_at(b, 0);
    for (; load<usize>(bin) != 0; bin += sizeof<u32>()) {
      list = entries_merge(list, load<TidEntry>(bin));
      store<usize>(bin, 0);
    }
    store<TidEntry>(bin, list);
  }
  let list = changetype<TidEntry>(0);
  for (let n: u32 = 0; n < TID_STAMPS; n++) {
    list = entries_merge(list, load<TidEntry>(stamp_at(b, n)));
  }
  b.thb_stamp = 0;
  while (changetype<usize>(list) != 0) {
    list.te_stamp = ++b.thb_stamp;
    list = entry_link(list);
  }
  bucket_reload(b);
  bucket_gather(b);
}

/** The next entry of such a linked list. */
function entry_link(e: TidEntry): TidEntry {
  return changetype<TidEntry>(e.te_thread);
}

/** Merges two sorted lists, the lowest stamp first. */
function entries_merge(a: TidEntry, b: TidEntry): TidEntry {
  let head = changetype<TidEntry>(0);
  let last = head;
  while (changetype<usize>(a) != 0 && changetype<usize>(b) != 0) {
    let next = a;
    if (a.te_stamp < b.te_stamp) {
      a = entry_link(a);
    } else {
      next = b;
      b = entry_link(b);
    }
    if (changetype<usize>(head) == 0) head = next;
    else last.te_thread = changetype<Thread>(next);
    last = next;
  }
  const rest = changetype<usize>(a) != 0 ? a : b;
  if (changetype<usize>(head) == 0) return rest;
  last.te_thread = changetype<Thread>(rest);
  return head;
}

/** Restores the threads of a bucket's entries, by looking at all threads. */
function bucket_reload(b: TidBucket): void {
  const m = machine();
  for (let i: u32 = 0; i < m.td_count; i++) {
    const td = td_at(i);
    const tid = cold(td).td_tid;
    if (<u32>(tid - NO_PID) >= <u32>m.maxthread || bucket_of(tid) != b) continue;
    const e = entry_of(tid);
    if (e.te_stamp != 0) e.te_thread = td;
  }
}
