// WebAssembly in its binary form: as much of it as compiled code needs.

/** Opcodes, by the names that the WebAssembly specification gives them. */
export const Op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  call: 0x10,
  call_indirect: 0x11,
  return_call_indirect: 0x13,
  select: 0x1b,
  local_get: 0x20,
  local_set: 0x21,
  local_tee: 0x22,
  global_get: 0x23,
  global_set: 0x24,
  i32_load: 0x28,
  i32_load8_s: 0x2c,
  i32_load8_u: 0x2d,
  i32_load16_s: 0x2e,
  i32_load16_u: 0x2f,
  i32_store: 0x36,
  i32_store8: 0x3a,
  i32_store16: 0x3b,
  i32_const: 0x41,
  i64_const: 0x42,
  i32_eqz: 0x45,
  i32_eq: 0x46,
  i32_ne: 0x47,
  i32_lt_s: 0x48,
  i32_lt_u: 0x49,
  i32_gt_s: 0x4a,
  i32_gt_u: 0x4b,
  i32_le_s: 0x4c,
  i32_ge_s: 0x4e,
  i32_ge_u: 0x4f,
  i32_add: 0x6a,
  i32_sub: 0x6b,
  i32_mul: 0x6c,
  i32_div_s: 0x6d,
  i32_div_u: 0x6e,
  i32_rem_s: 0x6f,
  i32_rem_u: 0x70,
  i32_and: 0x71,
  i32_or: 0x72,
  i32_xor: 0x73,
  i32_shl: 0x74,
  i32_shr_s: 0x75,
  i32_shr_u: 0x76,
  i64_or: 0x84,
  i64_shl: 0x86,
  i64_shr_s: 0x87,
  i64_mul: 0x7e,
  i32_wrap_i64: 0xa7,
  i64_extend_i32_s: 0xac,
  i64_extend_i32_u: 0xad,
} as const;

const I32 = 0x7f;
const I64 = 0x7e;
const FUNCREF = 0x70;
const NO_RESULT = 0x40;

/** Bytes that grow: the code of a function, or a section. */
export class Code {
  private bytes = new Uint8Array(1024);
  length = 0;

  /** Appends bytes. */
  put(...bytes: readonly number[]): this {
    for (const byte of bytes) this.byte(byte);
    return this;
  }

  private byte(value: number): void {
    if (this.length === this.bytes.length) this.grow(this.length + 1);
    this.bytes[this.length++] = value;
  }

  private grow(least: number): void {
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, least));
    larger.set(this.bytes);
    this.bytes = larger;
  }

  /** Appends all of another one. */
  append(other: Code): this {
    const end = this.length + other.length;
    if (end > this.bytes.length) this.grow(end);
    this.bytes.set(other.bytes.subarray(0, other.length), this.length);
    this.length = end;
    return this;
  }

  /** Appends an unsigned number of 32 bits (LEB128). */
  unsigned(value: number): this {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
    return this;
  }

  /** Appends a signed number of 32 bits (LEB128). */
  signed(value: number): this {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if (rest === (low & 0x40 ? -1 : 0)) {
        this.byte(low);
        return this;
      }
      this.byte(low | 0x80);
    }
  }

  // ---- Instructions ----

  /** `local.get` */
  get(local: number): this {
    this.byte(Op.local_get);
    return this.unsigned(local);
  }

  /** `local.set` */
  set(local: number): this {
    this.byte(Op.local_set);
    return this.unsigned(local);
  }

  /** `local.tee` */
  tee(local: number): this {
    this.byte(Op.local_tee);
    return this.unsigned(local);
  }

  /** `i32.const` */
  const(value: number): this {
    this.byte(Op.i32_const);
    return this.signed(value);
  }

  /** A load or store of the address on the stack plus `offset`, at any alignment. */
  memory(op: number, offset: number): this {
    this.byte(op);
    this.byte(0);
    return this.unsigned(offset);
  }

  /** Opens a `block`, `loop` or `if` without a result. */
  open(op: number): this {
    return this.put(op, NO_RESULT);
  }

  /** Opens an `if` that leaves a number of 32 bits. */
  ifValue(): this {
    return this.put(Op.if, I32);
  }

  toBytes(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

function section(module: Code, id: number, content: Code): void {
  module.put(id).unsigned(content.length).append(content);
}

function name(text: string): Code {
  const bytes = new TextEncoder().encode(text);
  return new Code().unsigned(bytes.length).put(...bytes);
}

/** The type of the function that a module has, and that of one which it may call through the table. */
export const RUN_TYPE = 0;
export const TELL_TYPE = 1;

/**
 * A module that imports a memory and a table as `env.memory` and `env.table`, and exports one function `run`, of four
 * numbers of 32 bits, which returns one of 64 (RUN_TYPE); TELL_TYPE is of two of 32 without a result. `locals` are the
 * further locals of 32 bits. It has one global variable of 32 bits, which begins with `global`. It imports no
 * function: V8 makes code for each that is imported, which takes longer than all else.
 */
export function moduleOf(body: Code, locals: number, global = 0): Uint8Array {
  const module = begin();
  const imports = new Code().put(2).append(name("env")).append(name("memory")).put(2, 0, 0);
  imports.append(name("env")).append(name("table")).put(1, FUNCREF, 0, 0);
  section(module, 2, imports);
  section(module, 3, new Code().put(1, RUN_TYPE));
  section(module, 6, new Code().put(1, I32, 1).const(global).put(Op.end));
  section(module, 7, new Code().put(1).append(name("run")).put(0, 0));
  const code = new Code().put(1).unsigned(locals).put(I32).append(body).put(Op.end);
  section(module, 10, new Code().put(1).unsigned(code.length).append(code));
  return module.toBytes();
}

/** A module that exports a function `tell` of TELL_TYPE, which calls the one that it imports as `env.tell`. */
export function tellingModule(): Uint8Array {
  const module = begin();
  section(module, 2, new Code().put(1).append(name("env")).append(name("tell")).put(0, TELL_TYPE));
  section(module, 3, new Code().put(1, TELL_TYPE));
  section(module, 7, new Code().put(1).append(name("tell")).put(0, 1));
  const code = new Code().put(0).get(0).get(1).put(Op.call, 0, Op.end);
  section(module, 10, new Code().put(1).unsigned(code.length).append(code));
  return module.toBytes();
}

function begin(): Code {
  const module = new Code().put(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const run = [0x60, 4, I32, I32, I32, I32, 1, I64];
  section(module, 1, new Code().put(2, ...run, 0x60, 2, I32, I32, 0));
  return module;
}
