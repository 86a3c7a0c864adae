// The handover of lost-wakeup.mjs in machine code.
import { channel, program, string, sys } from "kthread-machine";

const handover = (isLocked) => (machine) => {
  const data = machine.load(
    program("data")
      .data("full", { words: [0] })
      .ret()
      .build(),
  );
  const lock = machine.call(sys.mtx_create("lock"))[1] >>> 0;
  const locked = (p) => (isLocked ? p.call("mtx_lock", lock) : p);
  const unlocked = (p) => (isLocked ? p.call("mtx_unlock", lock) : p);
  const sleeps = (p) =>
    isLocked
      ? p.call("msleep", channel("filled"), lock, 0, string("empty"), 0)
      : p.call("tsleep", channel("filled"), 0, string("empty"), 0);
  const consumer = program("consumer")
    .li("s1", data.dataBase)
    .apply(locked)
    .label("again")
    .lw("a0", "s1", 0)
    .bnez("a0", "filled")
    .apply(sleeps)
    .jump("again")
    .label("filled")
    .apply(unlocked)
    .ret();
  const producer = program("producer")
    .li("s1", data.dataBase)
    .apply(locked)
    .li("a0", 1)
    .sw("a0", "s1", 0)
    .call("wakeup", channel("filled"))
    .apply(unlocked)
    .ret();
  machine.createThread({ name: "consumer", body: machine.load(consumer.build()) });
  machine.createThread({ name: "producer", body: machine.load(producer.build()) });
};

const broken = handover(false);
const right = handover(true);

export { broken as default, right };
