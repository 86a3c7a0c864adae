// Thread ids: which are in use, and which thread has one (kern_thread.c 229-288, 1721-1824).
//
// The bitmap of ids in use is a hierarchy of 64-bit words: a bit of level n + 1 is set while the word of
// level n below it is full. The next free id at or after any other is found by climbing until there is
// one and descending again, a few instructions at any fill; the ids handed out are those of the
// original's search through a flat bitmap.
//
// The hash is kept as the original's lists, whose order can be observed, but nobody walks them: tid_index
// leads from an id to its thread. The one rule that depends on a thread's place in its list, "more than
// 16 in front: move it to the head" (1754), is decided by stamps: insertion is at the head only, so a
// list is sorted by the stamps of insertion, and each bucket points to its seventeenth thread.

import { curthread } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { KTR_THREAD, Ktr, ktr } from "../sys/ktr";
import { machine } from "../sys/machine";
import { NO_PID } from "../sys/param";
import { PRS, Thread } from "../sys/proc";
import { cold, is_td, no_td } from "../sys/thread";
import { TID_BITMAP_HEAD, TidBitmap, TidBucket } from "../sys/tid";

// ---- The bitmap ----

/** Most levels: 64^5 ids are more than memory holds. */
const TID_LEVELS: u32 = 5;

const LEVEL_OFFSET: usize = offsetof<TidBitmap>("tb_base0");

function level_base(level: u32): usize {
  return load<u32>(machine().tid_bitmap + LEVEL_OFFSET + ((<usize>level) << 3));
}

function level_words(level: u32): u32 {
  return load<u32>(machine().tid_bitmap + LEVEL_OFFSET + ((<usize>level) << 3), 4);
}

/** Bytes of the bitmap for `maxthread` ids. */
export function tid_bitmap_bytes(maxthread: u32): usize {
  let bytes = TID_BITMAP_HEAD;
  let bits = maxthread;
  do {
    bits = (bits + 63) >> 6;
    bytes += (<usize>bits) << 3;
  } while (bits > 1);
  return bytes;
}

/** Bytes of the index from ids to threads. */
export function tid_index_bytes(maxthread: u32): usize {
  return (<usize>maxthread) << 2;
}

/** Lays out the levels in the zeroed arena; bits that stand for no id count as used. */
export function tid_init(): void {
  const m = machine();
  const map = changetype<TidBitmap>(m.tid_bitmap);
  let at = m.tid_bitmap + TID_BITMAP_HEAD;
  let bits = <u32>m.maxthread;
  let level: u32 = 0;
  do {
    const words = (bits + 63) >> 6;
    const entry = m.tid_bitmap + LEVEL_OFFSET + ((<usize>level) << 3);
    store<u32>(entry, <u32>at);
    store<u32>(entry, words, 4);
    const rest = bits & 63;
    if (rest != 0) store<u64>(at + ((<usize>(words - 1)) << 3), ~(<u64>0) << rest);
    at += (<usize>words) << 3;
    bits = words;
    level++;
  } while (bits > 1);
  if (INVARIANTS) KASSERT(level <= TID_LEVELS, "tid_init: %d levels", level);
  map.tb_levels = level;
}

/** The first free bit at or after `start`, or -1 (bit_ffc_at). */
export function tid_ffc_at(start: i32): i32 {
  const levels = changetype<TidBitmap>(machine().tid_bitmap).tb_levels;
  let index = <u32>start;
  let level: u32 = 0;
  for (;;) {
    const word = index >> 6;
    if (word >= level_words(level)) return -1;
    const used = load<u64>(level_base(level) + ((<usize>word) << 3));
    const free = ~used & (~(<u64>0) << (index & 63));
    if (free != 0) {
      index = (word << 6) + <u32>ctz<u64>(free);
      break;
    }
    level++;
    if (level == levels) return -1;
    index = word + 1;
  }
  while (level != 0) {
    level--;
    const used = load<u64>(level_base(level) + ((<usize>index) << 3));
    index = (index << 6) + <u32>ctz<u64>(~used);
  }
  return <i32>index;
}

/** The word of level 0 that holds the bit of an id. */
function word_of(tid: u32): usize {
  return level_base(0) + ((<usize>(tid >> 6)) << 3);
}

