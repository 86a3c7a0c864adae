// The kernel object arena: cells of one size; the last one freed is reused first.
import { KOBJ_SIZE } from "../sys/kobj";
import { machine } from "../sys/machine";

/** A zeroed cell, or 0 when all are in use. */
export function kobj_alloc(): usize {
  const m = machine();
  const free = m.kobj_free;
  if (free != 0) {
    m.kobj_free = load<usize>(free, sizeof<u32>());
    store<usize>(free, 0, sizeof<u32>());
    return free;
  }
  if (m.kobj_next == m.kobj_end) return 0;
  const cell = m.kobj_next;
  m.kobj_next = cell + KOBJ_SIZE;
  return cell;
}

/** Frees a cell. The first word of a free cell, the kind of its object, is 0. */
export function kobj_free(cell: usize): void {
  const m = machine();
  memory.fill(cell, 0, KOBJ_SIZE);
  store<usize>(cell, m.kobj_free, sizeof<u32>());
  m.kobj_free = cell;
}
