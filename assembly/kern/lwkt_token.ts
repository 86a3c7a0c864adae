// Tokens (lwkt_thread.c 680-754): serialization by ownership of a CPU. A thread that holds a token is in
// a critical section; while it does not block, its CPU keeps the token. If it blocks the token may be
// given away, and regettoken tells.
//
// A request goes to the owning CPU as a message, follows the token where it has gone ("playing
// catch-up"), and waits there while the owner is in a critical section, because messages do. The
// requester is off the run queue until the answer schedules it, and then looks again.
import { curthread, mycpu } from "../sys/globaldata";
import { LwktToken } from "../sys/kobj";
import { TDF_RUNQ } from "../sys/proc";
import { cont_push, DONE, K, PENDING, set_retval } from "./cont";
import { cpu_exists, ipi_token_request } from "./lwkt_ipiq";
import { _lwkt_dequeue, crit_enter, crit_exit, lwkt_switch } from "./lwkt_thread";

/** True if this CPU owns the token. */
export function lwkt_havetoken(tok: LwktToken): bool {
  return tok.t_cpu == mycpu().gd_cpuid;
}

/** True if a CPU that this machine has holds the token, but not this one: it must be fetched. */
function lwkt_token_away(tok: LwktToken): bool {
  return !lwkt_havetoken(tok) && cpu_exists(tok.t_cpu);
}

/**
 * Acquires a token (693): leaves the thread in a critical section. Switches if another CPU has it. A
 * token that was handed to a CPU that the machine does not have is not fetched back, as in the
 * original, which knew one CPU.
 */
export function lwkt_gettoken(tok: LwktToken): u32 {
  crit_enter();
  if (!lwkt_token_away(tok)) return DONE;
  return lwkt_token_wait(tok, K.GETTOKEN_1);
}

/** Asks for the token and leaves the CPU until the answer comes; `fn` then looks again. */
function lwkt_token_wait(tok: LwktToken, fn: K): u32 {
  const td = curthread();
  cont_push(fn, changetype<u32>(tok), (td.td_lwflags & TDF_RUNQ) != 0 ? 1 : 0);
  _lwkt_dequeue(td);
  ipi_token_request(tok, td);
  lwkt_switch();
  return PENDING;
}

/** The answer has come, or somebody else scheduled us: look again. `queued`: stay on the run queue. */
export function lwkt_gettoken_1(tok: LwktToken, queued: u32, fn: K): u32 {
  if (queued == 0) _lwkt_dequeue(curthread());
  if (lwkt_token_away(tok)) return lwkt_token_wait(tok, fn);
  if (fn == K.REGETTOKEN_1) set_retval(1);
  return DONE;
}

/** Releases a token (727), which goes to the CPU that is to have it next. May switch. */
export function lwkt_reltoken(tok: LwktToken): u32 {
  if (lwkt_havetoken(tok)) tok.t_cpu = tok.t_reqcpu;
  return crit_exit();
}

/** Acquires a token again that may have been lost (741): td_retval is 1 if it was, else 0. */
export function lwkt_regettoken(tok: LwktToken): u32 {
  set_retval(0);
  if (!lwkt_token_away(tok)) return DONE;
  return lwkt_token_wait(tok, K.REGETTOKEN_1);
}
