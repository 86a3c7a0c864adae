// The tokens of lwkt-modern, and each thread's references to them (kern/lwkt_tokref.ts). LWKT's own are in
// sys/kobj.ts.
//
// A reference is one word: the token's address, whose low bits are free, and REF_*. A thread's references are
// in an array behind its ThreadTokens, in the order in which they were taken.

import { KOBJ_SIZE, LwktToken } from "./kobj";
import { machine } from "./machine";
import { LWKT_MAXTOKENS } from "./param";
import { Thread } from "./proc";
import { td_index } from "./thread";

// tk_count: these bits, and TOK_INCR for each reference that shares it.
/** A thread owns it exclusively. */
export const TOK_EXCLUSIVE: u32 = 1;
/** A thread waits for exclusive ownership: new readers wait. */
export const TOK_EXCLREQ: u32 = 2;
export const TOK_INCR: u32 = 4;

// Bits of a reference.
/**
 * Wants exclusive ownership. Without it: shares the token with other threads, or with an earlier reference of
 * its own thread.
 */
export const REF_EXCLUSIVE: u32 = 1;
/** The token was given up since it was acquired, or last asked about. */
export const REF_LOST: u32 = 2;
const REF_BITS: u32 = <u32>KOBJ_SIZE - 1;

@unmanaged
export class Token {
  ko_kind: u32; //       KOBJ_TOKEN
  tk_count: u32; //      TOK_*
  tk_ref: usize; //      t_ref: address of the reference that owns it exclusively, 0 = none
  tk_collisions: u32; // t_collisions: failed attempts to acquire it
}

/** A pool token: a token of either kind, and its place in the tree. */
@unmanaged
export class PoolToken extends LwktToken {
  pt_place: u32; //  0 to LWKT_POOL_TOKENS - 1
  pt_zero: usize; // subtree of the places with a 0 in the bit that its depth stands for
  pt_one: usize; //  and of those with a 1
}

if (offsetof<PoolToken>() > KOBJ_SIZE) ERROR("KOBJ_SIZE: a token of the pool is larger");
if (offsetof<PoolToken>("pt_place") < offsetof<Token>())
  ERROR("struct token is larger than lwkt's");

/** A thread's token references. Key: the thread while it runs, and the CPU that switches to or from it. */
@unmanaged
export class ThreadTokens {
  tt_count: u32; // references
  tt_have: u32; //  how many of them, from the first on, hold their tokens: none while it does not run
}

/** Bytes of one thread's references. */
const THREAD_TOKENS_SIZE: usize = offsetof<ThreadTokens>() + <usize>LWKT_MAXTOKENS * sizeof<u32>();

/** Bytes of those of `n` threads. */
export function tokens_bytes(n: u64): u64 {
  return n * THREAD_TOKENS_SIZE;
}

/** The references of a thread. */
export function td_tokens(td: Thread): ThreadTokens {
  return changetype<ThreadTokens>(machine().tokens_base + <usize>td_index(td) * THREAD_TOKENS_SIZE);
}

/** Address of reference `i` of a thread; `i` may be one past the last. */
export function token_ref(tt: ThreadTokens, i: u32): usize {
  return changetype<usize>(tt) + offsetof<ThreadTokens>() + <usize>i * sizeof<u32>();
}

/** The token of a reference. */
export function token_of(ref: u32): Token {
  return changetype<Token>(ref & ~REF_BITS);
}
