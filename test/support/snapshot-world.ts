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
    time: random.once(8) ? "idle" : "cycles",
    seed: random.below(1_000_000),
    snapshots: true,
    jit: false, // marks of compiled code are in memory, and whole memories are compared
  };
}

/** An RV32 body: what a thread does follows from the machine's random numbers. */
function storm(isLwkt: boolean, mutex: number, semaphore: number) {
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

/** A JavaScript body that does the same, and makes others. */
function weather(depth: number, object: { mutex: number; semaphore: number }): BodyFunction {
  return function* worker() {
    let made = 0;
    for (let step = 0; step < STEPS; step++) {
      const what = (yield* kernel.random()) >>> 3;
      switch (what % 8) {
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
  const mutex = machine.call(kernel.mtx_create("mutex"))[1] >>> 0;
  const semaphore = machine.call(kernel.sema_create("semaphore", 3))[1] >>> 0;
  const rv32 = machine.load(storm(isLwkt(config.scheduler), mutex, semaphore));
  const host = weather(1, { mutex, semaphore });
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

/** The machine's memory from the machine structure on. */
export function memoryOf({ kernel: { u8 } }: Machine): Buffer {
  return Buffer.from(u8.buffer, Layout.MACHINE_ADDRESS);
}
