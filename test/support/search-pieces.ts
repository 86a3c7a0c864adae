/** What threads of random tests do with kernel calls: small pieces that leave no lock behind, for searches. */

import * as Layout from "../../src/generated/layout.js";
import {
  type Handle,
  type KernelCall,
  type Machine,
  type SharedWord,
  sys,
} from "../../src/index.js";

const { LK_DOWNGRADE, LK_DRAIN, LK_EXCLUSIVE, LK_INTERLOCK, LK_NOWAIT, LK_RELEASE } = Layout;
const { LK_SHARED, LK_SLEEPFAIL, LK_TIMELOCK, LK_TRYUPGRADE, LK_UPGRADE, PDROP } = Layout;

/** Two of everything: which one a piece takes is up to whoever draws it. */
export interface Things {
  readonly word: SharedWord;
  readonly mtx: Handle;
  /** A mutex that may recurse. */
  readonly recursive: Handle;
  readonly rw: Handle;
  readonly sx: Handle;
  readonly rm: Handle;
  readonly lk: Handle;
  readonly cv: Handle;
  readonly sema: Handle;
  readonly barrier: Handle;
  readonly timer: Handle;
  readonly channel: string;
  readonly list: number;
}

/** Says what a call has given. */
export type Log = (what: number | bigint | boolean) => void;

/** What a thread does in between. */
type Inner = () => Generator;

export type Piece = (things: Things, log: Log, inner: Inner) => Generator;

const none = { address: 0 };

function created(machine: Machine, call: Parameters<Machine["call"]>[0]): Handle {
  return { address: (machine.call(call)[1] ?? 0) >>> 0 };
}

/** Makes the `i`th of everything. */
export function things(
  machine: Machine,
  shared: (initial: number, name: string) => SharedWord,
  i: number,
): Things {
  const make = (call: Parameters<Machine["call"]>[0]) => created(machine, call);
  return {
    word: shared(0, `w${i}`),
    mtx: make(sys.mtx_create(`mtx${i}`)),
    recursive: make(sys.mtx_init(`recursive${i}`, Layout.MTX_RECURSE)),
    rw: make(sys.rw_init(`rw${i}`, 0)),
    sx: make(sys.sx_init(`sx${i}`, 0)),
    rm: make(sys.rm_init(`rm${i}`, 0)),
    lk: make(sys.lockinit(0, `lk${i}`, 2, 0)),
    cv: make(sys.cv_create(`cv${i}`)),
    sema: make(sys.sema_create(`sema${i}`, i)),
    barrier: make(sys.barrier_create(`barrier${i}`, 2)),
    timer: make(sys.timer_create(`timer${i}`)),
    channel: `channel${i}`,
    list: i,
  };
}

/** Takes something, does what is in between, and gives it back; `gives` has what takes it only perhaps. */
type Call = (t: Things) => KernelCall<unknown>;
const section = (take: Call, give: Call): Piece =>
  function* (t, log, inner) {
    log((yield* take(t)) as number);
    yield* inner();
    yield* give(t);
  };
const perhaps = (take: Call, give: Call): Piece =>
  function* (t, log) {
    const has = (yield* take(t)) as boolean | number;
    log(has);
    if (has) yield* give(t);
  };
const call = (make: Call): Piece =>
  function* (t, log) {
    log((yield* make(t)) as number);
  };

/** sleep(9) with a lock: what the sleep gives; `flags` PDROP leaves the lock. */
const sleeps = (
  take: Call,
  sleep: (t: Things, pri: number, timo: number) => KernelCall<unknown>,
  give: Call,
  timo = 0,
  flags = 0,
): Piece =>
  function* (t, log) {
    yield* take(t);
    log((yield* sleep(t, flags, timo)) as number);
    if (flags === 0) yield* give(t);
  };

const lk =
  (flags: number): Call =>
  (t: Things) =>
    sys.lockmgr(t.lk, flags, none);
const release = lk(LK_RELEASE);

const lock: Call = (t) => sys.mtx_lock(t.mtx);
const unlock: Call = (t) => sys.mtx_unlock(t.mtx);

