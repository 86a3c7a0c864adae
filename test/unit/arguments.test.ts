// What the public methods say to arguments that they do not take: an ArgumentError (or another one of
// the library's own) that names the argument and what is allowed, and a machine that is as it was.

import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  BodyError,
  ConfigError,
  KernelError,
  KernelPanic,
  Machine,
  ProgramError,
  program,
  sys,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

const odd: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  0,
  1,
  1.5,
  33,
  256,
  300,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  5n,
  -5n,
  2n ** 64n,
  2n ** 70n,
  "",
  "x",
  "0",
  "toString",
  "__proto__",
  "\u0000",
  "\ud800",
  "é".repeat(200),
  Symbol("s"),
  [],
  [1],
  {},
  { address: 4 },
  { address: "x" },
  { address: Number.NaN },
  { entry: 3 },
  Promise.resolve(),
  () => {},
  function* () {},
  async () => {},
  new Date(0),
  /x/,
  new Map(),
  Object.create(null),
  new Proxy({}, {}),
  sys.lwkt_yield(),
];

const boot = () => new Machine({ cpus: 2, maxthread: 100 }, buildUnderTest);
const body = function* () {
  yield sys.lwkt_yield();
};

describe("a public method's arguments", () => {
  it.each<[string, (machine: Machine) => unknown]>([
    [
      "createThread: priority is 300; it must be a whole number from 0 to 255",
      (m) => m.createThread({ name: "t", body, priority: 300 }),
    ],
    [
      "createThread: priority is -1; it must be a whole number from 0 to 255",
      (m) => m.createThread({ name: "t", body, priority: -1 }),
    ],
    [
      "createThread: priority is NaN; it must be a whole number from 0 to 255",
      (m) => m.createThread({ name: "t", body, priority: Number.NaN }),
    ],
    [
      'createThread: priority is "x"; it must be a whole number from 0 to 255',
      (m) => m.createThread({ name: "t", body, priority: "x" as never }),
    ],
    [
      "createThread: stackPages is 33; it must be a whole number from 1 to 32",
      (m) => m.createThread({ name: "t", body, stackPages: 33 }),
    ],
    [
      "createThread: cpu is 2; it must be a CPU of this machine, 0 to 1",
      (m) => m.createThread({ name: "t", body, cpu: 2 }),
    ],
    ["createThread: name is missing; it must be a text", (m) => m.createThread({ body } as never)],
    [
      'createThread: there is no option "prioritty"; there are name, body, arg, cpu, stopped, priority, stackPages, process',
      (m) => m.createThread({ name: "t", body, prioritty: 3 } as never),
    ],
    [
      "createThread: options are missing; they must be an object",
      (m) => m.createThread(undefined as never),
    ],
    [
      "createProcess: body is 7; it must be a generator function, a loaded program, or an address of program text, below 65536",
      (m) => m.createProcess({ name: "p", body: 7 }),
    ],
    [
      "createLwkt: priority is -1; it must be a whole number from 0 to 31",
      (m) => m.createLwkt({ name: "l", body, priority: -1 }),
    ],
    [
      'run: there is no option "fro"; there are until, for, switches, rounds, onProgress',
      (m) => m.run({ fro: 5 } as never),
    ],
    [
      "run: until is -5n; it must be a whole number, 0 or more, of at most 64 bits",
      (m) => m.run({ until: -5n }),
    ],
    [
      'onEvent: list is "nope"; it must be one of shutdown_pre_sync, shutdown_post_sync, shutdown_final, thread_ctor, thread_dtor, thread_init, thread_fini',
      (m) => m.onEvent("nope" as never, () => {}),
    ],
    ["onEvent: handler is 5; it must be a function", (m) => m.onEvent("thread_ctor", 5 as never)],
    [
      'raise: line is "x"; it must be a whole number from 0 to 4294967295',
      (m) => m.raise("x" as never),
    ],
    [
      "interrupt: thread is null; it must be a thread of this machine",
      (m) => m.interrupt(null as never),
    ],
    [
      "thread: address is 12; it must be the address of a thread of this machine",
      (m) => m.thread(12),
    ],
    [
      'call: call is 5; it must be a kernel call, such as sys.wakeup("disk")',
      (m) => m.call(5 as never),
    ],
    [
      "load: program is an object; it must be a program that the program builder has built",
      (m) => m.load({} as never),
    ],
  ])("%s", (sentence, call) => {
    const machine = boot();
    const before = machine.kernel.u8.slice();
    let thrown: unknown;
    try {
      call(machine);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ArgumentError);
    expect((thrown as Error).message).toBe(sentence);
    expect(sentence.startsWith(`${(thrown as ArgumentError).method}: `)).toBe(true);
    expect(Buffer.compare(machine.kernel.u8, before)).toBe(0);
  });

  it("never end in anything but the library's own errors, and leave a machine that works", () => {
    const own = [ArgumentError, BodyError, ConfigError, KernelError, ProgramError];
    const wrong: string[] = [];
    let machine = boot();
    const attempt = (what: string, call: () => unknown) => {
      try {
        call();
      } catch (error) {
        if (error instanceof KernelPanic) machine = boot();
        else if (!own.some((kind) => error instanceof kind)) wrong.push(`${what}: ${error}`);
      }
    };
    for (const value of odd) {
      const v = value as never;
      const calls: Record<string, () => unknown> = {
        Machine: () => new Machine(v, buildUnderTest),
        "Machine build": () => new Machine({ maxthread: 10 }, v ?? buildUnderTest),
        "Machine sysinits": () => new Machine({ maxthread: 10 }, buildUnderTest, v),
        onEvent: () => machine.onEvent(v, v, v),
        "onEvent handler": () => machine.onEvent("thread_ctor", v)(),
        "onEvent priority": () => machine.onEvent("thread_ctor", () => {}, v)(),
        createThread: () => machine.createThread(v),
        createProcess: () => machine.createProcess(v),
        createLwkt: () => machine.createLwkt(v),
        place: () => machine.place(v, v),
        createWait: () => machine.createWait(v),
        createToken: () => machine.createToken(v),
        channel: () => machine.channel(v),
        load: () => machine.load(v, v),
        call: () => machine.call(v),
        interrupt: () => machine.interrupt(v),
        raise: () => machine.raise(v),
        sysctl: () => machine.sysctl(v),
        setSysctl: () => machine.setSysctl("lwkt.untimely_switch", v),
        "setSysctl name": () => machine.setSysctl(v, 0),
        run: () => machine.run(v),
        thread: () => machine.thread(v),
        process: () => machine.process(v),
        program: () => program(v),
      };
      for (const option of [
        "name",
        "body",
        "arg",
        "process",
        "priority",
        "cpu",
        "stopped",
        "stackPages",
      ]) {
        const options = { name: "t", body, [option]: value } as never;
        calls[`createThread ${option}`] = () => machine.createThread(options);
        calls[`createProcess ${option}`] = () => machine.createProcess(options);
        calls[`createLwkt ${option}`] = () => machine.createLwkt(options);
      }
      for (const option of ["until", "for", "switches", "onProgress"]) {
        calls[`run ${option}`] = () => machine.run({ rounds: 10, [option]: value });
      }
      for (const name of Object.keys(machine.config)) {
        if (name === "guestMemory" || name === "maxthread" || name === "stringMemory") continue;
        calls[`Machine ${name}`] = () =>
          new Machine({ maxthread: 10, [name]: value }, buildUnderTest);
      }
      for (const [name, make] of Object.entries(sys)) {
        const anything = make as unknown as (...args: unknown[]) => never;
        calls[`sys.${name}`] = () => machine.call(anything(value, value, value, value));
      }
      for (const [name, call] of Object.entries(calls)) {
        attempt(
          `${name} ${typeof value === "symbol" ? "symbol" : String(Object.prototype.toString.call(value))}`,
          call,
        );
      }
    }
    expect(wrong).toEqual([]);
    expect(boot().run().reason).toBe("idle");
  });
});
