// The tokens of lwkt-modern, and what each thread has of them (kern/lwkt_tokref.ts). Those of lwkt are in sys/kobj.ts.
//
// A reference is a word: the token's address, whose low bits are free, and REF_*. A thread's stand in an array behind its
// ThreadTokens, in the order in which they were taken.

import { KOBJ_SIZE, LwktToken } from "./kobj";
import { machine } from "./machine";
import { LWKT_MAXTOKENS } from "./param";
import { Thread } from "./proc";
import { td_index } from "./thread";

// tk_count: these, and TOK_INCR for each reference that shares it.
/** A thread has it alone. */
export const TOK_EXCLUSIVE: u32 = 1;
/** A thread that found it taken wants it alone: new ones that would share it wait. */
export const TOK_EXCLREQ: u32 = 2;
export const TOK_INCR: u32 = 4;

// Bits of a reference.
/** Wants the token alone. Without it, shares the token, with others or with an earlier reference of its thread's. */
export const REF_EXCLUSIVE: u32 = 1;
/** The token was given up since it was taken, or asked about. */
export const REF_LOST: u32 = 2;
const REF_BITS: u32 = <u32>KOBJ_SIZE - 1;

@unmanaged
export class Token {
  ko_kind: u32; //       KOBJ_TOKEN
  tk_count: u32; //      TOK_*
  tk_ref: usize; //      t_ref: address of the reference that has it alone, 0 = none
  tk_collisions: u32; // t_collisions: how often it could not be had
}

/** One of them: a token of either kind, and its place. */
@unmanaged
export class PoolToken extends LwktToken {
  pt_place: u32; //  0 to LWKT_POOL_TOKENS - 1
  pt_zero: usize; // those below it whose places have a 0 where its depth in the tree says,
  pt_one: usize; //  and a 1
}

if (offsetof<PoolToken>() > KOBJ_SIZE) ERROR("KOBJ_SIZE: a token of the pool is larger");
if (offsetof<PoolToken>("pt_place") < offsetof<Token>())
  ERROR("struct token is larger than lwkt's");

/** What a thread has of tokens: its own, while it runs, and that of the CPU which switches to or from it. */
@unmanaged
export class ThreadTokens {
  tt_count: u32; // references
  tt_have: u32; //  how many of them, from the first one on, it has the tokens of: none while it does not run
}

/** Bytes of a thread's part. */
const THREAD_TOKENS_SIZE: usize = offsetof<ThreadTokens>() + <usize>LWKT_MAXTOKENS * sizeof<u32>();

/** Bytes for `n` threads. */
export function tokens_bytes(n: u64): u64 {
  return n * THREAD_TOKENS_SIZE;
}

/** A thread's part. */
export function td_tokens(td: Thread): ThreadTokens {
  return changetype<ThreadTokens>(machine().tokens_base + <usize>td_index(td) * THREAD_TOKENS_SIZE);
}

/** Where a thread's reference `i` is; `i` may be the one behind its last. */
export function token_ref(tt: ThreadTokens, i: u32): usize {
  return changetype<usize>(tt) + offsetof<ThreadTokens>() + <usize>i * sizeof<u32>();
}

/** The token of a reference. */
export function token_of(ref: u32): Token {
  return changetype<Token>(ref & ~REF_BITS);
}
