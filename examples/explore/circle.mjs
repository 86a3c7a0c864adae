// Three threads take two of three locks each: in a circle, or in one order.
import { sys } from "kthread-machine";

const locks = (orders) => (machine) => {
  const [a, b, c] = ["A", "B", "C"].map((name) => ({
    address: machine.call(sys.mtx_create(name))[1] >>> 0,
  }));
  const known = { a, b, c };
  for (const [first, second] of orders) {
    machine.createThread({
      name: `${first}${second}`,
      *body() {
        yield* sys.mtx_lock(known[first]);
        yield* sys.mtx_lock(known[second]);
        yield* sys.mtx_unlock(known[second]);
        yield* sys.mtx_unlock(known[first]);
      },
    });
  }
};

const broken = locks(["ab", "bc", "ca"]);
const right = locks(["ab", "bc", "ac"]);

export { broken as default, right };
