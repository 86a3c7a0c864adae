// Tokens (lwkt_thread.c 680-754): serialization by CPU ownership. A thread that holds a token is in a
// critical section; while it does not block, its CPU keeps the token. If it blocks, the token may be given
// away, and regettoken reports that.
//
// A thread that wants another CPU's token takes it, as any lock, if it is free: if that CPU is in no critical
// section, and nobody else waits for the token. Otherwise it waits in the token's line, off the run queue
// (TDL_TOKWAIT). Between two rounds, or when the token is released, it is granted to the CPU of the first in
// line, which keeps it until that thread has noticed (t_granted). So a token that many CPUs want passes
// between them in the order of the requests, and each uses it before it moves on. A thread that does not get
// its CPU, and so does not notice, goes back to the head of the line, and the token to the next
// (docs/law-between-cpus.md, section 7).
//
// Scheduling or descheduling a thread in line decides whether it stays on the run queue afterwards
// (TDL_WANTED), so that no wakeup is lost and none is mistaken for the grant. Rejected: letting it check
// again at every wakeup, which requests the token a second time while it is still in line; requests that
// chase the token from CPU to CPU ("playing catch-up", 712), which any number of other requests can overtake;
// and asking an idle CPU for a token that nobody there wants, which took a round and two more switches.

import { cpu_bit } from "../sys/cpuset";
import { curthread, globaldata, mycpu } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { LwktToken } from "../sys/kobj";
import { Machine, machine } from "../sys/machine";
import { GRANT_ROUNDS } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { TDL_RUNQ, TDL_TOKWAIT, TDL_WANTED, Thread } from "../sys/proc";
import { ThreadList, tailq_insert_head, tailq_insert_tail, tailq_remove } from "../sys/queue";
import { is_td, no_td } from "../sys/thread";
import { cont_push_on, DONE, done, K, PENDING, set_retval } from "./cont";
import {
  cpu_critical,
  cpu_exists,
  cpu_wake,
  ipi_hold,
  ipi_token_grant,
  is_ahead,
  is_mine,
} from "./lwkt_ipiq";
import { _lwkt_dequeue, _lwkt_enqueue, crit_enter, crit_exit, lwkt_switch } from "./lwkt_thread";
import { sched_check_preempt } from "./sched";

/** True if this CPU owns the token. */
export function lwkt_havetoken(tok: LwktToken): bool {
  return tok.t_cpu == mycpu().gd_cpuid;
}

/** True if another CPU of this machine owns the token: it must be fetched. */
export function lwkt_token_away(tok: LwktToken): bool {
  return !lwkt_havetoken(tok) && cpu_exists(tok.t_cpu);
}

/**
 * True if this CPU has the token now: it owns it, or another CPU gives it up, which it does while it is in no
 * critical section, keeps the token for nobody, and nobody is in line. A token that was handed to a CPU that
 * the machine does not have is not fetched back, as in the original, which knew one CPU.
 */
export function lwkt_token_take(tok: LwktToken): bool {
  if (!lwkt_token_away(tok)) return true;
  if (tok.t_count != 0 && !planted(Plant.TAKE_LINE)) return false;
  if (is_td(tok.t_granted) && !planted(Plant.TAKE_GRANTED)) return false;
  if (cpu_critical(globaldata(tok.t_cpu)) && !planted(Plant.TAKE_CLOSED)) return false;
  tok.t_cpu = mycpu().gd_cpuid;
  return true;
}

/** Acquires a token (693) and leaves the thread in a critical section. Switches if it must wait for it. */
export function lwkt_gettoken(tok: LwktToken): u32 {
  crit_enter();
  return lwkt_token_take(tok) ? DONE : lwkt_token_wait(tok, K.GETTOKEN_1);
}

/**
 * Acquires a token if it need not wait for it: true, and the thread is in a critical section. Otherwise it is
 * in none; early versions of the original left it in one.
 */
export function lwkt_trytoken(tok: LwktToken): bool {
  if (!lwkt_token_take(tok) && !planted(Plant.TRY_AWAY)) return false;
  crit_enter();
  return true;
}

