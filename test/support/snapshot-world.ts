// Random machines for the tests of snapshots: a function of their seed alone, with RV32 and JavaScript bodies
// that sleep, wake, wait for objects, make threads and end.

import type { MachineConfig } from "../../src/core/config.js";
import * as Layout from "../../src/generated/layout.js";
import {
  type BodyFunction,
  channel,
  cycles,
  type Handle,
  type KernelBuild,
  kernel,
  Machine,
  program,
  string,
} from "../../src/index.js";
import { Random } from "./random.js";
import { isLwkt, SCHEDULERS } from "./schedulers.js";

const STEPS = 400;
const [LK_EXCLUSIVE, LK_RELEASE, LK_SHARED] = [0x80000, 0x100000, 0x200000];
/** A budget, a deadline and a period, in microseconds. */
const PROMISE = [1_000, 20_000, 20_000] as const;
const CHANNELS = ["disk", "net", "tty"] as const;

/** A machine's size, smaller than the default: whole memories are compared. */
const SMALL = {
  maxthread: 400,
  maxproc: 50,
  guestMemory: 16_384,
  textMemory: 8_192,
  objects: 64,
  stringMemory: 8_192,
} as const;

/** A machine, and the functions that a file of it refers to. */
export interface World {
  readonly machine: Machine;
  readonly bodies: Readonly<Record<string, BodyFunction>>;
}

/** Which kinds of bodies a world has. */
export interface Kinds {
  readonly isRv32: boolean;
  readonly isHost: boolean;
}

export function randomConfig(random: Random, cpus: number, { isRv32 }: Kinds): MachineConfig {
  const scheduler = random.pick(SCHEDULERS);
  return {
    ...SMALL,
    cpus,
    scheduler,
    // The builder's loops count in registers that RV32E lacks.
    registers: isRv32 ? 32 : random.pick([16, 32]),
    statistics: random.once(3),
    domains: random.pick([1, 1, 3]),
    preemption: !random.once(4),
    quantum: 300 + random.below(20_000),
    kstackDepth: 6 + random.below(8),
    chaos: random.once(4),
    witness: random.once(4),
    lockProfile: random.once(4),
    adaptiveLocks: random.once(4),
    time: random.once(8) ? "idle" : "cycles",
    seed: random.below(1_000_000),
    snapshots: true,
    jit: false, // marks of compiled code are in memory, and whole memories are compared
  };
}

/** What the threads of a machine wait for. */
interface Objects {
  readonly mutex: number;
  readonly semaphore: number;
  readonly condition: number;
  readonly rwlock: number;
  readonly sx: number;
  readonly rmlock: number;
  readonly lockmgr: number;
  /** 0 where there are no tokens. */
  readonly token: number;
}

function createObjects(machine: Machine, hasTokens: boolean): Objects {
  const create = (call: Parameters<Machine["call"]>[0]) => (machine.call(call)[1] ?? 0) >>> 0;
  return {
    mutex: create(kernel.mtx_create("mutex")),
    semaphore: create(kernel.sema_create("semaphore", 3)),
    condition: create(kernel.cv_create("condition")),
    rwlock: create(kernel.rw_init("rwlock", 0)),
    sx: create(kernel.sx_init("sx", 0)),
    rmlock: create(kernel.rm_init("rmlock", 0)),
    lockmgr: create(kernel.lockinit(0, "lockmgr", 0, 0)),
    token: hasTokens ? create(kernel.lwkt_token_create(0)) : 0,
  };
}

/** An RV32 body: what a thread does follows from the machine's random numbers. */
function storm(isLwkt: boolean, { mutex, semaphore, rwlock }: Objects) {
  const builder = program("storm").data("sum", { words: [0] });
  const part = (n: number, then: Parameters<typeof builder.if>[1]) =>
    builder.if(["s1", "==", n], then);
  builder.loop(STEPS, (b) => {
    b.call("random").li("t1", 8).remu("s1", "a0", "t1").andi("s0", "a0", 15);
    part(0, (p) => p.compute(cycles(700)));
    part(1, (p) => p.call("tsleep", channel("disk"), 0, string("disk"), 2));
    part(2, (p) => p.call("wakeup", channel("disk")));
    part(3, (p) =>
      p
        .call("mtx_lock", mutex)
        .load("t0", "sum")
        .addi("t0", "t0", 1)
        .store("t0", "sum")
        .call("mtx_unlock", mutex),
    );
    part(4, (p) => p.call("sema_post", semaphore));
    part(5, (p) => p.call("sema_wait", semaphore));
    part(6, (p) => p.loop(20, (inner) => inner.nop()));
    part(7, (p) => p.call("rw_rlock", rwlock).nop().call("rw_runlock", rwlock));
    b.call(isLwkt ? "lwkt_yield" : "sched_relinquish");
  });
  return builder.build();
}

/** The body of a thread that a body makes: it exists only in what its maker has done. */
function childOf(made: number, step: number): BodyFunction {
  return function* (arg: number) {
    for (let i = 0; i < 20; i++) {
      if ((yield* kernel.random()) % 2 === 0) yield kernel.sched_relinquish();
      else yield* kernel.compute(BigInt(100 * made + arg + step));
    }
    yield kernel.kthread_exit();
  };
}

