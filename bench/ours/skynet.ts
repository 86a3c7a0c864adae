// The skynet benchmark on our machine. Each thread that has children has a node in guest memory: its
// children write what they have to say into the node and wake it by wakeup; it sleeps by tsleep until all
// ten have. A child's argument is the address of its slot in its parent's node.
//
//   0                           80       84           88      92      96                 128
//  | ten slots of 64 bits      | first  | per child  | came  |       |                  |

import { calls } from "../../src/core/calls.js";
import { encodeKernelCall } from "../../src/program/encode.js";
import {
  label,
  type MachineProgramBuilder,
  program,
  string,
  symbol,
} from "../../src/program/index.js";
import type { RoundFn } from "../lib/types.js";
import { check, configFor, placeDriver, resident_mb, time_ms, Workbench } from "./workbench.js";

const LEAVES = 1_000_000;
const THREADS = 1_111_111;
const CHILDREN = 10;
const RESULT = 499_999_500_000;
const NODES = (THREADS - 1) / CHILDREN;
const NODE_BYTES = 128;
const FIRST = 80;
const PER_CHILD = 84;
const CAME = 88;

/** kthread_add of the entry in s2 for the slot in s1; everything but a0 and a1 stays from call to call. */
function placeChildren(b: MachineProgramBuilder): void {
  b.li("a2", 0).li("a3", 0).li("a4", 0).li("a5", string("skynet")).li("a6", 0);
  b.addi("s3", "s0", 8 * CHILDREN).mv("s1", "s0");
  b.label("create").mv("a0", "s2").mv("a1", "s1").raw(encodeKernelCall(calls.kthread_add.nr));
  b.bnez("a0", "failed").addi("s1", "s1", 8).bne("s1", "s3", "create");
}

/** Sleeps until ten children have answered; then s4 and s5 are the sum of the ten. */
function placeSum(b: MachineProgramBuilder): void {
  b.li("s6", CHILDREN).label("look").lw("t0", "s0", CAME).beq("t0", "s6", "all came");
  b.addi("t0", "s0", 1).call("tsleep", "t0", 0, string("skynet"), 0).jump("look");
  b.label("all came").li("s4", 0).li("s5", 0).mv("s1", "s0");
  b.label("sum").lw("t0", "s1", 0).lw("t1", "s1", 4).addi("s1", "s1", 8);
  b.add("s4", "s4", "t0").sltu("t0", "s4", "t0").add("s5", "s5", "t1").add("s5", "s5", "t0");
  b.bne("s1", "s3", "sum");
}

/** With t0 = the parent's node: one more child has answered. */
function placeAnswered(b: MachineProgramBuilder): void {
  b.lw("t1", "t0", CAME).addi("t1", "t1", 1).sw("t1", "t0", CAME);
  b.addi("a0", "t0", 1).raw(encodeKernelCall(calls.wakeup.nr)).call("kthread_exit");
}

/** A thread with a million leaves or fewer below it; a0 = its slot. */
function placeInner(b: MachineProgramBuilder): void {
  b.label("inner").mv("gp", "a0").andi("t0", "gp", -NODE_BYTES);
  b.comment("Its own node is the next free one");
  b.la("t1", "free").lw("s0", "t1", 0).addi("t2", "s0", NODE_BYTES).sw("t2", "t1", 0);
  b.comment(
    "first = parent.first + slot number * parent.per child; per child = that of the parent / 10",
  );
  b.sub("t1", "gp", "t0").srli("t1", "t1", 3).lw("t2", "t0", PER_CHILD).mul("t1", "t1", "t2");
  b.lw("t3", "t0", FIRST).add("t1", "t1", "t3").sw("t1", "s0", FIRST);
  b.li("t1", CHILDREN).divu("t2", "t2", "t1").sw("t2", "s0", PER_CHILD).sw("zero", "s0", CAME);
  b.li("s2", label("inner")).li("t0", 1).bne("t2", "t0", "children").li("s2", label("leaf"));
  b.label("children").apply(placeChildren).apply(placeSum);
  b.sw("s4", "gp", 0).sw("s5", "gp", 4).andi("t0", "gp", -NODE_BYTES).apply(placeAnswered);
  b.label("failed").la("t0", "errno").sw("a0", "t0", 0).call("kthread_exit");
}

/** A leaf says its number: that of its parent's first, and its own place; a0 = its slot. */
function placeLeaf(b: MachineProgramBuilder): void {
  b.label("leaf").andi("t0", "a0", -NODE_BYTES).sub("t1", "a0", "t0").srli("t1", "t1", 3);
  b.lw("t2", "t0", FIRST).add("t1", "t1", "t2").sw("t1", "a0", 0).sw("zero", "a0", 4);
  b.apply(placeAnswered);
}

function placeRound(b: MachineProgramBuilder): void {
  b.la("s0", "root").la("t0", "nodes").la("t1", "free").sw("t0", "t1", 0);
  b.sw("zero", "s0", FIRST).li("t0", LEAVES).sw("t0", "s0", PER_CHILD).sw("zero", "s0", CAME);
  b.call("kthread_add", label("inner"), "s0", 0, 0, 0, string("skynet"), 0);
  b.label("look at root").lw("t0", "s0", CAME).bnez("t0", "answered");
  b.call("tsleep", symbol("root", 1), 0, string("skynet"), 0).jump("look at root");
  b.label("answered").call("thread_reap");
}

function skynetProgram() {
  const node = (count: number) => ({ zero: count * NODE_BYTES, align: NODE_BYTES });
  const b = program("skynet").data("root", node(1)).data("nodes", node(NODES));
  b.data("free", { words: [0] }).data("errno", { words: [0] });
  placeDriver(b, placeRound);
  return b.apply(placeInner).apply(placeLeaf).build();
}

export async function runSkynet(): Promise<RoundFn> {
  const guestMemory = (NODES + 64) * NODE_BYTES;
  const bench = new Workbench(configFor(THREADS, { guestMemory }), skynetProgram());
  bench.startDriver();
  const { machine } = bench;
  const threads = machine.counters.threads;
  return () => {
    const time = time_ms(() => bench.round());
    const sum = (bench.word("root") >>> 0) + bench.word("root", 1) * 2 ** 32;
    check(sum === RESULT, `The sum is wrong: ${sum} (errno ${bench.word("errno")}).`);
    check(machine.counters.threads === threads, "A thread was not reaped.");
    return { time, memory: resident_mb() };
  };
}
