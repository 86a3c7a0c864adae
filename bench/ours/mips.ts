// The mips benchmark on our machine: the four programs of peers/native/mips.c, of the same size, put
// together with the program builder. Instructions are those that the machine counts.

import { type MachineProgramBuilder, program } from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import { check, configFor, placeDriver, time_ms, Workbench } from "./workbench.js";

const FIB_N = 27;
const FIB = 196_418;
const SIEVE_LIMIT = 1_000_000;
const PRIMES = 78_498;
const CRC_BYTES = 1_000_000;
const COUNT = 10_000_000;
const STACK_BYTES = 4096;
const POLYNOMIAL = 0xedb88320 | 0;

/** a0 = fib(a0) by plain recursion, as a compiler without inlining would do it. */
function placeFib(b: MachineProgramBuilder): void {
  b.la("sp", "stack", STACK_BYTES).li("a0", FIB_N).jal("ra", "fib").jump("worked");
  b.label("fib").li("t0", 2).bltu("a0", "t0", "fib done");
  b.addi("sp", "sp", -16).sw("ra", "sp", 12).sw("s1", "sp", 8).mv("s1", "a0");
  b.addi("a0", "a0", -1).jal("ra", "fib");
  b.sw("a0", "sp", 4).addi("a0", "s1", -2).jal("ra", "fib");
  b.lw("t0", "sp", 4).add("a0", "a0", "t0");
  b.lw("ra", "sp", 12).lw("s1", "sp", 8).addi("sp", "sp", 16);
  b.label("fib done").ret();
}

/** a0 = the number of primes below SIEVE_LIMIT; a byte says that a number is composite. */
function placeSieve(b: MachineProgramBuilder): void {
  b.la("s1", "bytes").li("s2", SIEVE_LIMIT).add("s3", "s1", "s2").mv("t0", "s1");
  b.label("clear").sw("zero", "t0", 0).addi("t0", "t0", 4).bltu("t0", "s3", "clear");
  b.li("a0", 0).li("t1", 2);
  b.label("candidate").add("t0", "s1", "t1").lbu("t2", "t0", 0).bnez("t2", "composite");
  b.addi("a0", "a0", 1)
    .slli("t2", "t1", 1)
    .add("t0", "s1", "t2")
    .li("t3", 1)
    .bgeu("t0", "s3", "composite");
  b.label("cross out").sb("t3", "t0", 0).add("t0", "t0", "t1").bltu("t0", "s3", "cross out");
  b.label("composite").addi("t1", "t1", 1).bltu("t1", "s2", "candidate").jump("worked");
}

/** a0 = the CRC-32 of CRC_BYTES bytes 0, 1, ..., 255, 0, ...: a table look-up a byte. */
function placeCrc32(b: MachineProgramBuilder): void {
  b.la("s1", "bytes").la("s2", "table").li("s3", POLYNOMIAL).li("t0", 0).li("s4", 256);
  b.label("entry").mv("t1", "t0").li("t2", 8);
  b.label("bit")
    .andi("t3", "t1", 1)
    .srli("t1", "t1", 1)
    .beqz("t3", "no carry")
    .xor("t1", "t1", "s3");
  b.label("no carry").addi("t2", "t2", -1).bnez("t2", "bit");
  b.slli("t3", "t0", 2).add("t3", "t3", "s2").sw("t1", "t3", 0);
  b.addi("t0", "t0", 1).bne("t0", "s4", "entry");
  b.li("t0", 0).li("t1", CRC_BYTES).mv("t2", "s1");
  b.label("fill").sb("t0", "t2", 0).addi("t2", "t2", 1).addi("t0", "t0", 1).bne("t0", "t1", "fill");
  b.li("a0", -1).mv("t0", "s1").mv("t1", "t2");
  b.label("byte")
    .lbu("t2", "t0", 0)
    .addi("t0", "t0", 1)
    .xor("t2", "t2", "a0")
    .andi("t2", "t2", 255);
  b.slli("t2", "t2", 2).add("t2", "t2", "s2").lw("t2", "t2", 0).srli("a0", "a0", 8);
  b.xor("a0", "a0", "t2").bne("t0", "t1", "byte").xori("a0", "a0", -1).jump("worked");
}

/** a0 = COUNT: one addition and one branch a turn. */
function placeCount(b: MachineProgramBuilder): void {
  b.li("a0", 0).li("t0", COUNT);
  b.label("turn").addi("a0", "a0", 1).bltu("a0", "t0", "turn").jump("worked");
}

interface Work {
  readonly place: (b: MachineProgramBuilder) => void;
  readonly result: () => number;
}

const works: Readonly<Record<string, Work>> = {
  fib: { place: placeFib, result: () => FIB },
  sieve: { place: placeSieve, result: () => PRIMES },
  crc32: { place: placeCrc32, result: crc32 },
  count: { place: placeCount, result: () => COUNT },
};

/** The same checksum in JavaScript. */
function crc32(): number {
  let crc = -1;
  for (let i = 0; i < CRC_BYTES; i++) {
    crc ^= i & 255;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return ~crc;
}

function mipsProgram({ place }: Work) {
  const b = program("mips")
    .data("repeats", { words: [0] })
    .data("result", { words: [0] });
  b.data("stack", { zero: STACK_BYTES })
    .data("table", { zero: 1024 })
    .data("bytes", { zero: CRC_BYTES });
  placeDriver(b, () => {
    b.load("s0", "repeats").label("work").apply(place);
    b.label("worked").la("t0", "result").sw("a0", "t0", 0).addi("s0", "s0", -1).bnez("s0", "work");
  });
  return b.build();
}

export async function runMips(params: Params): Promise<RoundFn> {
  const work = works[String(params.work)] as Work;
  const bench = new Workbench(configFor(16, { guestMemory: 2 << 20 }), mipsProgram(work));
  bench.startDriver();
  const { machine } = bench;
  return (ops) => {
    bench.setWord("repeats", ops);
    const before = machine.counters.instructions;
    const took_ms = time_ms(() => bench.round());
    check(bench.word("result") === work.result(), `The result is ${bench.word("result")}.`);
    const instructions = machine.counters.instructions - before;
    return { time: took_ms / ops, speed: instructions / took_ms / 1e3 };
  };
}