/** Waits in line for the token, off the CPU; `fn` then checks. */
export function lwkt_token_wait(tok: LwktToken, fn: K): u32 {
  const td = curthread();
  KASSERT(td.td_wait == 0, "lwkt_gettoken: td_wait not NULL!");
  cont_push_on(td, fn, changetype<u32>(tok));
  const flags = <u32>td.td_lwflags;
  const wanted = (flags & TDL_RUNQ) != 0 ? TDL_WANTED : 0;
  td.td_lwflags = <u16>((flags & ~TDL_WANTED) | wanted | TDL_TOKWAIT);
  _lwkt_dequeue(td);
  line_join(tok, td);
  lwkt_switch();
  return PENDING;
}

/** The thread runs again: the token has been granted, and may have been lost again. */
export function lwkt_gettoken_1(tok: LwktToken, fn: K): u32 {
  const td = curthread();
  const flags = <u32>td.td_lwflags;
  if ((flags & TDL_TOKWAIT) != 0) {
    cont_push_on(td, fn, changetype<u32>(tok)); // lwkt_preempt made it run: it is still waiting
    lwkt_switch();
    return PENDING;
  }
  if ((flags & TDL_WANTED) == 0 && !planted(Plant.GRANT_KEEPS)) _lwkt_dequeue(td);
  if (tok.t_granted == td) tok.t_granted = no_td();
  if (!lwkt_token_take(tok)) return lwkt_token_wait(tok, fn);
  return fn == K.REGETTOKEN_1 ? done(1) : DONE;
}

/**
 * Releases a token (727): it goes to the first in line, or to the CPU that is to have it next, unless a
 * thread of this CPU has been granted it. May switch.
 */
export function lwkt_reltoken(tok: LwktToken): u32 {
  if (lwkt_havetoken(tok) && !is_td(tok.t_granted)) {
    if (tok.t_due != 0) line_serve(tok, <u32>machine().rounds - 1);
    else tok.t_cpu = tok.t_reqcpu;
  }
  return crit_exit();
}

/** Acquires a token again that may have been lost (741): td_retval is 1 if it was lost, else 0. */
export function lwkt_regettoken(tok: LwktToken): u32 {
  set_retval(0);
  if (!lwkt_token_away(tok)) return DONE;
  return lwkt_token_take(tok) ? done(1) : lwkt_token_wait(tok, K.REGETTOKEN_1);
}

// ---- The line ----

function line(tok: LwktToken): ThreadList {
  return changetype<ThreadList>(changetype<usize>(tok) + offsetof<LwktToken>("t_line"));
}

function is_tok(tok: LwktToken): bool {
  return changetype<usize>(tok) != 0;
}

/** Appends `td` to the line, and the token to the list that is examined between rounds. */
function line_join(tok: LwktToken, td: Thread): void {
  const m = machine();
  if (planted(Plant.LINE_AHEAD) && is_ahead(tok.t_cpu)) return;
  if (planted(Plant.LINE_LIFO)) tailq_insert_head(line(tok), td);
  else tailq_insert_tail(line(tok), td);
  tok.t_count++;
  if (tok.t_listed == 0) {
    tok.t_listed = 1;
    tok.t_next = changetype<LwktToken>(0);
    if (is_tok(m.tok_last)) m.tok_last.t_next = tok;
    else m.tok_first = tok;
    m.tok_last = tok;
  }
  line_watch(m, tok);
}

/** A token without a line is about to be freed: takes it off the list of those that are examined between rounds. */
export function token_unlist(tok: LwktToken): void {
  if (tok.t_listed == 0) return;
  const m = machine();
  let before = changetype<LwktToken>(0);
  for (let at = m.tok_first; at != tok; at = at.t_next) before = at;
  if (is_tok(before)) before.t_next = tok.t_next;
  else m.tok_first = tok.t_next;
  if (m.tok_last == tok) m.tok_last = before;
}

/** Makes sure that the token is examined between the next two rounds. */
function line_watch(m: Machine, tok: LwktToken): void {
  const bit = cpu_bit(cpu_exists(tok.t_cpu) ? tok.t_cpu : 0);
  m.ipi_cpus |= bit;
  m.busy |= bit;
}

