// Snapshots as bytes:
//
//   | "ktmsnap" 0 | u32 version | u32 checksum | u64 length of all | u32 length of the head | u32 blocks |
//   | head: JSON, padded with spaces to 4 bytes | u32 size of each block's code | the codes | trace records |
//
// The checksum is of everything behind it. Whatever a byte is changed to, it is another one.

import { bytes as bytesRule, checkArgument, instance, text } from "../core/arguments.js";
import {
  type CompleteConfig,
  completeConfig,
  type MachineConfig,
  type SchedulerName,
} from "../core/config.js";
import { readPlain } from "../core/file-system.js";
import { absentScheduler } from "../core/scheduler.js";
import { reasonOf, writeWhole } from "../core/whole-file.js";
import type { Range } from "./arenas.js";
import { countBlocks } from "./codec.js";
import { SnapshotError } from "./errors.js";
import { encoded } from "./image.js";
import { Snapshot } from "./snapshot.js";

const MAGIC = new TextEncoder().encode("ktmsnap\0");
/** The format that is written, and the only one that is read. */
const VERSION = 1;
const VERSION_AT = 8;
const CHECKSUM_AT = 12;
const LENGTH_AT = 16;
const HEAD_LENGTH_AT = 24;
const BLOCKS_AT = 28;
const HEAD_AT = 32;

/** The JSON in front of the codes. */
interface Head {
  readonly build: string;
  readonly config: Omit<CompleteConfig, "seed" | "scheduler"> & {
    readonly seed: string;
    /** Of a scheduler of one's own the name alone. */
    readonly scheduler: SchedulerName | { readonly name: string };
  };
  readonly cycles: string;
  readonly switches: number;
  readonly ranges: readonly Range[];
  readonly watermarks: readonly number[];
  /** Bytes of trace records. */
  readonly records: number;
  readonly parts: readonly { readonly name: string; readonly saved: unknown }[];
}

/**
 * A snapshot as bytes. Functions (bodies that have not been made by others, event handlers) are in it by
 * their names.
 *
 * @throws SnapshotError when something in it cannot be written: a function without a name of its own.
 */
export function encodeSnapshot(snapshot: Snapshot): Uint8Array<ArrayBuffer> {
  checkArgument("encodeSnapshot", "snapshot", snapshot, instance(Snapshot, "a snapshot"));
  const { records } = snapshot.image;
  const code = encoded(snapshot.image);
  const head = paddedHead(snapshot);
  const sizesAt = HEAD_AT + head.length;
  const codesAt = sizesAt + code.sizes.byteLength;
  const recordsAt = codesAt + code.bytes.length;
  // Whole words: the checksum is of words.
  const length = Math.ceil((recordsAt + records.length) / 4) * 4;
  const bytes = new Uint8Array(length);
  bytes.set(MAGIC);
  bytes.set(head, HEAD_AT);
  bytes.set(
    new Uint8Array(code.sizes.buffer, code.sizes.byteOffset, code.sizes.byteLength),
    sizesAt,
  );
  bytes.set(code.bytes, codesAt);
  bytes.set(records, recordsAt);
  const view = new DataView(bytes.buffer);
  view.setUint32(VERSION_AT, VERSION, true);
  view.setBigUint64(LENGTH_AT, BigInt(length), true);
  view.setUint32(HEAD_LENGTH_AT, head.length, true);
  view.setUint32(BLOCKS_AT, code.sizes.length, true);
  view.setUint32(CHECKSUM_AT, checksum(bytes), true);
  return bytes;
}

function paddedHead(snapshot: Snapshot): Uint8Array {
  const { image, config, build } = snapshot;
  if (build === null) {
    throw new SnapshotError("the kernel's build has no identity: snapshots of it stay in memory");
  }
  const { scheduler } = config;
  const head: Head = {
    build,
    config: {
      ...config,
      seed: String(config.seed),
      scheduler: typeof scheduler === "string" ? scheduler : { name: scheduler.name },
    },
    cycles: String(snapshot.cycles),
    switches: snapshot.switches,
    ranges: image.ranges,
    watermarks: [...image.watermarks],
    records: image.records.length,
    parts: snapshot.parts.map(({ name, part, saved }) => {
      if (part === null) return { name, saved };
      if (part.encode === undefined)
        throw new SnapshotError(`the ${name} cannot be written to a file`);
      return { name, saved: part.encode(saved) };
    }),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(head));
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4).fill(0x20);
  padded.set(bytes);
  return padded;
}

