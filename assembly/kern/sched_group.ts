// ULE's groups of CPUs: the machine, its packages, the CPUs that share a cache, those of a core; and the
// search for the least or most loaded CPU among them (sched_ule.c, cpu_search_lowest and cpu_search_highest).
//
// Each search descends at every level into the part with the least, or the most, load, so it need not find
// the extreme of the whole machine: work spreads over packages first, then over caches, then over cores. A
// thread counts 256. A CPU's own load is reduced by a random number below 128, or below 256 in the search for
// the most, so that equals take turns; half a thread less counts for the CPU that a thread comes from, so
// that among equals it stays.
import { GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import { sched_cpu } from "../sys/sched";
import { random_next, random_now } from "./kern_random";

/** The weight of a thread, and the half by which a CPU is preferred. */
const LOAD: i64 = 256;
const PREFERRED: i64 = 128;
/** Nothing was found. */
const NOBODY: i64 = i64.MAX_VALUE;
const NOBODY_HIGH: i64 = i64.MIN_VALUE;
/** A result has the load above the CPU's number. */
const CPU_BITS: i64 = 6;

/** tdq_load: threads that a CPU is running or could run. */
export function load_of(cpu: u32): i32 {
  const gd = globaldata(cpu);
  return gd.gd_nrunnable + (is_idle(gd) ? 0 : 1);
}

function is_idle(gd: GlobalData): bool {
  return gd.gd_curthread == gd.gd_idletd;
}

// ---- Groups ----

/** The size of the groups within a group of `size` CPUs: 1 if there are none. */
function part_of(m: Machine, size: u32): u32 {
  if (m.package_cpus != 0 && m.package_cpus < size) return m.package_cpus;
  if (m.cache_cpus != 0 && m.cache_cpus < size) return m.cache_cpus;
  return m.core_cpus != 0 && m.core_cpus < size ? m.core_cpus : 1;
}

/** The size of the smallest group larger than `size` CPUs; 0 if that is the machine. */
export function whole_of(m: Machine, size: u32): u32 {
  if (m.core_cpus > size) return m.core_cpus;
  if (m.cache_cpus > size) return m.cache_cpus;
  if (m.package_cpus > size) return m.package_cpus;
  return size < m.ncpus ? m.ncpus : 0;
}

/** The first CPU of a CPU's group of `size`. */
export function first_of(cpu: u32, size: u32): u32 {
  return (cpu / size) * size;
}

// ---- The least loaded CPU ----

/**
 * sched_lowest: in the group of `size` CPUs from `first`, the least loaded CPU of the set `cpus` that has no
 * thread of priority `pri` or better (-1: any) and at most `most` threads; -1 if there is none. `running`:
 * the thread to be placed runs on `prefer`, and is not counted there.
 */
export function sched_lowest(
  first: u32,
  size: u32,
  cpus: u64,
  pri: i32,
  most: i32,
  prefer: u32,
  running: bool,
): i32 {
  const found = lowest_in(machine(), first, size, cpus, pri, most, prefer, running);
  return found == NOBODY ? -1 : <i32>(found & ((1 << CPU_BITS) - 1));
}

/** The CPU, with its load in the upper bits. */
function lowest_in(
  m: Machine,
  first: u32,
  size: u32,
  cpus: u64,
  pri: i32,
  most: i32,
  prefer: u32,
  running: bool,
): i64 {
  const part = part_of(m, size);
  if (part == 1) return lowest_of(first, size, cpus, pri, most, prefer, running);
  let best = NOBODY;
  let least = NOBODY;
  for (let at = first + size; at != first; ) {
    at -= part;
    const found = lowest_in(m, at, part, cpus, pri, most, prefer, running);
    if (found == NOBODY) continue;
    let load = planted(Plant.GROUP_FLAT) ? <i64>0 : total_low(at, part, prefer, running);
    // A thread that looks for a better CPU than its own does not prefer a core with other busy CPUs, so that
    // cores take turns.
    const is_core = part == m.core_cpus && part > 1;
    if (running && is_core && load >= PREFERRED && (load & PREFERRED) != 0) load += PREFERRED;
    if (load > least || (load == least && found >> CPU_BITS >= best >> CPU_BITS)) continue;
    least = load;
    best = found;
  }
  return best;
}

/** Number of a CPU's threads, without the one to be placed. */
function load_without(cpu: u32, prefer: u32, running: bool): i64 {
  return <i64>load_of(cpu) - (cpu == prefer && running ? 1 : 0);
}

function total_low(first: u32, size: u32, prefer: u32, running: bool): i64 {
  let load: i64 = 0;
  for (let cpu = first; cpu < first + size; cpu++) {
    load += load_without(cpu, prefer, running) * LOAD - (cpu == prefer ? PREFERRED : 0);
  }
  return load;
}

function lowest_of(
  first: u32,
  size: u32,
  cpus: u64,
  pri: i32,
  most: i32,
  prefer: u32,
  running: bool,
): i64 {
  let best = NOBODY;
  let least = NOBODY;
  for (let cpu = first + size; cpu != first; ) {
    cpu--;
    const threads = load_without(cpu, prefer, running);
    const own = cpu == prefer && running;
    if (threads > most || ((cpus >> cpu) & 1) == 0) continue;
    if (!own && <i32>sched_cpu(cpu).sc_lowpri <= pri) continue;
    const stays = cpu == prefer && !(running && threads > 0);
    const load = threads * LOAD - <i64>(random_next() & 127);
    const weighed = load - (stays ? PREFERRED : 0);
    if (weighed >= least) continue;
    least = weighed;
    best = (load << CPU_BITS) + cpu;
  }
  return best;
}

// ---- The most loaded CPU ----

/**
 * sched_highest: the most loaded CPU of a set, in a group, that has at least `least` threads, of which at
 * least `waiting` wait; -1 if there is none.
 */
export function sched_highest(first: u32, size: u32, cpus: u64, least: i32, waiting: i32): i32 {
  const found = highest_in(machine(), first, size, cpus, least, waiting);
  return found == NOBODY_HIGH ? -1 : <i32>(found & ((1 << CPU_BITS) - 1));
}

function highest_in(m: Machine, first: u32, size: u32, cpus: u64, least: i32, waiting: i32): i64 {
  const part = part_of(m, size);
  if (part == 1) return highest_of(first, size, cpus, least, waiting);
  let best = NOBODY_HIGH;
  let most = NOBODY_HIGH;
  for (let at = first + size; at != first; ) {
    at -= part;
    const found = highest_in(m, at, part, cpus, least, waiting);
    if (found == NOBODY_HIGH) continue;
    let load: i64 = 0;
    for (let cpu = at; cpu < at + part; cpu++) load += <i64>load_of(cpu) * LOAD;
    if (load < most || (load == most && found >> CPU_BITS <= best >> CPU_BITS)) continue;
    most = load;
    best = found;
  }
  return best;
}

function highest_of(first: u32, size: u32, cpus: u64, least: i32, waiting: i32): i64 {
  let best = NOBODY_HIGH;
  let most = NOBODY_HIGH;
  for (let cpu = first + size; cpu != first; ) {
    cpu--;
    const threads = load_of(cpu);
    if (threads < least || globaldata(cpu).gd_nrunnable < waiting) continue;
    if (((cpus >> cpu) & 1) == 0) continue;
    const load = <i64>threads * LOAD - <i64>(random_now(cpu) & 255);
    if (load <= most) continue;
    most = load;
    best = (load << CPU_BITS) + cpu;
  }
  return best;
}