/** Grants the token to the first in line. `boundary`: Machine.rounds as of the last round boundary. */
function line_serve(tok: LwktToken, boundary: u32): void {
  const td = tok.t_line;
  tailq_remove(line(tok), td);
  tok.t_count--;
  tok.t_due--;
  tok.t_cpu = td.td_cpu;
  tok.t_granted = td;
  tok.t_round = boundary;
  if (!is_mine(td)) {
    ipi_token_grant(td);
    return;
  }
  cpu_wake(machine(), mycpu()); // between two rounds it may be halted
  token_grant(td);
}

/** Between two rounds: grants every token with a line to the first in it, if possible. */
export function token_lines(m: Machine): void {
  let tok = m.tok_first;
  m.tok_first = changetype<LwktToken>(0);
  m.tok_last = changetype<LwktToken>(0);
  while (is_tok(tok)) {
    const next = tok.t_next;
    tok.t_due = tok.t_count;
    if (tok.t_count != 0) line_look(m, tok);
    if (tok.t_count != 0) {
      tok.t_next = changetype<LwktToken>(0);
      if (is_tok(m.tok_last)) m.tok_last.t_next = tok;
      else m.tok_first = tok;
      m.tok_last = tok;
      line_watch(m, tok);
    } else tok.t_listed = 0;
    tok = next;
  }
}

/** Serves a line if the token's owner is open and keeps it for nobody, or has kept it for too long. */
function line_look(m: Machine, tok: LwktToken): void {
  if (!cpu_exists(tok.t_cpu)) {
    line_dissolve(m, tok);
    return;
  }
  const gd = globaldata(tok.t_cpu);
  if (cpu_critical(gd) && !planted(Plant.TOKEN_CLOSED)) {
    ipi_hold(m, gd);
    return;
  }
  m.curcpu = gd;
  const late = tok.t_granted;
  if (!is_td(late)) {
    line_serve(tok, <u32>m.rounds);
    return;
  }
  if (planted(Plant.TOKEN_LATE)) return;
  if (<u32>m.rounds - tok.t_round < GRANT_ROUNDS || !is_mine(late) || late == gd.gd_curthread)
    return;
  if ((late.td_lwflags & TDL_TOKWAIT) != 0) return; // its CPU has not even received the grant
  tok.t_granted = no_td();
  late.td_lwflags |= TDL_TOKWAIT;
  _lwkt_dequeue(late);
  line_serve(tok, <u32>m.rounds);
  tailq_insert_head(line(tok), late);
  tok.t_count++;
  tok.t_due++;
}

/** The token has gone to a CPU that the machine does not have: all waiters continue without it. */
function line_dissolve(m: Machine, tok: LwktToken): void {
  while (is_td(tok.t_line)) {
    const td = tok.t_line;
    tailq_remove(line(tok), td);
    m.curcpu = globaldata(td.td_cpu);
    ipi_token_grant(td);
  }
  tok.t_count = 0;
  tok.t_due = 0;
}

/** A thread is gone: removes it from its line. */
export function token_forget(td: Thread): void {
  token_forgo(td);
  if ((td.td_lwflags & TDL_TOKWAIT) == 0 || !waits_for_token(td)) return;
  const tok = changetype<LwktToken>(td.td_ka);
  tailq_remove(line(tok), td);
  tok.t_count--;
  if (tok.t_due > tok.t_count) tok.t_due = tok.t_count;
  td.td_lwflags &= ~TDL_TOKWAIT;
}

/** True for a thread that is in line for a token, or has been granted it and has not run since. */
export function waits_for_token(td: Thread): bool {
  return td.td_kfn == K.GETTOKEN_1 || td.td_kfn == K.REGETTOKEN_1;
}

// ---- On the waiter's CPU ----

/** The token that `td` waits for has been granted to this CPU: makes the thread check. */
export function token_grant(td: Thread): void {
  td.td_lwflags &= ~TDL_TOKWAIT;
  _lwkt_enqueue(td);
  sched_check_preempt(mycpu(), td);
}

/**
 * `td` was descheduled or moved, so it is no longer about to take its token: gives up what is kept for it.
 */
export function token_forgo(td: Thread): void {
  if (!waits_for_token(td) || planted(Plant.NO_FORGO)) return;
  const tok = changetype<LwktToken>(td.td_ka);
  if (tok.t_granted == td) tok.t_granted = no_td();
}