/**
 * Reads a snapshot.
 *
 * @param where names the bytes in messages
 * @throws SnapshotError when these are no snapshot, or damaged, or of another version of this program.
 */
export function decodeSnapshot(bytes: Uint8Array, where = "these bytes"): Snapshot {
  checkArgument("decodeSnapshot", "bytes", bytes, bytesRule);
  checkArgument("decodeSnapshot", "where", where, text);
  const refuse = (why: string) => new SnapshotError(`${where}: ${why}`);
  if (bytes.length < HEAD_AT || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw refuse("this is no snapshot of a machine");
  }
  // Words are aligned, and no Buffer, whose slices are no copies.
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const whole = new Uint8Array(buffer, byteOffset, bytes.length);
  const view = new DataView(whole.buffer, whole.byteOffset, whole.length);
  const version = view.getUint32(VERSION_AT, true);
  if (version !== VERSION) {
    throw refuse(`this snapshot has format ${version}, and this program reads format ${VERSION}`);
  }
  const length = view.getBigUint64(LENGTH_AT, true);
  if (length !== BigInt(whole.length)) {
    throw refuse(`the snapshot is damaged: it has ${whole.length} bytes of ${length}`);
  }
  if (view.getUint32(CHECKSUM_AT, true) !== checksum(whole)) {
    throw refuse("the snapshot is damaged: its checksum is not that of its contents");
  }
  try {
    return decodeBody(whole, view);
  } catch (error) {
    throw refuse(`the snapshot cannot be read: ${(error as Error).message}`);
  }
}

function decodeBody(bytes: Uint8Array, view: DataView): Snapshot {
  const sizesAt = HEAD_AT + view.getUint32(HEAD_LENGTH_AT, true);
  const blocks = view.getUint32(BLOCKS_AT, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD_AT, sizesAt))) as Head;
  const { scheduler } = head.config;
  const config = completeConfig({
    ...head.config,
    seed: BigInt(head.config.seed),
    scheduler: typeof scheduler === "string" ? scheduler : absentScheduler(scheduler.name),
  } as MachineConfig);
  if (blocks !== countBlocks(head.ranges))
    throw new Error("its blocks are not those of its ranges");
  const sizes = new Uint32Array(bytes.slice(sizesAt, sizesAt + 4 * blocks).buffer);
  const codesAt = sizesAt + sizes.byteLength;
  const recordsAt = codesAt + sizes.reduce((sum, size) => sum + size, 0);
  const records = bytes.slice(recordsAt, recordsAt + head.records);
  if (records.length !== head.records) throw new Error("it ends too early");
  const codes = bytes.subarray(codesAt, recordsAt);
  const code = { bytes: codes, sizes, room: codes };
  const { ranges } = head;
  const watermarks = Float64Array.from(head.watermarks);
  const image = {
    ranges,
    watermarks,
    records,
    plain: null,
    code,
    room: codes,
    text: null,
    size: bytes.length,
  };
  return new Snapshot({
    ...{ config, image, source: { id: head.build }, switches: head.switches, owner: null },
    cycles: BigInt(head.cycles),
    parts: head.parts.map(({ name, saved }) => ({ name, part: null, saved })),
  });
}

/** A checksum of what is behind it: each step is reversible, so that no single change goes unseen. */
function checksum(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  let sum = 0;
  for (let i = LENGTH_AT / 4; i < words.length; i++) {
    sum = Math.imul(sum ^ (words[i] as number), 0x85ebca6b);
    sum ^= sum >>> 15;
  }
  return sum >>> 0;
}

// ---- Files ----

/**
 * Writes a snapshot to a file, which has its name only once it is whole.
 *
 * @throws SnapshotError when it cannot be written.
 */
export function saveSnapshot(snapshot: Snapshot, path: string): void {
  checkArgument("saveSnapshot", "path", path, text);
  const bytes = encodeSnapshot(snapshot);
  try {
    writeWhole(path, bytes);
  } catch (error) {
    throw new SnapshotError(`cannot write the snapshot to "${path}": ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Reads a snapshot from a file.
 *
 * @throws SnapshotError when there is none, or it is damaged, or of another version of this program.
 */
export function loadSnapshot(path: string): Snapshot {
  checkArgument("loadSnapshot", "path", path, text);
  let bytes: Uint8Array;
  try {
    bytes = readPlain(path);
  } catch (error) {
    throw new SnapshotError(`cannot read the snapshot "${path}": ${(error as Error).message}`, {
      cause: error,
    });
  }
  return decodeSnapshot(bytes, `"${path}"`);
}
