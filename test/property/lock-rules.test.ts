// The rules of rmlock(9) and lockmgr(9), one by one: threads begin 10 us after one another and follow their scripts, and
// the order in which they get the lock is compared with the rule. The planted faults of the check build in these locks
// are found by the rules that they break.

import { describe, expect, it } from "vitest";
import { EBUSY, ENOLCK, EWOULDBLOCK, PDROP, Plant } from "../../src/generated/layout.js";
import {
  type Body,
  type KernelCall,
  type KernelSource,
  LockManager as LK,
  Machine,
  ReadMostlyOption,
  type SchedulerName,
  sys,
} from "../../src/index.js";
import { buildUnderTest as build } from "../support/build.js";
import { inTurn } from "../support/in-turn.js";
import { SCHEDULERS, withOwnPriorities } from "../support/schedulers.js";

const US = 1_000n;
/**
 * For how long a lock of lockmgr is waited for by those that do not want to wait for ever, in ticks of a
 * microsecond.
 */
const TIMEOUT = 25;

type Call = (lock: number) => KernelCall<unknown>;

/** The operations of both kinds of lock. */
const operations: Readonly<Record<string, Call>> = {
  rlock: (lock) => sys.rm_rlock(lock),
  try: (lock) => sys.rm_try_rlock(lock),
  runlock: (lock) => sys.rm_runlock(lock),
  wlock: (lock) => sys.rm_wlock(lock),
  wunlock: (lock) => sys.rm_wunlock(lock),
  owned: (lock) => sys.rm_wowned(lock),
  sleep: (lock) => sys.rm_sleep("x", lock, 0, "x", 1),
  drop: (lock) => sys.rm_sleep("x", lock, PDROP, "x", 1),
  share: (lock) => sys.lockmgr(lock, LK.SHARED, 0),
  "share-now": (lock) => sys.lockmgr(lock, LK.SHARED | LK.NOWAIT, 0),
  alone: (lock) => sys.lockmgr(lock, LK.EXCLUSIVE, 0),
  "alone-or-fail": (lock) => sys.lockmgr(lock, LK.EXCLUSIVE | LK.SLEEPFAIL, 0),
  "alone-in-time": (lock) => sys.lockmgr(lock, LK.EXCLUSIVE | LK.TIMELOCK, 0),
  down: (lock) => sys.lockmgr(lock, LK.DOWNGRADE, 0),
  drain: (lock) => sys.lockmgr(lock, LK.DRAIN, 0),
  release: (lock) => sys.lockmgr(lock, LK.RELEASE, 0),
};
/** Operations that tell something. */
const answers = ["try", "owned", "share-now", "alone-or-fail", "alone-in-time"];

interface Rule {
  readonly says: string;
  readonly kind: "rm" | "lk";
  readonly options?: number;
  /** What each thread does: operations, pauses in microseconds, `prio:N` and `pri`, its priority now. */
  readonly threads: Readonly<Record<string, string>>;
  /** Which thread got what, in order. */
  readonly log: string;
  /** The planted fault that breaks it. */
  readonly plant?: number;
}

const rules: readonly Rule[] = [
  {
    says: "no reader comes in while a thread waits to have an rmlock alone",
    kind: "rm",
    threads: { a: "rlock 40 runlock", w: "wlock 5 wunlock", b: "try rlock runlock" },
    log: "a rlock, b try=false, a runlock, w wlock, w wunlock, b rlock, b runlock",
    plant: Plant.RM_READER_PASSES,
  },
  {
    says: "who wants an rmlock alone waits for all readers",
    kind: "rm",
    threads: { a: "rlock 50 runlock", b: "rlock 60 runlock", w: "wlock wunlock" },
    log: "a rlock, b rlock, a runlock, b runlock, w wlock, w wunlock",
    plant: Plant.RM_WRITER_EARLY,
  },
  {
    says: "a reader of a recursive rmlock comes in again, with and without waiting, whoever waits for it",
    kind: "rm",
    options: ReadMostlyOption.RECURSE,
    threads: { a: "rlock 30 rlock try runlock runlock runlock", w: "wlock wunlock" },
    log: "a rlock, a rlock, a try=true, a runlock, a runlock, a runlock, w wlock, w wunlock",
    plant: Plant.RM_AGAIN_WAITS,
  },
  {
    says: "who sleeps with an rmlock alone has it alone again",
    kind: "rm",
    threads: { a: "wlock sleep owned wunlock" },
    log: "a wlock, a sleep, a owned=true, a wunlock",
    plant: Plant.RM_SLEEP_SHARES,
  },
  {
    says: "or not at all, with PDROP",
    kind: "rm",
    threads: { a: "wlock drop owned", w: "wlock wunlock" },
    log: "a wlock, a drop, a owned=false, w wlock, w wunlock",
  },
  {
    says: "who waits for readers lends to one after the other, in the order in which they came",
    kind: "rm",
    threads: {
      a: "prio:160 rlock 60 pri runlock",
      b: "prio:161 rlock 65 pri runlock pri",
      c: "prio:162 rlock 70 pri runlock",
      w: "prio:140 wlock wunlock",
    },
    log: `a rlock, b rlock, c rlock, a pri=140, a runlock, b pri=140, b runlock, b pri=161,
      c pri=140, w wlock, w wunlock, c runlock`,
  },
  {
    says: "nobody shares a lock of lockmgr while a thread waits to have it alone",
    kind: "lk",
    threads: { a: "share 40 release", w: "alone 5 release", b: "share-now share release" },
    log: `a share, b share-now=${EBUSY}, a release, w alone, w release, b share, b release`,
    plant: Plant.LK_SHARER_PASSES,
  },
  {
    says: "those that would share it are woken if all that would have it alone fail when they are woken",
    kind: "lk",
    threads: { a: "alone 40 release", w: "alone-or-fail", b: "share release" },
    log: `a alone, a release, w alone-or-fail=${ENOLCK}, b share, b release`,
  },
  {
    says: "those that would share it are woken if all that would have it alone have given up",
    kind: "lk",
    threads: { a: "alone 60 release", w: "alone-in-time", b: "share release" },
    log: `a alone, w alone-in-time=${EWOULDBLOCK}, a release, b share, b release`,
    plant: Plant.LK_FAIL_COUNTS,
  },
  {
    says: "nobody is woken when a lock is shared that one thread had alone",
    kind: "lk",
    threads: { a: "alone 30 down 30 release", b: "share release" },
    log: "a alone, a down, a release, b share, b release",
    plant: Plant.LK_DOWNGRADE_WAKES,
  },
  {
    says: "a drain waits for all that wait",
    kind: "lk",
    threads: {
      a: "alone 50 release",
      d: "drain release",
      b: "alone 10 release",
      c: "share 10 release",
    },
    log: "a alone, a release, b alone, b release, c share, c release, d drain, d release",
    plant: Plant.LK_DRAIN_FIRST,
  },
  {
    says: "nobody is woken before the last of those that share a lock releases it",
    kind: "lk",
    threads: { a: "share 30 release", b: "share 50 release", w: "alone-or-fail" },
    log: `a share, b share, a release, b release, w alone-or-fail=${ENOLCK}`,
  },
  {
    says: "those that would share it stay asleep, and be they better, while one waits that would have it alone",
    kind: "lk",
    threads: {
      a: "alone 40 release",
      f: "alone-or-fail",
      b: "60 alone 40 release",
      x: "prio:150 70 alone release",
      s: "prio:100 65 share release",
    },
    log: `a alone, a release, f alone-or-fail=${ENOLCK}, b alone, b release, x alone, s share, s release, x release`,
  },
];

