// The tokens of lwkt-modern (present-day DragonFly's lwkt_token.c): locks that a thread holds only while it runs.
//
// A token is held exclusively or shared by readers. A thread has a list of up to 32 references, which are
// released in reverse order. When it leaves its CPU it gives up all its tokens, and the switcher
// (lwkt_modern.ts) does not let it run again before it has them all; so no thread waits for a token in a
// queue, and tokens never deadlock. What tokens protect is therefore a thread's own only from one call that
// may block to the next; lwkt_regettoken tells whether they were given up in between.
//
// A thread that asks for a taken token leaves its CPU with the reference on its list, and stays runnable. One
// that wants exclusive ownership leaves a mark (TOK_EXCLREQ), which makes new readers wait unless they have
// other tokens already. In about one round out of as many as there are CPUs they ignore the mark, since the
// thread that left it may not come back (in the original: a time window for each CPU). A thread may acquire a token
// any number of times, but not exclusively while it shares it, which would wait for itself: a panic.
//
// Acquiring all or none is one step here: no other CPU interferes. So neither the original's second attempt,
// in the order of addresses, nor spinning with a growing pause would change the result.
//
// Rejected: lists of variable length, in cells of the kernel object arena. Acquiring a token could then fail.

import { curthread, mycpu } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { machine } from "../sys/machine";
import { LWKT_MAXTOKENS } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { TDB_TOKENS, Thread } from "../sys/proc";
import {
  REF_EXCLUSIVE,
  REF_LOST,
  ThreadTokens,
  TOK_EXCLREQ,
  TOK_EXCLUSIVE,
  TOK_INCR,
  Token,
  td_tokens,
  token_of,
  token_ref,
} from "../sys/token";
import { DONE, done } from "./cont";
import { lwkt_switch } from "./lwkt_thread";

/** True for a thread with token references, whether or not it holds the tokens now (TD_TOKS_HELD). */
export function has_tokens(td: Thread): bool {
  return (td.td_body & TDB_TOKENS) != 0;
}

/** True if one of the thread's references owns the token exclusively. */
function is_own(tt: ThreadTokens, tok: Token): bool {
  return tok.tk_ref >= token_ref(tt, 0) && tok.tk_ref < token_ref(tt, LWKT_MAXTOKENS);
}

/**
 * True if a new reader must wait for a thread that wants the token exclusively: it has no other token, and
 * its CPU's round has not come. Not in a search, which chooses who runs and so tries both orders.
 */
function gives_way(tt: ThreadTokens): bool {
  if (tt.tt_count != 1 || machine().search != 0 || planted(Plant.TOKEN_NO_REQUEST)) return false;
  return !readers_pass(mycpu().gd_cpuid);
}

/**
 * True if readers of a CPU ignore marks in this round: in one of as many as there are CPUs, by a hash, for each CPU on
 * its own. If CPUs took turns, threads that hold a token for some rounds each could come in one after the other, with
 * none of these rounds between them, and a writer would wait for ever.
 */
function readers_pass(cpu: u32): bool {
  const m = machine();
  if (planted(Plant.TOKEN_IN_TURN)) return <u32>(m.rounds % m.ncpus) == cpu;
  let hash = <u32>m.rounds * 0x9e3779b1 + cpu * 0x85ebca6b;
  hash = (hash ^ (hash >>> 15)) * 0x2c1b3c6d;
  return (hash ^ (hash >>> 13)) % m.ncpus == 0;
}

/**
 * Acquires the token of the reference at `at`, if possible (_lwkt_trytokref). `waits`: a failed exclusive
 * request leaves its mark.
 */
function trytokref(tt: ThreadTokens, at: usize, waits: bool): bool {
  const ref = load<u32>(at);
  const tok = token_of(ref);
  const count = tok.tk_count;
  if (is_own(tt, tok)) {
    store<u32>(at, ref & ~REF_EXCLUSIVE);
    tok.tk_count = count + TOK_INCR;
    return true;
  }
  if ((ref & REF_EXCLUSIVE) != 0) {
    if ((count & ~TOK_EXCLREQ) != 0) {
      if (waits || planted(Plant.TOKEN_TRY_MARKS)) tok.tk_count = count | TOK_EXCLREQ;
      return false;
    }
    tok.tk_count = TOK_EXCLUSIVE;
    tok.tk_ref = at;
    return true;
  }
  if (!can_share(tt, count)) return false;
  tok.tk_count = count + TOK_INCR;
  return true;
}

function can_share(tt: ThreadTokens, count: u32): bool {
  if ((count & TOK_EXCLUSIVE) != 0) return false;
  if (planted(Plant.TOKEN_SHARED_ALONE) && count >= TOK_INCR) return false;
  return (count & TOK_EXCLREQ) == 0 || !gives_way(tt);
}

/** Gives up the token of a reference (_lwkt_reltokref). */
function reltokref(at: usize): void {
  const tok = token_of(load<u32>(at));
  if (tok.tk_ref == at) {
    tok.tk_ref = 0;
    tok.tk_count &= ~TOK_EXCLUSIVE;
  } else {
    KASSERT(tok.tk_count >= TOK_INCR, "assertion: count & TOK_COUNTMASK in _lwkt_reltokref");
    tok.tk_count -= TOK_INCR;
  }
}

// ---- At the switch ----

/** A thread leaves its CPU: gives up its tokens, the last one first. */
export function lwkt_relalltokens(td: Thread): void {
  if (planted(Plant.TOKEN_KEPT)) return;
  const tt = td_tokens(td);
  while (tt.tt_have != 0) {
    tt.tt_have--;
    const at = token_ref(tt, tt.tt_have);
    reltokref(at);
    store<u32>(at, load<u32>(at) | REF_LOST);
  }
}