function tid_set(tid: i32): void {
  const at = word_of(tid);
  const word = load<u64>(at) | ((<u64>1) << (tid & 63));
  store<u64>(at, word);
  if (word == ~(<u64>0)) levels_set(<u32>tid >> 6);
  ktr(KTR_THREAD, Ktr.TIDSET, tid + NO_PID);
}

function tid_clear(tid: i32): void {
  const at = word_of(tid);
  const word = load<u64>(at);
  store<u64>(at, word & ~((<u64>1) << (tid & 63)));
  if (word == ~(<u64>0)) levels_clear(<u32>tid >> 6);
  ktr(KTR_THREAD, Ktr.TIDCLEAR, tid + NO_PID);
}

/** Word `index` of level 0 is full: so it is at the level above, and so on up. */
function levels_set(index: u32): void {
  const levels = changetype<TidBitmap>(machine().tid_bitmap).tb_levels;
  for (let level: u32 = 1; level < levels; level++) {
    const at = level_base(level) + ((<usize>(index >> 6)) << 3);
    const word = load<u64>(at) | ((<u64>1) << (index & 63));
    store<u64>(at, word);
    if (word != ~(<u64>0)) break;
    index >>= 6;
  }
}

/** Word `index` of level 0 is no longer full. */
function levels_clear(index: u32): void {
  const levels = changetype<TidBitmap>(machine().tid_bitmap).tb_levels;
  for (let level: u32 = 1; level < levels; level++) {
    const at = level_base(level) + ((<usize>(index >> 6)) << 3);
    const word = load<u64>(at);
    store<u64>(at, word & ~((<u64>1) << (index & 63)));
    if (word != ~(<u64>0)) break;
    index >>= 6;
  }
}

/** True while `rtid` is in use. */
function tid_allocated(rtid: i32): bool {
  const tid = <u32>(rtid - NO_PID);
  if (tid >= <u32>machine().maxthread) return false;
  return ((load<u64>(word_of(tid)) >> (tid & 63)) & 1) != 0;
}

/** The first free bit from `start` on, or from 0 on; there must be one. */
function tid_next(start: i32): i32 {
  let tid = tid_ffc_at(start);
  if (tid == -1) {
    KASSERT(start != 0, "unexpectedly ran out of IDs");
    tid = tid_ffc_at(0);
    KASSERT(tid != -1, "unexpectedly ran out of IDs");
  }
  return tid;
}

/** Takes the next free thread id after the last one taken, wrapping (229). There must be one. */
export function tid_alloc(): i32 {
  const m = machine();
  let start = m.trytid;
  if (start >= m.maxthread) start = 0;
  const free = ~load<u64>(word_of(start)) & (~(<u64>0) << (start & 63));
  const tid = free != 0 ? (start & ~63) + <i32>ctz<u64>(free) : tid_next(start);
  tid_set(tid);
  m.trytid = tid + 1;
  return tid + NO_PID;
}

/** Gives a thread id back (269). */
export function tid_free(rtid: i32): void {
  KASSERT(rtid >= NO_PID, "tid_free_locked: invalid tid %d\n", rtid);
  KASSERT(tid_allocated(rtid), "thread ID %d not allocated\n", rtid);
  tid_clear(rtid - NO_PID);
}

/** Gives `n` thread ids back at once (278). */
export function tid_free_batch(batch: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) tid_free(load<i32>(batch + ((<usize>i) << 2)));
}

// ---- The hash ----

/** Threads in front of which a found thread stays where it is (1735). */
const RUN_THRESH: u32 = 16;

const BUCKET_SHIFT: usize = 4;

/** Buckets of the hash: the largest power of two that is not above maxproc / 2 (579). */
export function tidhash_buckets(maxproc: u32): u32 {
  const elements = maxproc >> 1;
  return elements == 0 ? 1 : (<u32>1) << (31 - clz<u32>(elements));
}

/** Bytes of the hash. */
export function tidhash_bytes(maxproc: u32): usize {
  return (<usize>tidhash_buckets(maxproc)) << BUCKET_SHIFT;
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
    m.tidhash_base + ((<usize>(<u32>tid & m.tidhash_mask)) << BUCKET_SHIFT),
  );
}