/** Runs a rule's threads; returns which thread got what, in order. */
function logOf(
  { kind, options = 0, threads }: Rule,
  scheduler: SchedulerName,
  source: KernelSource,
  plant = 0,
): string {
  const config = { scheduler, maxthread: 1_000, objects: 40, hz: 1_000_000, quantum: 1_000 };
  const machine = withOwnPriorities(new Machine(config, source));
  if (plant !== 0) machine.kernel.setMachine("plant", plant);
  const init =
    kind === "rm" ? sys.rm_init("table", options) : sys.lockinit(0, "vnode", TIMEOUT, options);
  const lock = machine.call(init)[1] >>> 0;
  const log: string[] = [];
  const priority = (name: string) =>
    [...machine.threads()].find((thread) => thread.name === name)?.priority;
  const body = (name: string, script: string) =>
    function* (): Body {
      for (const word of script.split(" ")) {
        if (/^\d/.test(word)) yield* sys.sleep(BigInt(word) * US);
        else if (word.startsWith("prio:")) yield* sys.sched_prio_self(Number(word.slice(5)));
        else if (word === "pri") log.push(`${name} pri=${priority(name)}`);
        else {
          const result = yield* (operations[word] as Call)(lock);
          log.push(answers.includes(word) ? `${name} ${word}=${result}` : `${name} ${word}`);
        }
      }
    };
  const bodies = Object.entries(threads).map(([name, script]) => [name, body(name, script)]);
  inTurn(machine, Object.fromEntries(bodies));
  return log.join(", ");
}

const expected = ({ log }: Rule) => log.replace(/\s+/g, " ");

describe.each(SCHEDULERS)("read-mostly locks and the lock manager under %s", (scheduler) => {
  it.each(rules.map((rule) => [rule.says, rule] as const))("%s", (_says, rule) => {
    expect(logOf(rule, scheduler, build)).toBe(expected(rule));
  });

  it("a reader that has ended is not the next thread in its structure", () => {
    const machine = new Machine({ scheduler, maxthread: 1_000, objects: 40 }, build);
    const lock = machine.call(sys.rm_init("table", 0))[1] >>> 0;
    const came: number[] = [];
    const reader = () =>
      machine.createThread({
        name: "reader",
        *body() {
          yield* sys.rm_rlock(lock);
          came.push(1);
        },
      }).address;
    const first = reader();
    machine.run();
    for (let next = 0, i = 0; next !== first; i++) {
      expect(i).toBeLessThan(20);
      next = reader();
      machine.run();
    }
    expect(came.length).toBeGreaterThan(1);
  });
});

describe("a fault planted in these locks", () => {
  const planted = rules.filter(({ plant }) => plant !== undefined);

  it.each(planted.map((rule) => [rule.says, rule] as const))("is found: %s", (_says, rule) => {
    const found = SCHEDULERS.filter((scheduler) => {
      try {
        return logOf(rule, scheduler, "check", rule.plant) !== expected(rule);
      } catch {
        return true; // a panic
      }
    });
    expect(found).toEqual(SCHEDULERS);
  });
});
