// The counter of counter.mjs in machine code: a load, an addition and a store, or amoadd.
import { program } from "kthread-machine";

const AMOADD = 0x00a4_a02f; // amoadd.w zero, a0, (s1)

const counter = (count) => (machine) => {
  const data = machine.load(
    program("data")
      .data("n", { words: [0] })
      .ret()
      .build(),
  );
  const body = machine.load(program("counter").li("s1", data.dataBase).apply(count).ret().build());
  for (const name of ["one", "two"]) machine.createThread({ name, body });
  const memory = machine.guestMemory;
  const view = new DataView(memory.buffer, memory.byteOffset);
  return () => {
    const n = view.getInt32(data.dataBase, true);
    if (n !== 2) throw new Error(`n is ${n}`);
  };
};

const broken = counter((p) => p.lw("a0", "s1", 0).addi("a0", "a0", 1).sw("a0", "s1", 0));
const right = counter((p) => p.li("a0", 1).raw(AMOADD));

export { broken as default, right };
