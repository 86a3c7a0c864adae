// Returning to the start of schedules. The host hands the kernel the image of that state once
// (src/snapshot/resident.ts): a search returns to it more than a hundred thousand times a second, and copying
// from the host's memory would cost more than most pieces of the image take.
//
// Before the first choice of a schedule each thread runs to its first visible operation, which is the same in
// every schedule. So schedules start after that if possible; what the search itself knows by then is kept
// here.

import { KEPT_THREADS_MAX, KEPT_WORDS_MAX } from "../sys/param";
import {
  Search,
  SearchArena,
  SearchPiece,
  SearchThread,
  SearchTouched,
  search,
} from "../sys/search";

/** Restores the machine's start state: clears what arenas use beyond it, and copies the image. */
export function search_restart(): void {
  const s = search();
  for (let i: u32 = 0; i < s.s_arena_count; i++) {
    const arena = changetype<SearchArena>(s.s_arenas + <usize>i * offsetof<SearchArena>());
    const used = used_of(arena);
    const start = arena.sa_start;
    if (used > start) memory.fill(arena.sa_at + <usize>start, 0, <usize>(used - start));
  }
  let from = s.s_image;
  for (let i: u32 = 0; i < s.s_piece_count; i++) {
    const piece = changetype<SearchPiece>(s.s_pieces + <usize>i * offsetof<SearchPiece>());
    memory.copy(piece.sp_at, from, piece.sp_size);
    from += piece.sp_size;
  }
}

/** Bytes that an arena has in use now. */
function used_of(arena: SearchArena): u32 {
  const counter = arena.sa_counter;
  const count = arena.sa_byte != 0 ? <u32>load<u8>(counter) : load<u32>(counter);
  if (count == 0) return 0;
  return <u32>(
    min<u64>(arena.sa_size, <u64>count * arena.sa_unit + <u64>(<i64>(<i32>arena.sa_base)))
  );
}

/**
 * Keeps what the search knows of the threads; false if that is too much, or if it cannot be kept in this kind
 * of search.
 */
export function search_keep(s: Search): bool {
  if (s.s_races != 0 || s.s_crowded != 0) return false;
  if (s.s_places > KEPT_THREADS_MAX || s.s_touched_count > KEPT_WORDS_MAX) return false;
  s.s_kept_places = s.s_places;
  s.s_kept_living = s.s_living;
  s.s_kept_begun = s.s_begun;
  s.s_kept_alone = s.s_alone;
  s.s_kept_count = s.s_touched_count;
  memory.copy(s.s_kept, s.s_threads, <usize>s.s_places * offsetof<SearchThread>());
  memory.copy(s.s_kept_members, s.s_members, <usize>s.s_living * sizeof<usize>());
  for (let i: u32 = 0; i < s.s_touched_count; i++) {
    const word = kept_word(s, i);
    word.sw_at = load<u32>(s.s_touched + <usize>i * sizeof<u32>());
    word.sw_entry = load<u16>(s.s_touch + <usize>word.sw_at * sizeof<u16>());
  }
  return true;
}

/** Begins a schedule in the state that search_keep kept. */
export function search_resume(s: Search): void {
  s.s_places = s.s_kept_places;
  s.s_living = s.s_kept_living;
  s.s_begun = s.s_kept_begun;
  s.s_alone = s.s_kept_alone;
  s.s_touched_count = s.s_kept_count;
  memory.copy(s.s_threads, s.s_kept, <usize>s.s_kept_places * offsetof<SearchThread>());
  memory.copy(s.s_members, s.s_kept_members, <usize>s.s_kept_living * sizeof<usize>());
  for (let i: u32 = 0; i < s.s_kept_count; i++) {
    const word = kept_word(s, i);
    store<u32>(s.s_touched + <usize>i * sizeof<u32>(), word.sw_at);
    store<u16>(s.s_touch + <usize>word.sw_at * sizeof<u16>(), <u16>word.sw_entry);
  }
}

function kept_word(s: Search, i: u32): SearchTouched {
  return changetype<SearchTouched>(s.s_kept_words + <usize>i * offsetof<SearchTouched>());
}
