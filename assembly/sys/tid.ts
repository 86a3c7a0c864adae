// Thread ids: the index that leads from them to the threads, and the buckets of the hash
// (kern/kern_tid.ts).
import { Thread } from "./proc";

/** What the hash has under an id. */
@unmanaged
export class TidEntry {
  te_thread: Thread; // null if nothing
  te_stamp: u32; //     higher than those of the threads behind it in its list; 0 if nothing
}

/**
 * A list of the hash: 128 bytes, of which the rest are the newest stamps in it, the oldest of them first.
 *
 *  0        4        8
 * | stamp  | known  | 30 stamps ...
 */
@unmanaged
export class TidBucket {
  thb_stamp: u32; // of the newest insertion
  thb_known: u32; // stamps that follow
}

export const TID_BUCKET_SHIFT: usize = 7;
export const TID_STAMPS_OFFSET: usize = 8;
/** Stamps that a bucket has room for: 17 decide, and the others are there to be dropped or lost. */
export const TID_STAMPS: u32 = 30;