/** By family, and by name. */
export const families: Readonly<Record<string, Readonly<Record<string, Piece>>>> = {
  mutex: {
    lock: section(lock, unlock),
    trylock: perhaps((t) => sys.mtx_trylock(t.mtx), unlock),
    owned: call((t) => sys.mtx_owned(t.mtx)),
    recursed: call((t) => sys.mtx_recursed(t.recursive)),
    *recurses(t) {
      yield* sys.mtx_lock(t.recursive);
      yield* sys.mtx_lock(t.recursive);
      yield* sys.mtx_unlock(t.recursive);
      yield* sys.mtx_unlock(t.recursive);
    },
  },
  rwlock: {
    read: section(
      (t) => sys.rw_rlock(t.rw),
      (t) => sys.rw_runlock(t.rw),
    ),
    write: section(
      (t) => sys.rw_wlock(t.rw),
      (t) => sys.rw_wunlock(t.rw),
    ),
    tryRead: perhaps(
      (t) => sys.rw_try_rlock(t.rw),
      (t) => sys.rw_runlock(t.rw),
    ),
    tryWrite: perhaps(
      (t) => sys.rw_try_wlock(t.rw),
      (t) => sys.rw_wunlock(t.rw),
    ),
    *upgrade(t, log) {
      yield* sys.rw_rlock(t.rw);
      const alone = yield* sys.rw_try_upgrade(t.rw);
      log(alone);
      if (alone) yield* sys.rw_wunlock(t.rw);
      else yield* sys.rw_runlock(t.rw);
    },
    *downgrade(t) {
      yield* sys.rw_wlock(t.rw);
      yield* sys.rw_downgrade(t.rw);
      yield* sys.rw_runlock(t.rw);
    },
    owned: call((t) => sys.rw_wowned(t.rw)),
  },
  sx: {
    share: section(
      (t) => sys.sx_slock(t.sx),
      (t) => sys.sx_sunlock(t.sx),
    ),
    own: section(
      (t) => sys.sx_xlock(t.sx),
      (t) => sys.sx_xunlock(t.sx),
    ),
    shareSig: section(
      (t) => sys.sx_slock_sig(t.sx),
      (t) => sys.sx_sunlock(t.sx),
    ),
    ownSig: section(
      (t) => sys.sx_xlock_sig(t.sx),
      (t) => sys.sx_xunlock(t.sx),
    ),
    tryShare: perhaps(
      (t) => sys.sx_try_slock(t.sx),
      (t) => sys.sx_sunlock(t.sx),
    ),
    tryOwn: perhaps(
      (t) => sys.sx_try_xlock(t.sx),
      (t) => sys.sx_xunlock(t.sx),
    ),
    *upgrade(t, log) {
      yield* sys.sx_slock(t.sx);
      const alone = yield* sys.sx_try_upgrade(t.sx);
      log(alone);
      if (alone) yield* sys.sx_xunlock(t.sx);
      else yield* sys.sx_sunlock(t.sx);
    },
    *downgrade(t) {
      yield* sys.sx_xlock(t.sx);
      yield* sys.sx_downgrade(t.sx);
      yield* sys.sx_sunlock(t.sx);
    },
    owned: call((t) => sys.sx_xlocked(t.sx)),
  },
  rmlock: {
    read: section(
      (t) => sys.rm_rlock(t.rm),
      (t) => sys.rm_runlock(t.rm),
    ),
    write: section(
      (t) => sys.rm_wlock(t.rm),
      (t) => sys.rm_wunlock(t.rm),
    ),
    tryRead: perhaps(
      (t) => sys.rm_try_rlock(t.rm),
      (t) => sys.rm_runlock(t.rm),
    ),
    owned: call((t) => sys.rm_wowned(t.rm)),
  },
  lockmgr: {
    share: section(lk(LK_SHARED), release),
    own: section(lk(LK_EXCLUSIVE), release),
    status: call((t) => sys.lockstatus(t.lk)),
    *tryOwn(t, log) {
      const error = yield* sys.lockmgr(t.lk, LK_EXCLUSIVE | LK_NOWAIT, none);
      log(error);
      if (error === 0) yield* release(t);
    },
    *fails(t, log) {
      const error = yield* sys.lockmgr(t.lk, LK_EXCLUSIVE | LK_SLEEPFAIL, none);
      log(error);
      if (error === 0) yield* release(t);
    },
    *timed(t, log) {
      const error = yield* sys.lockmgr(t.lk, LK_SHARED | LK_TIMELOCK, none);
      log(error);
      if (error === 0) yield* release(t);
    },
    *upgrade(t, log) {
      yield* sys.lockmgr(t.lk, LK_SHARED, none);
      log(yield* sys.lockmgr(t.lk, LK_UPGRADE, none));
      yield* release(t);
    },
    *tryUpgrade(t, log) {
      yield* sys.lockmgr(t.lk, LK_SHARED, none);
      log(yield* sys.lockmgr(t.lk, LK_TRYUPGRADE, none));
      yield* release(t);
    },
    *downgrade(t) {
      yield* sys.lockmgr(t.lk, LK_EXCLUSIVE, none);
      yield* sys.lockmgr(t.lk, LK_DOWNGRADE, none);
      yield* release(t);
    },
    *interlock(t, log) {
      yield* sys.mtx_lock(t.mtx);
      log(yield* sys.lockmgr(t.lk, LK_EXCLUSIVE | LK_INTERLOCK, t.mtx));
      yield* release(t);
    },
    *drain(t, log) {
      log(yield* sys.lockmgr(t.lk, LK_DRAIN, none));
      yield* release(t);
    },
    *disown(t) {
      yield* sys.lockmgr(t.lk, LK_EXCLUSIVE, none);
      yield* sys.lockmgr_disown(t.lk);
      yield* release(t);
    },
  },
  condition: {
    wait: sleeps(lock, (t) => sys.cv_wait(t.cv, t.mtx), unlock),
    timed: sleeps(lock, (t) => sys.cv_timedwait(t.cv, t.mtx, 2), unlock),
    waitSig: sleeps(lock, (t) => sys.cv_wait_sig(t.cv, t.mtx), unlock),
    timedSig: sleeps(lock, (t) => sys.cv_timedwait_sig(t.cv, t.mtx, 3), unlock),
    waitUnlock: sleeps(
      lock,
      (t) => sys.cv_wait_unlock(t.cv, t.mtx),
      () => sys.compute(1),
    ),
    signal: call((t) => sys.cv_signal(t.cv)),
    broadcast: call((t) => sys.cv_broadcast(t.cv)),
  },
  semaphore: {
    wait: call((t) => sys.sema_wait(t.sema)),
    trywait: call((t) => sys.sema_trywait(t.sema)),
    timed: call((t) => sys.sema_timedwait(t.sema, 2)),
    post: call((t) => sys.sema_post(t.sema)),
    value: call((t) => sys.sema_value(t.sema)),
    barrier: call((t) => sys.barrier_wait(t.barrier)),
  },
  sleep: {
    tsleep: call((t) => sys.tsleep(t.channel, 0, "tsleep", 0)),
    timed: call((t) => sys.tsleep(t.channel, 0, "timed", 2)),
    wakeup: call((t) => sys.wakeup(t.channel)),
    wakeupOne: call((t) => sys.wakeup_one(t.channel)),
    wakeupAny: call((t) => sys.wakeup_any(t.channel)),
    msleep: sleeps(
      lock,
      (t, pri, timo) => sys.msleep(t.channel, t.mtx, pri, "msleep", timo),
      unlock,
    ),
    mtxSleep: sleeps(
      lock,
      (t, pri, timo) => sys.mtx_sleep(t.channel, t.mtx, pri, "mtx", timo),
      unlock,
      2,
    ),
    drops: sleeps(
      lock,
      (t, pri, timo) => sys.msleep(t.channel, t.mtx, pri, "drops", timo),
      unlock,
      3,
      PDROP,
    ),
    rwSleep: sleeps(
      (t) => sys.rw_rlock(t.rw),
      (t, pri, timo) => sys.rw_sleep(t.channel, t.rw, pri, "rw", timo),
      (t) => sys.rw_runlock(t.rw),
      2,
    ),
    sxSleep: sleeps(
      (t) => sys.sx_xlock(t.sx),
      (t, pri, timo) => sys.sx_sleep(t.channel, t.sx, pri, "sx", timo),
      (t) => sys.sx_xunlock(t.sx),
    ),
    rmSleep: sleeps(
      (t) => sys.rm_wlock(t.rm),
      (t, pri, timo) => sys.rm_sleep(t.channel, t.rm, pri, "rm", timo),
      (t) => sys.rm_wunlock(t.rm),
      2,
    ),
  },
  time: {
    pause: call(() => sys.pause("pause", 2)),
    sleep: call(() => sys.sleep(1_000)),
    compute: call(() => sys.compute(1_000)),
    ticks: call(() => sys.ticks()),
    *timer(t, log) {
      yield* sys.timer_wait(t.timer, 20_000_000, 1);
      log(yield* sys.ticks());
    },
    *timerFrom(t, log) {
      yield* sys.timer_wait_from(t.timer, 10_000_000, 1, 1n);
      log(yield* sys.ticks());
    },
    yields: call(() => sys.sched_relinquish()),
  },
  event: {
    *register(t, log) {
      log((yield* sys.eventhandler_register(t.list, 0, 7, 10)) !== 0);
    },
    *first(t, log) {
      log((yield* sys.eventhandler_register(t.list, 0, 8, 10)) !== 0);
    },
    *comesAndGoes(t, log) {
      const handle = yield* sys.eventhandler_register(t.list, 0, 9, 10);
      log(yield* sys.eventhandler_deregister(handle));
    },
  },
  deadline: {
    half: call(() => sys.sched_setdeadline_self(500, 1_000, 1_000)),
    most: call(() => sys.sched_setdeadline_self(900, 1_000, 1_000)),
  },
  word: {
    *add(t) {
      yield* t.word.set((yield* t.word.get()) + 1);
    },
    *look(t, log) {
      log(yield* t.word.get());
    },
    *store(t) {
      yield* t.word.set(5);
    },
  },
};
