// Tokens (lwkt_thread.c 680-754): serialization by ownership of a CPU. A thread that holds a token is in
// a critical section; while it does not block, its CPU keeps the token. If it blocks the token may be
// given away, and regettoken tells.
//
// A request goes to the owning CPU as a message and follows the token to where it has gone ("playing
// catch-up"). The owner hands the token over unless a thread of its own is in a critical section, or is
// itself still on the way to a token that has just been handed to it (t_granted): requests that come
// too early wait in a list of the CPU. So a token that many CPUs want passes from one to the next in
// the order of the requests, and each uses it before it goes on.
//
// The requester is off the run queue until the token comes (TDL_TOKWAIT). Whoever schedules or
// deschedules it meanwhile decides whether it stays on the run queue afterwards (TDL_WANTED), so that
// no wakeup is lost and none is mistaken for the token. Rejected: letting it look again at every
// wakeup, which sends a second request while the first is still chasing the token.
import { curthread, GlobalData, mycpu } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { LwktToken } from "../sys/kobj";
import { machine } from "../sys/machine";
import { TDL_RUNQ, TDL_TOKWAIT, TDL_WANTED, TDPRI_CRIT, Thread } from "../sys/proc";
import { ThreadList, tailq_insert_tail, tailq_remove } from "../sys/queue";
import { is_td, no_td } from "../sys/thread";
import { cont_push, DONE, K, PENDING, set_retval } from "./cont";
import { cpu_critical, cpu_exists, ipi_token_grant, ipi_token_request } from "./lwkt_ipiq";
import { _lwkt_dequeue, _lwkt_enqueue, crit_enter, crit_exit, lwkt_switch } from "./lwkt_thread";
import { sched_check_preempt } from "./sched";

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

/** Asks for the token and leaves the CPU until it comes; `fn` then looks. */
function lwkt_token_wait(tok: LwktToken, fn: K): u32 {
  const td = curthread();
  KASSERT(td.td_wait == 0, "lwkt_gettoken: td_wait not NULL!");
  cont_push(fn, changetype<u32>(tok));
  td.td_lwflags &= ~TDL_WANTED;
  if ((td.td_lwflags & TDL_RUNQ) != 0) td.td_lwflags |= TDL_WANTED;
  td.td_lwflags |= TDL_TOKWAIT;
  _lwkt_dequeue(td);
  ipi_token_request(tok.t_cpu, tok, td);
  lwkt_switch();
  return PENDING;
}

/** The thread runs again: the token has come, and may have gone again. */
export function lwkt_gettoken_1(tok: LwktToken, fn: K): u32 {
  const td = curthread();
  if ((td.td_lwflags & TDL_TOKWAIT) != 0) {
    cont_push(fn, changetype<u32>(tok)); // lwkt_preempt has made it run: it still waits
    lwkt_switch();
    return PENDING;
  }
  if ((td.td_lwflags & TDL_WANTED) == 0) _lwkt_dequeue(td);
  if (tok.t_granted == td) tok.t_granted = no_td();
  if (lwkt_token_away(tok)) return lwkt_token_wait(tok, fn);
  if (fn == K.REGETTOKEN_1) set_retval(1);
  return DONE;
}

/**
 * Releases a token (727), which goes to the CPU that is to have it next, unless a thread of this one is
 * on its way to it. May switch.
 */
export function lwkt_reltoken(tok: LwktToken): u32 {
  const gd = mycpu();
  if (lwkt_havetoken(tok) && !is_td(tok.t_granted) && !token_hand_over(gd, tok)) {
    tok.t_cpu = tok.t_reqcpu;
  }
  return crit_exit();
}

/** Acquires a token again that may have been lost (741): td_retval is 1 if it was, else 0. */
export function lwkt_regettoken(tok: LwktToken): u32 {
  set_retval(0);
  if (!lwkt_token_away(tok)) return DONE;
  return lwkt_token_wait(tok, K.REGETTOKEN_1);
}

// ---- On the CPU that owns the token ----

/** `td` of some CPU asks for a token: hand it over, keep the request for later, or pass it on. */
export function token_request(gd: GlobalData, tok: LwktToken, td: Thread): void {
  const cpu = <u32>td.td_cpu;
  if (tok.t_cpu != cpu && cpu_exists(tok.t_cpu)) {
    if (tok.t_cpu != gd.gd_cpuid) {
      ipi_token_request(tok.t_cpu, tok, td);
      return;
    }
    if (cpu_critical(gd) || (is_td(tok.t_granted) && tok.t_granted != td)) {
      token_request_defer(gd, td);
      return;
    }
    tok.t_cpu = cpu;
    tok.t_granted = td;
  }
  if (cpu == gd.gd_cpuid) token_grant(td);
  else ipi_token_grant(cpu, td);
}

/** Hands a token that is released to the first that has asked this CPU for it; false if nobody has. */
function token_hand_over(gd: GlobalData, tok: LwktToken): bool {
  let td = gd.gd_tokreq;
  if (!is_td(td)) return false;
  if (gd.gd_reqpri < TDPRI_CRIT) gd.gd_reqpri = TDPRI_CRIT; // the others follow when the section ends
  while (td.td_ka != changetype<u32>(tok)) {
    td = changetype<Thread>(td.td_qnext);
    if (!is_td(td)) return false;
  }
  tailq_remove(tokreqs(gd), td);
  tok.t_cpu = td.td_cpu;
  tok.t_granted = td;
  if (td.td_cpu == gd.gd_cpuid) token_grant(td);
  else ipi_token_grant(td.td_cpu, td);
  return true;
}

function tokreqs(gd: GlobalData): ThreadList {
  return changetype<ThreadList>(changetype<usize>(gd) + offsetof<GlobalData>("gd_tokreq"));
}

/** Keeps a request until the section is left or, at the latest, until the next round. */
function token_request_defer(gd: GlobalData, td: Thread): void {
  const m = machine();
  tailq_insert_tail(tokreqs(gd), td);
  m.ipi_cpus |= (<u64>1) << gd.gd_cpuid;
  m.busy |= (<u64>1) << gd.gd_cpuid;
  if (gd.gd_reqpri < TDPRI_CRIT) gd.gd_reqpri = TDPRI_CRIT;
}

/** Looks at the requests again that this CPU has kept, in their order. */
export function token_requests_retry(gd: GlobalData): void {
  const last = gd.gd_tokreq_last;
  while (is_td(gd.gd_tokreq)) {
    const td = gd.gd_tokreq;
    tailq_remove(tokreqs(gd), td);
    token_request(gd, changetype<LwktToken>(td.td_ka), td);
    if (td == last) break;
  }
}

// ---- On the CPU of the thread that waits ----

/** The token for which `td` waits has come to this CPU: the thread looks. */
export function token_grant(td: Thread): void {
  td.td_lwflags &= ~TDL_TOKWAIT;
  _lwkt_enqueue(td);
  sched_check_preempt(mycpu(), td);
}

/**
 * `td`, which is not on its way to a token any more, because somebody has descheduled or moved it, gives
 * up what is kept for it.
 */
export function token_forgo(td: Thread): void {
  if (td.td_kfn != K.GETTOKEN_1 && td.td_kfn != K.REGETTOKEN_1) return;
  const tok = changetype<LwktToken>(td.td_ka);
  if (tok.t_granted == td) tok.t_granted = no_td();
}
