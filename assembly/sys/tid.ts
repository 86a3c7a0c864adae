// Thread ids: the index from ids to threads, and the buckets of the hash (kern/kern_tid.ts). All under the
// tid hash lock.
import { TID_STAMPS } from "./param";
import { Thread } from "./proc";

/** The hash's entry of an id. */
@unmanaged
export class TidEntry {
  te_thread: Thread; // null = none
  te_stamp: u32; //     higher than those of the threads behind it in its list; 0 = none
}

/**
 * A list of the hash, 128 bytes: this head, then the newest stamps in the list, oldest first.
 *
 *  0        4        8
 * | stamp  | known  | 30 stamps ...
 */
@unmanaged
export class TidBucket {
  thb_stamp: u32; // of the latest insertion
  thb_known: u32; // number of stamps that follow
}

/** Size of a bucket with its stamps, as a shift. */
export const TID_BUCKET_SHIFT: usize = 7;
export const TID_STAMPS_OFFSET: usize = offsetof<TidBucket>();

if (TID_STAMPS_OFFSET + <usize>TID_STAMPS * sizeof<u32>() != (<usize>1) << TID_BUCKET_SHIFT) {
  ERROR("TID_STAMPS: a bucket is not what TID_BUCKET_SHIFT says");
}
