// The way back to where schedules start. The host gives the kernel the image of that once (src/snapshot/resident.ts):
// a search goes back more than a hundred thousand times a second, and a copy from the host's memory costs more than
// most pieces of the image take.

import { SearchArena, SearchPiece, search } from "../sys/search";

/** Puts the machine back to its start: clears what arenas have in use beyond it, and copies the image. */
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
