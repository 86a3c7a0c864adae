/**
 * How long memory and I/O events take. The machine has no caches and no devices, so a byte costs the
 * same wherever it is, and the thread keeps its CPU meanwhile:
 *
 * - `mem` writes 8,192 bytes a microsecond (about 8 GB/s, a core's share of a memory bus);
 * - `memrun` touches its `size` once for each `count` at that rate; with a stride it touches one cache
 *   line of 64 bytes for each step, but never more than the whole. Its type, pattern and buffer make no
 *   difference;
 * - `iorun` copies 1,024 bytes per microsecond (about 1 GB/s) to a device that takes them at once.
 */
import type { MemoryRunEvent, TransferEvent } from "./model.js";

/** Bytes of memory that are written in a microsecond. */
const MEMORY_BYTES_PER_US = 8192;
/** Bytes that go to a device in a microsecond. */
const DEVICE_BYTES_PER_US = 1024;
/** Bytes that a strided access moves. */
const CACHE_LINE_BYTES = 64;

const NS_PER_US = 1000n;

/** Nanoseconds that moving `bytes` takes, rounded up. */
function transferNs(bytes: bigint, bytesPerUs: number): bigint {
  const rate = BigInt(bytesPerUs);
  return (bytes * NS_PER_US + rate - 1n) / rate;
}

/** Nanoseconds of a `mem`, `iorun` or `memrun` event. */
export function transferCostNs(event: TransferEvent | MemoryRunEvent): bigint {
  switch (event.type) {
    case "mem":
      return transferNs(BigInt(event.bytes), MEMORY_BYTES_PER_US);
    case "iorun":
      return transferNs(BigInt(event.bytes), DEVICE_BYTES_PER_US);
    case "memrun":
      return transferNs(touchedBytes(event) * BigInt(event.count), MEMORY_BYTES_PER_US);
  }
}

/** Bytes that one walk over the memory of a `memrun` moves. */
function touchedBytes({ sizeBytes, strideBytes }: MemoryRunEvent): bigint {
  const size = BigInt(sizeBytes);
  if (strideBytes === null || strideBytes === 0) return size;
  const stride = BigInt(strideBytes);
  const lines = ((size + stride - 1n) / stride) * BigInt(CACHE_LINE_BYTES);
  return lines < size ? lines : size;
}
