// The codec of snapshots: a module of its own, which works on the memory of whoever instantiates it.
//
// A machine's arenas are arrays of structures that look alike: most words of a line of 64 bytes are what
// they were in the line before, or as far from it as that one was from the line before it (an address, an
// id, a link to the next). So a line is expected to be the last one plus the last step, word by word, and
// only the words that are something else are stored:
//
//   | u16 lines as expected | u16 which words of the next line are not | u32 each of these words | ...
//
// A block begins anew, with a line and a step of zeros, so that it can be decoded by itself. The last group
// of a block has no words; it may have no lines either. Against a general compressor: it is ten times as fast,
// and a million threads take 11 to 19 MB.

/** Bytes of a line. */
const LINE: usize = 64;

/** Words of `a` that differ from `b`, as four bits. */
function differing(a: v128, b: v128): u32 {
  return i32x4.bitmask(i32x4.ne(a, b));
}

/**
 * Encodes the lines in [from, end), at most 1,024, to `out`, where up to 68 bytes a line and 4 more are
 * needed. Returns where the code ends.
 */
export function encode(from: usize, end: usize, out: usize): usize {
  let line0 = i32x4.splat(0);
  let line1 = line0;
  let line2 = line0;
  let line3 = line0;
  let step0 = line0;
  let step1 = line0;
  let step2 = line0;
  let step3 = line0;
  let expected: u32 = 0;
  for (; from < end; from += LINE) {
    const next0 = i32x4.sub(v128.load(from), line0);
    const next1 = i32x4.sub(v128.load(from, 16), line1);
    const next2 = i32x4.sub(v128.load(from, 32), line2);
    const next3 = i32x4.sub(v128.load(from, 48), line3);
    line0 = v128.load(from);
    line1 = v128.load(from, 16);
    line2 = v128.load(from, 32);
    line3 = v128.load(from, 48);
    const off01 = v128.or(v128.xor(next0, step0), v128.xor(next1, step1));
    const off23 = v128.or(v128.xor(next2, step2), v128.xor(next3, step3));
    if (!v128.any_true(v128.or(off01, off23))) {
      expected++;
      continue;
    }
    const low = differing(next0, step0) | (differing(next1, step1) << 4);
    const high = differing(next2, step2) | (differing(next3, step3) << 4);
    step0 = next0;
    step1 = next1;
    step2 = next2;
    step3 = next3;
    let words = low | (high << 8);
    store<u32>(out, expected | (words << 16));
    out += 4;
    for (; words != 0; words &= words - 1) {
      store<u32>(out, load<u32>(from + ((<usize>ctz(words)) << 2)));
      out += 4;
    }
    expected = 0;
  }
  store<u32>(out, expected);
  return out + 4;
}

/** Decodes the code at `at` to the lines in [to, end). Returns where the code ends, or 0 if it is no code. */
export function decode(at: usize, to: usize, end: usize): usize {
  let line0 = i32x4.splat(0);
  let line1 = line0;
  let line2 = line0;
  let line3 = line0;
  let step0 = line0;
  let step1 = line0;
  let step2 = line0;
  let step3 = line0;
  while (true) {
    let words = load<u32>(at);
    at += 4;
    let expected = words & 0xffff;
    words >>= 16;
    if (words != 0) expected++;
    for (; expected != 0 && to < end; expected--) {
      line0 = i32x4.add(line0, step0);
      line1 = i32x4.add(line1, step1);
      line2 = i32x4.add(line2, step2);
      line3 = i32x4.add(line3, step3);
      v128.store(to, line0);
      v128.store(to, line1, 16);
      v128.store(to, line2, 32);
      v128.store(to, line3, 48);
      to += LINE;
    }
    if (words == 0) return to == end && expected == 0 ? at : 0;
    if (to == end && expected != 0) return 0;
    const last = to - LINE;
    for (; words != 0; words &= words - 1) {
      store<u32>(last + ((<usize>ctz(words)) << 2), load<u32>(at));
      at += 4;
    }
    // The line before this one is the expected one less the step.
    const real0 = v128.load(last);
    const real1 = v128.load(last, 16);
    const real2 = v128.load(last, 32);
    const real3 = v128.load(last, 48);
    step0 = i32x4.add(i32x4.sub(real0, line0), step0);
    step1 = i32x4.add(i32x4.sub(real1, line1), step1);
    step2 = i32x4.add(i32x4.sub(real2, line2), step2);
    step3 = i32x4.add(i32x4.sub(real3, line3), step3);
    line0 = real0;
    line1 = real1;
    line2 = real2;
    line3 = real3;
  }
}

/**
 * Clears the lines in [from, end). Reads them first: pages that nobody ever wrote stay without memory.
 */
export function clear(from: usize, end: usize): void {
  for (; from < end; from += LINE) {
    const low = v128.or(v128.load(from), v128.load(from, 16));
    const high = v128.or(v128.load(from, 32), v128.load(from, 48));
    if (!v128.any_true(v128.or(low, high))) continue;
    const zero = i32x4.splat(0);
    v128.store(from, zero);
    v128.store(from, zero, 16);
    v128.store(from, zero, 32);
    v128.store(from, zero, 48);
  }
}
