// Pointers of C programs in kernel calls: checked like loads, and converted to what the kernel works with.
//
// A string is interned: the kernel keeps names for as long as they may be read, while the program may reuse
// its memory. Equal texts have the same address, found by a hash with open addressing. When the string arena
// is full, the text is "...".
//
// A channel becomes an address in guest memory, which is never an address of the kernel's own, so that the
// program's channels and the kernel's cannot collide. A thread or a process used as a channel stays what it
// is: the kernel wakes sleepers on it (kthread_exit, kproc_exit).

import { machine } from "../sys/machine";
import { STRING_MAX } from "../sys/param";
import { td_valid } from "../sys/thread";
import { proc_valid } from "./kern_fork";
import { str } from "./kern_subr";

// Characters of a format.
const PERCENT: u32 = 0x25;
const MINUS: u32 = 0x2d;
const DIGIT_0: u32 = 0x30;
const DIGIT_9: u32 = 0x39;
const LETTER_S: u32 = 0x73;

/** Bytes in front of an interned string's text: its length. */
const STRING_HEAD: u32 = sizeof<u32>();

/** True when `size` bytes at a guest address may be read. */
export function guest_has(address: u32, size: u32): bool {
  const m = machine();
  return address >= m.guest_low && address <= m.guest_size && m.guest_size - address >= size;
}

/** Makes the current call fail unless `size` bytes at a guest address may be read. */
export function copyin_check(address: u32, size: u32): void {
  if (!guest_has(address, size)) bad(address);
}

function bad(address: u32): void {
  const m = machine();
  m.bad_pointer = 1;
  m.bad_address = address;
}

/** The interned copy of the string at a guest address. */
export function copyinstr(address: u32): u32 {
  const m = machine();
  if (!guest_has(address, 1)) {
    bad(address);
    return str("");
  }
  const from = m.guest_base + <usize>address;
  const room = m.guest_size - address;
  const most = room < STRING_MAX ? room : STRING_MAX;
  let length: u32 = 0;
  let hash: u32 = 0x811c9dc5;
  while (length < most) {
    const byte = load<u8>(from + <usize>length);
    if (byte == 0) break;
    hash = (hash ^ <u32>byte) * 0x01000193;
    length++;
  }
  if (length == room) {
    bad(m.guest_size);
    return str("");
  }
  return string_intern(from, length, hash);
}

/** A format's argument: interned if the format takes a string, otherwise unchanged. */
export function copyin_fmtarg(fmt: u32, arg: u32): u32 {
  const m = machine();
  if (<usize>fmt < m.string_base || <usize>fmt >= m.string_end) return arg;
  const length = load<u32>(fmt);
  for (let i: u32 = 0; i + 1 < length; i++) {
    if (load<u8>(<usize>(fmt + STRING_HEAD + i)) != PERCENT) continue;
    i++;
    let byte = load<u8>(<usize>(fmt + STRING_HEAD + i));
    while (i + 1 < length && (byte == MINUS || (byte >= DIGIT_0 && byte <= DIGIT_9))) {
      i++;
      byte = load<u8>(<usize>(fmt + STRING_HEAD + i));
    }
    if (byte == PERCENT) continue;
    return byte == LETTER_S ? copyinstr(arg) : arg;
  }
  return arg;
}

/** The kernel's channel for a C program's. */
export function copyin_channel(channel: u32): u32 {
  const m = machine();
  if (channel == 0 || channel >= m.guest_size) return channel;
  if (td_valid(channel) || proc_valid(channel)) return channel;
  return <u32>m.guest_base + channel;
}

// ---- Interned strings ----

function string_is(at: u32, from: usize, length: u32): bool {
  return (
    load<u32>(at) == length && memory.compare(<usize>(at + STRING_HEAD), from, <usize>length) == 0
  );
}

function string_intern(from: usize, length: u32, hash: u32): u32 {
  const m = machine();
  let probe = hash & m.strhash_mask;
  let slot = m.strhash_base + <usize>probe * sizeof<u32>();
  while (load<u32>(slot) != 0 && !string_is(load<u32>(slot), from, length)) {
    probe = (probe + 1) & m.strhash_mask;
    slot = m.strhash_base + <usize>probe * sizeof<u32>();
  }
  return load<u32>(slot) != 0 ? load<u32>(slot) : string_add(slot, from, length);
}

/** Adds a string. The minimum size of a string keeps the hash from filling up (strhash_bytes). */
function string_add(slot: usize, from: usize, length: u32): u32 {
  const m = machine();
  const size = length < STRING_LEAST ? STRING_LEAST : length;
  const at = m.string_next;
  const end = (at + STRING_HEAD + <usize>size + 3) & ~3;
  if (end > m.string_end) return str("...");
  store<u32>(at, length);
  memory.copy(at + STRING_HEAD, from, <usize>length);
  m.string_next = end;
  store<u32>(slot, <u32>at);
  m.strhash_count++;
  return <u32>at;
}

/** Minimum bytes that a string takes. */
const STRING_LEAST: u32 = 12;

/** Entries of the hash: at least two for each string that the arena can hold. */
export function strhash_entries(string_size: u32): u32 {
  let entries: u32 = 64;
  while (entries < string_size / 8) entries <<= 1;
  return entries;
}