/** First thread of bucket `index` (taken modulo the size), for whoever looks at chains. */
export function tidhash_first(index: u32): Thread {
  return bucket_of(index).thb_head;
}

/** Makes a thread known by its id: it becomes the first of its list (1809). */
export function tidhash_add(td: Thread): void {
  const c = cold(td);
  bucket_insert(bucket_of(c.td_tid), td);
  store<u32>(index_at(c.td_tid), changetype<u32>(td));
}

/** Takes a thread out of its list (1817). */
export function tidhash_remove(td: Thread): void {
  const c = cold(td);
  bucket_remove(bucket_of(c.td_tid), td);
  store<u32>(index_at(c.td_tid), 0);
}

function index_at(tid: i32): usize {
  return machine().tid_index + ((<usize>(tid - NO_PID)) << 2);
}

function bucket_insert(b: TidBucket, td: Thread): void {
  if (b.thb_stamp == u32.MAX_VALUE) bucket_renumber(b);
  const c = cold(td);
  const head = b.thb_head;
  c.td_hash_stamp = ++b.thb_stamp;
  c.td_hash_next = head;
  c.td_hash_prev = no_td();
  if (is_td(head)) cold(head).td_hash_prev = td;
  b.thb_head = td;
  b.thb_count++;
  if (is_td(b.thb_seventeenth)) b.thb_seventeenth = cold(b.thb_seventeenth).td_hash_prev;
  else if (b.thb_count > RUN_THRESH) b.thb_seventeenth = bucket_walk(td, RUN_THRESH);
}

function bucket_remove(b: TidBucket, td: Thread): void {
  const c = cold(td);
  const next = c.td_hash_next;
  const prev = c.td_hash_prev;
  const last = b.thb_seventeenth;
  if (is_td(last) && c.td_hash_stamp >= cold(last).td_hash_stamp) {
    b.thb_seventeenth = cold(last).td_hash_next;
  }
  if (is_td(next)) cold(next).td_hash_prev = prev;
  if (is_td(prev)) cold(prev).td_hash_next = next;
  else b.thb_head = next;
  b.thb_count--;
}

/** The thread `steps` places behind `td`. */
function bucket_walk(td: Thread, steps: u32): Thread {
  while (steps-- != 0) td = cold(td).td_hash_next;
  return td;
}

/** Gives the list small stamps again: once in four thousand million insertions. */
function bucket_renumber(b: TidBucket): void {
  let stamp = b.thb_count;
  b.thb_stamp = stamp;
  for (let td = b.thb_head; is_td(td); td = cold(td).td_hash_next) cold(td).td_hash_stamp = stamp--;
}

/** Looks a thread id up in the hash alone, moving what stood far behind to the head (1732). */
function tdfind_hash(tid: i32, pid: i32): Thread {
  if (<u32>(tid - NO_PID) >= <u32>machine().maxthread) return no_td();
  const td = changetype<Thread>(load<u32>(index_at(tid)));
  if (!is_td(td)) return td;
  if (pid != -1 && td.td_proc.p_pid != pid) return no_td();
  const b = bucket_of(tid);
  const last = b.thb_seventeenth;
  if (is_td(last) && cold(td).td_hash_stamp < cold(last).td_hash_stamp) {
    bucket_remove(b, td);
    bucket_insert(b, td);
  }
  return td;
}

/**
 * The thread with id `tid`, of process `pid` unless that is -1; null if there is none, or if its process
 * is not complete yet (1775).
 */
export function tdfind(tid: i32, pid: i32): Thread {
  const cur = curthread();
  if (changetype<usize>(cur.td_proc) != 0 && cold(cur).td_tid == tid) {
    return pid != -1 && cur.td_proc.p_pid != pid ? no_td() : cur;
  }
  const td = tdfind_hash(tid, pid);
  if (is_td(td) && td.td_proc.p_state == PRS.NEW) return no_td();
  return td;
}

/** True while the hash has the thread. */
export function tidhash_contains(td: Thread): bool {
  const tid = cold(td).td_tid;
  if (<u32>(tid - NO_PID) >= <u32>machine().maxthread) return false;
  return load<u32>(index_at(tid)) == changetype<u32>(td);
}
