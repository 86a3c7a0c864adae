// What a user of the package might write; the same source in every host. Returns what each of its machines has
// come to, by their hashes.

import {
  channel,
  decodeSnapshot,
  encodeSnapshot,
  Machine,
  type MachineConfig,
  parseWorkload,
  program,
  runWorkload,
  string,
  sys,
} from "kthread-machine";

const config: MachineConfig = { cpus: 2, maxthread: 100, maxproc: 20 };

/** Bodies in JavaScript on two CPUs. */
async function bodies(): Promise<string> {
  const machine = await Machine.create(config);
  const worker = machine.createThread({
    name: "worker",
    *body() {
      for (let i = 0; i < 100; i++) yield* sys.compute(50_000n);
      yield* sys.kthread_suspend_check();
    },
  });
  machine.createThread({
    name: "manager",
    *body() {
      yield* sys.kthread_suspend(worker, 100);
      yield* sys.pause("rest", 5);
      yield* sys.kthread_resume(worker);
    },
  });
  machine.run();
  return machine.hash;
}

/** Machine code that is hot enough to be compiled. */
async function machineCode(): Promise<string> {
  const machine = await Machine.create(config);
  const player = (own: string, other: string) =>
    program(own)
      .loop(200_000, (p) =>
        p.call("wakeup", channel(other)).call("tsleep", channel(own), 0, string(own), 1),
      )
      .call("kthread_exit")
      .build();
  machine.createThread({ name: "ping", body: machine.load(player("ping", "pong")) });
  machine.createThread({ name: "pong", body: machine.load(player("pong", "ping")) });
  machine.run();
  return machine.hash;
}

/** A machine that goes on from the bytes of a snapshot. */
async function snapshot(): Promise<string> {
  const machine = await Machine.create(config);
  const counting = program("counting")
    .loop(1_000, (p) => p.call("lwkt_yield"))
    .build();
  machine.createThread({ name: "counting", body: machine.load(counting) });
  machine.run({ switches: 500 });
  const bytes = encodeSnapshot(machine.snapshot());
  const other = await Machine.create(config);
  other.restore(decodeSnapshot(bytes));
  other.run();
  return other.hash;
}

function workload(): string {
  const text = `{ "tasks": { "spinner": { "instance": 3, "loop": 20, "run": 1000, "sleep": 500 } } }`;
  return runWorkload(parseWorkload(text, "spinner.json")).hash;
}

/** All of them. */
export async function run(): Promise<string> {
  const hashes = [await bodies(), await machineCode(), await snapshot(), workload()];
  return hashes.join(" ");
}