/** A thread is about to run: acquires all its tokens and returns true, or none. */
export function lwkt_getalltokens(td: Thread): bool {
  const tt = td_tokens(td);
  const have = tt.tt_have;
  if (planted(Plant.TOKEN_NOT_HAD)) return true;
  while (tt.tt_have != tt.tt_count) {
    const at = token_ref(tt, tt.tt_have);
    if (!trytokref(tt, at, true)) {
      token_of(load<u32>(at)).tk_collisions++;
      if (planted(Plant.TOKEN_PARTLY)) return false;
      while (tt.tt_have != have) reltokref(token_ref(tt, --tt.tt_have));
      return false;
    }
    tt.tt_have++;
  }
  return true;
}

/**
 * True if a thread that is not running could have all its tokens now: for a search, which must not change
 * anything.
 */
export function could_have_tokens(td: Thread): bool {
  const tt = td_tokens(td);
  for (let i: u32 = 0; i < tt.tt_count; i++) {
    const ref = load<u32>(token_ref(tt, i));
    const count = token_of(ref).tk_count;
    if ((ref & REF_EXCLUSIVE) != 0 ? (count & ~TOK_EXCLREQ) != 0 : !can_share(tt, count))
      return false;
  }
  return true;
}

/** A thread is gone: drops its references. */
export function tokens_gone(td: Thread): void {
  if (planted(Plant.TOKEN_OUTLIVES)) return;
  lwkt_relalltokens(td);
  td_tokens(td).tt_count = 0;
  td.td_body &= ~TDB_TOKENS;
}

// ---- Calls ----

/** The last of a thread's references to a token; its number of references if there is none. */
function find_ref(tt: ThreadTokens, tok: Token): u32 {
  for (let i = tt.tt_count; i != 0; i--) {
    if (token_of(load<u32>(token_ref(tt, i - 1))) == tok) return i - 1;
  }
  return tt.tt_count;
}

/**
 * Acquires a token, exclusively or shared (lwkt_gettoken, lwkt_gettoken_shared). If that is impossible now
 * the thread leaves its CPU, and comes back with the token.
 */
export function lwkt_gettokref(tok: Token, exclusive: bool): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  const tt = td_tokens(td);
  const count = tt.tt_count;
  KASSERT(
    gd.gd_intr_nesting_level == 0,
    "Attempt to acquire token %p not already held in hard code section",
    changetype<usize>(tok),
  );
  KASSERT(count < LWKT_MAXTOKENS, "assertion: ref < &td->td_toks_end in lwkt_gettoken");
  KASSERT(
    !exclusive || is_own(tt, tok) || find_ref(tt, tok) == count,
    "Token %p s/x livelock",
    changetype<usize>(tok),
  );
  const at = token_ref(tt, count);
  store<u32>(at, changetype<u32>(tok) | (exclusive ? REF_EXCLUSIVE : 0));
  tt.tt_count = count + 1;
  td.td_body |= TDB_TOKENS;
  if (trytokref(tt, at, true)) {
    tt.tt_have = count + 1;
    return DONE;
  }
  tok.tk_collisions++;
  return lwkt_switch();
}

/**
 * Acquires a token exclusively if that is possible at once (lwkt_trytoken): true if so. Allowed in interrupts.
 */
export function lwkt_trytokref(tok: Token): bool {
  const td = curthread();
  const tt = td_tokens(td);
  const count = tt.tt_count;
  KASSERT(count < LWKT_MAXTOKENS, "assertion: ref < &td->td_toks_end in lwkt_trytoken");
  const at = token_ref(tt, count);
  store<u32>(at, changetype<u32>(tok) | REF_EXCLUSIVE);
  if (!trytokref(tt, at, false)) {
    tok.tk_collisions++;
    return false;
  }
  tt.tt_count = count + 1;
  tt.tt_have = count + 1;
  td.td_body |= TDB_TOKENS;
  return true;
}

/** Releases the token that the thread acquired last. */
export function lwkt_reltokref(tok: Token): u32 {
  const td = curthread();
  const tt = td_tokens(td);
  const count = tt.tt_count;
  KASSERT(
    count != 0 && token_of(load<u32>(token_ref(tt, count - 1))) == tok,
    "assertion: ref >= &td->td_toks_base && ref->tr_tok == tok in lwkt_reltoken",
  );
  reltokref(token_ref(tt, count - 1));
  tt.tt_count = count - 1;
  tt.tt_have = count - 1;
  if (count == 1) td.td_body &= ~TDB_TOKENS;
  return DONE;
}

/**
 * The thread holds the token: td_retval is 1 if it was given up since it was acquired, or last asked about;
 * else 0.
 */
export function lwkt_regettokref(tok: Token): u32 {
  const tt = td_tokens(curthread());
  const i = find_ref(tt, tok);
  KASSERT(i != tt.tt_count, "lwkt_regettoken: token %p is not held", changetype<usize>(tok));
  const at = token_ref(tt, i);
  const ref = load<u32>(at);
  store<u32>(at, ref & ~REF_LOST);
  return done((ref & REF_LOST) != 0 ? 1 : 0);
}

/** True if a thread has a reference to the token, which it holds while it runs. */
export function has_reference(td: Thread, tok: Token): bool {
  const tt = td_tokens(td);
  return find_ref(tt, tok) != tt.tt_count;
}

/** True if the running thread holds the token. */
export function lwkt_havetokref(tok: Token): bool {
  return has_reference(curthread(), tok);
}
