// The errors of the machine. Bad input is an error of one sentence; a kernel panic carries what is
// needed to find out why.

import * as Layout from "../generated/layout.js";

/** Names of the kernel's error numbers. */
const errnoNames: Readonly<Record<number, string>> = Object.freeze({
  [Layout.EPERM]: "EPERM",
  [Layout.ESRCH]: "ESRCH",
  [Layout.EINTR]: "EINTR",
  [Layout.ENOMEM]: "ENOMEM",
  [Layout.EBUSY]: "EBUSY",
  [Layout.EINVAL]: "EINVAL",
  [Layout.EAGAIN]: "EAGAIN",
  [Layout.EOPNOTSUPP]: "EOPNOTSUPP",
  [Layout.EPROCLIM]: "EPROCLIM",
  [Layout.ENOSYS]: "ENOSYS",
  [Layout.ERESTART]: "ERESTART",
});

/** The name of an error number, such as "ENOMEM"; the number itself when it has none. */
export function errnoName(errno: number): string {
  return errnoNames[errno] ?? String(errno);
}

/** A kernel call that the host made has failed, or the machine was asked for something impossible. */
export class KernelError extends Error {
  override readonly name = "KernelError";
  /** The error's name, such as "ENOMEM". */
  readonly code: string;
  /** The kernel's error number. */
  readonly errno: number;
  /** The call that failed. */
  readonly call: string;

  constructor(call: string, errno: number, message?: string) {
    super(message ?? `${call}: ${errnoName(errno)}`);
    this.code = errnoName(errno);
    this.errno = errno;
    this.call = call;
  }
}

/** A configuration that cannot be booted, or an argument that is out of range. */
export class ConfigError extends RangeError {
  override readonly name: string = "ConfigError";
}

/** An argument that a method does not take: the message names it and says what is allowed. */
export class ArgumentError extends ConfigError {
  override readonly name = "ArgumentError";
  /** The method that was called. */
  readonly method: string;
  /** The argument, or the field of its options. */
  readonly argument: string;

  constructor(method: string, argument: string, message: string) {
    super(`${method}: ${message}`);
    this.method = method;
    this.argument = argument;
  }
}

/** What a panic leaves behind. */
export interface PostMortem {
  /** The CPU that panicked. */
  readonly cpu: number;
  /** Its thread: name and address, or null before there was one. */
  readonly thread: string | null;
  /** Virtual time in cycles. */
  readonly cycles: bigint;
  /** What `ps` shows of the dead machine. */
  readonly ps: string;
  /** The last trace records, oldest first, as text; empty when nothing was traced. */
  readonly trace: readonly string[];
}

/** The kernel has panicked: the machine is dead, and can still be inspected. */
export class KernelPanic extends Error {
  override readonly name = "KernelPanic";
  /** The panic's text as the kernel wrote it, with the names of kernel calls. */
  readonly text: string;
  /** State at the panic; filled in by the machine that catches it. */
  postMortem: PostMortem | null = null;

  constructor(text: string) {
    super(`panic: ${text.trimEnd()}`);
    this.text = text;
  }
}
