// Something is made when it is first needed. Looking once, under no lock, makes it twice; looking again under the lock
// does not.
import { sys } from "kthread-machine";

const once =
  (isCheckedAgain) =>
  (machine, { shared }) => {
    const ready = shared(0, "ready");
    const made = shared(0, "made");
    const lock = { address: machine.call(sys.mtx_create("lock"))[1] >>> 0 };
    function* user() {
      if ((yield* ready.get()) === 1) return;
      yield* sys.mtx_lock(lock);
      if (!isCheckedAgain || (yield* ready.get()) === 0) {
        yield* made.add(1);
        yield* ready.set(1);
      }
      yield* sys.mtx_unlock(lock);
    }
    for (const name of ["one", "two"]) machine.createThread({ name, body: user });
    return () => {
      if (made.value !== 1) throw new Error(`made ${made.value} times`);
    };
  };

const broken = once(false);
const right = once(true);

export { broken as default, right };
