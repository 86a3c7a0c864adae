// Two threads count: an addition that is a look and a store loses one of the two; an atomic one does not.

const counter =
  (count) =>
  (machine, { shared }) => {
    const n = shared(0, "n");
    for (const name of ["one", "two"]) machine.createThread({ name, body: () => count(n) });
    return () => {
      if (n.value !== 2) throw new Error(`n is ${n.value}`);
    };
  };

const broken = counter(function* (n) {
  const old = yield* n.get();
  yield* n.set(old + 1);
});

const right = counter(function* (n) {
  yield* n.add(1);
});

export { broken as default, right };
