// Thread ids: the head of the bitmap of those in use, and the buckets of the hash (kern/kern_tid.ts).
import { Thread } from "./proc";

/** Head of the bitmap: how many levels there are, then where each starts and how many words it has. */
@unmanaged
export class TidBitmap {
  tb_levels: u32;
  tb_pad: u32;
  tb_base0: u32; //  level 0: a bit an id, set while it is in use
  tb_words0: u32; // 64-bit words; the other levels follow in the same form
}

/** Bytes of the head, before level 0. */
export const TID_BITMAP_HEAD: usize = 64;

/** A list of the hash. */
@unmanaged
export class TidBucket {
  thb_head: Thread;
  thb_seventeenth: Thread; // the last thread that a lookup leaves where it is; null if there are fewer
  thb_count: u32;
  thb_stamp: u32; //          of the newest insertion
}
