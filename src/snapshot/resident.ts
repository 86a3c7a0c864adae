// An image that the kernel of a machine for searches has a copy of, and puts back by itself: one call for each
// schedule (assembly/run/search_start.ts), whatever the number of its pieces.

import type { Kernel } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";
import type { Arena, Range } from "./arenas.js";

const { Search: S, SearchPiece: P, SearchArena: A } = Layout;

/** What the kernel is to put back. */
export interface Start {
  /** Ranges of memory, and the bytes of each. */
  readonly ranges: readonly Range[];
  readonly plain: readonly Uint8Array[];
  /** The arenas of which the kernel itself knows how much is in use, and how much was: beyond, all is zero. */
  readonly arenas: readonly Arena[];
  readonly watermarks: readonly number[];
}

/** Gives the kernel a copy; false if it has no room for that, or is not made for searches. */
export function makeResident(kernel: Kernel, start: Start): boolean {
  const at = kernel.machine("search_base");
  if (at === 0 || !fits(start)) return false;
  const field = (name: keyof typeof S) => kernel.read(at + S[name]);
  const set = (address: number, value: number) => {
    kernel.u32[address >>> 2] = value;
  };
  let to = field("s_image");
  for (const [i, { at, size }] of start.ranges.entries()) {
    const piece = field("s_pieces") + i * P.size;
    set(piece + P.sp_at, at);
    set(piece + P.sp_size, size);
    kernel.u8.set(start.plain[i] as Uint8Array, to);
    to += size;
  }
  for (const [i, arena] of start.arenas.entries()) {
    const entry = field("s_arenas") + i * A.size;
    set(entry + A.sa_at, arena.at);
    set(entry + A.sa_size, arena.size);
    set(entry + A.sa_counter, arena.counterAt);
    set(entry + A.sa_byte, arena.counter === "byte" ? 1 : 0);
    set(entry + A.sa_unit, arena.unit);
    set(entry + A.sa_base, arena.base);
    set(entry + A.sa_start, start.watermarks[i] as number);
  }
  set(at + S.s_piece_count, start.ranges.length);
  set(at + S.s_arena_count, start.arenas.length);
  return true;
}

function fits({ ranges, arenas }: Start): boolean {
  return (
    ranges.reduce((sum, { size }) => sum + size, 0) <= Layout.SEARCH_IMAGE_MAX &&
    ranges.length <= Layout.SEARCH_PIECES_MAX &&
    arenas.length <= Layout.SEARCH_ARENAS_MAX
  );
}