/** Takes a lock of one of the later kinds, gives way with it or not, and releases it. */
function* locking(what: number, object: Objects) {
  const alone = what % 3 === 0;
  switch ((what >>> 2) % 6) {
    case 0:
      yield* alone ? kernel.rw_wlock(object.rwlock) : kernel.rw_rlock(object.rwlock);
      yield kernel.sched_relinquish();
      yield* alone ? kernel.rw_wunlock(object.rwlock) : kernel.rw_runlock(object.rwlock);
      break;
    case 1:
      yield* kernel.sx_xlock(object.sx);
      yield* kernel.sx_downgrade(object.sx);
      yield kernel.sched_relinquish();
      yield* kernel.sx_sunlock(object.sx);
      break;
    case 2:
      yield* alone ? kernel.rm_wlock(object.rmlock) : kernel.rm_rlock(object.rmlock);
      yield* kernel.compute(BigInt(what % 300));
      yield* alone ? kernel.rm_wunlock(object.rmlock) : kernel.rm_runlock(object.rmlock);
      break;
    case 3:
      yield* kernel.lockmgr(object.lockmgr, alone ? LK_EXCLUSIVE : LK_SHARED, 0);
      yield kernel.sched_relinquish();
      yield* kernel.lockmgr(object.lockmgr, LK_RELEASE, 0);
      break;
    case 4:
      yield* kernel.mtx_lock(object.mutex);
      yield* kernel.cv_timedwait(object.condition, object.mutex, 1 + (what % 4));
      yield* kernel.mtx_unlock(object.mutex);
      break;
    default:
      yield* kernel.cv_broadcast(object.condition);
  }
}

/** Takes a token, the machine's or one of the pool, or tries to; where there is none, asks for a deadline. */
function* guarding(what: number, { token }: Objects) {
  if (token === 0) yield* kernel.sched_setdeadline_self(...PROMISE);
  else if (what % 3 === 0) {
    yield* kernel.lwkt_getpooltoken(4 * (what % 50));
    yield kernel.lwkt_yield();
    yield* kernel.lwkt_relpooltoken(4 * (what % 50));
  } else if (what % 3 === 1) {
    if (yield* kernel.lwkt_trytoken(token)) yield* kernel.lwkt_reltoken(token);
  } else {
    yield* kernel.lwkt_gettoken(token);
    yield* kernel.pause("token", 1 + (what % 3));
    yield* kernel.lwkt_regettoken(token);
    yield* kernel.lwkt_reltoken(token);
  }
}

/** A JavaScript body that does the same, and makes others. */
function weather(depth: number, object: Objects): BodyFunction {
  return function* worker() {
    let made = 0;
    for (let step = 0; step < STEPS; step++) {
      const what = (yield* kernel.random()) >>> 3;
      switch (what % 11) {
        case 0:
          yield* kernel.compute(BigInt(what % 900));
          break;
        case 1:
          yield* kernel.tsleep(
            CHANNELS[what % 3] ?? "disk",
            0,
            `${CHANNELS[what % 3]}`,
            1 + (what % 5),
          );
          break;
        case 2:
          yield* kernel.wakeup(CHANNELS[what % 3] ?? "disk");
          break;
        case 3:
          yield* kernel.mtx_lock(object.mutex);
          if (what % 5 === 0) yield kernel.sched_relinquish();
          yield* kernel.mtx_unlock(object.mutex);
          break;
        case 4:
          yield* kernel.sema_post(object.semaphore);
          break;
        case 5:
          yield* kernel.sched_prio_self(60 + (what % 100));
          break;
        case 6:
          if (depth > 0 && made < 40) {
            made++;
            const child = childOf(made, step);
            const { error, address } = yield* kernel.kthread_add(
              child,
              made,
              0,
              0,
              0,
              "child%d",
              made,
            );
            if (error !== 0) yield kernel.sched_relinquish();
            else yield* kernel.compute(BigInt(address % 1_000));
          }
          break;
        case 7:
        case 8:
          yield* locking(what >>> 4, object);
          break;
        case 9:
          yield* guarding(what >>> 4, object);
          break;
        default:
          for (let i = 0; i < 5; i++) yield kernel.sched_relinquish();
      }
    }
  };
}

/** Boots a machine with some threads; two with the same seed and configuration are alike. */
export function createWorld(
  seed: number,
  config: MachineConfig,
  build: KernelBuild,
  { isRv32, isHost }: Kinds,
): World {
  const random = new Random(seed);
  const machine = new Machine(config, build);
  const objects = createObjects(machine, isLwkt(config.scheduler));
  const rv32 = machine.load(storm(isLwkt(config.scheduler), objects));
  const host = weather(1, objects);
  const process: Handle = machine.createProcess({ name: "idler", body: rv32, stopped: true });
  for (let i = 0; i < 3 + random.below(12); i++) {
    const body = isHost && (!isRv32 || random.once(2)) ? host : rv32;
    machine.createThread({
      name: `t${i}`,
      body,
      arg: i,
      cpu: random.below(config.cpus ?? 1),
      priority: 80 + random.below(40),
      ...(random.once(3) ? { process } : {}),
    });
  }
  return { machine, bodies: { [host.name]: host } };
}

/** The machine's memory from the machine structure on: itself, and no copy, so that it changes with the machine. */
export function memoryOf({ kernel: { u8 } }: Machine): Buffer {
  return Buffer.from(u8.buffer, Layout.MACHINE_ADDRESS);
}
