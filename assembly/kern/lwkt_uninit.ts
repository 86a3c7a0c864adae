// The end of tokens and wait structures: DragonFly's lwkt_token_uninit, and the same for wait structures, which the
// original only has inside other structures.
//
// Threads may refer to such an object without its knowing: one that was woken, or that lost a grant, looks at it
// when it runs again (K.BLOCK_2, K.GETTOKEN_1), and under lwkt-modern a thread that does not run keeps its
// references to tokens that it has given up. So all threads are looked at, which takes time in proportion to them.
// Rejected: counting them in the object, which would cost each lwkt_block a load and a store twice.
//
// Locking: that of the token.
import { EBUSY, EINVAL } from "../sys/errno";
import { globaldata } from "../sys/globaldata";
import { KOBJ_TOKEN, LwktToken, LwktWait } from "../sys/kobj";
import { machine } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import { TDPRI_CRIT } from "../sys/proc";
import { td_at } from "../sys/thread";
import { Token } from "../sys/token";
import { K } from "./cont";
import { kobj_free } from "./kern_kobj";
import { cpu_critical, cpu_exists } from "./lwkt_ipiq";
import { is_pool_token } from "./lwkt_pool";
import { token_unlist } from "./lwkt_token";
import { has_reference, has_tokens } from "./lwkt_tokref";

/** Frees a token. EBUSY while a thread may have it, waits for it, or is about to look at it. */
export function lwkt_token_uninit(tok: LwktToken): i32 {
  if (tok.ko_kind != KOBJ_TOKEN || is_pool_token(tok)) return EINVAL;
  if (machine().lwkt_modern != 0) {
    if (is_referred(changetype<Token>(tok))) return EBUSY;
  } else {
    if (!is_idle(tok)) return EBUSY;
    token_unlist(tok);
  }
  kobj_free(changetype<usize>(tok));
  return 0;
}

/** Frees a wait structure. EBUSY while threads are blocked on it or about to look at it, or its token is in use. */
export function lwkt_wait_uninit(w: LwktWait): i32 {
  if (!is_idle(w)) return EBUSY;
  token_unlist(w);
  kobj_free(changetype<usize>(w));
  return 0;
}

/**
 * True if the token of lwkt is in no critical section, the caller's included, and no thread is blocked, in line, or
 * about to look: each of these has a continuation about it.
 */
function is_idle(tok: LwktToken): bool {
  if (cpu_exists(tok.t_cpu) && is_closed(tok.t_cpu)) return false;
  if (planted(Plant.UNINIT_BLIND)) return true;
  const m = machine();
  for (let i: u32 = 1; i < m.zone_next; i++) {
    const td = td_at(i);
    if (td.td_ka == changetype<u32>(tok) && is_about_token(td.td_kfn)) return false;
  }
  return true;
}

/** True for continuations whose first word is a token or a wait structure. While one is left, none lies above it. */
function is_about_token(fn: u32): bool {
  return fn >= <u32>K.BLOCK_1 && fn <= <u32>K.REGETTOKEN_1;
}

/**
 * True if a CPU is in a critical section, and so has all tokens that it owns. The host's thread always is in one
 * and, on a CPU that was in one, in a second.
 */
function is_closed(cpu: u32): bool {
  const gd = globaldata(cpu);
  const td = gd.gd_curthread;
  return td == machine().host_td ? td.td_pri >= 2 * TDPRI_CRIT : cpu_critical(gd);
}

/** True if a thread has a reference to a token of lwkt-modern, whether or not it holds the token now. */
function is_referred(tok: Token): bool {
  const m = machine();
  for (let i: u32 = 1; i < m.zone_next; i++) {
    const td = td_at(i);
    if (has_tokens(td) && has_reference(td, tok)) return true;
  }
  return false;
}
