/**
 * Checked readings of single values. Each returns null after it has reported what is wrong, so that
 * a reader can go on to the next key.
 */
import { didYouMean, quote } from "./diagnostics.js";
import { CPU_MAX, NAME_LENGTH_MAX, POLICIES, type Policy } from "./model.js";
import type { Report } from "./report.js";
import type { Member, ObjectNode, SyntaxNode } from "./syntax.js";

/** What an integer may be; `unit` is for the message only. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
}

/** The fields of an object by name. */
export type Fields = ReadonlyMap<string, Member>;

/** Names a value in a message. */
export function describe(value: SyntaxNode): string {
  switch (value.kind) {
    case "object":
    case "array":
      return `an ${value.kind}`;
    case "string":
      return quote(value.value);
    case "number":
      return value.text.length > 40 ? "a number of so many digits" : value.text;
    case "boolean":
      return String(value.value);
    default:
      return value.kind;
  }
}

/** Reports that a member's value is not what it must be; always null. */
export function reject(report: Report, member: Member, wanted: string): null {
  const { key, value } = member;
  if (value === null) {
    report.error(member, key, `${quote(key)} needs a value: ${wanted}`);
  } else {
    report.error(value, key, `${quote(key)} must be ${wanted}, not ${describe(value)}`);
  }
  return null;
}

export function integerOf(report: Report, member: Member, range: IntegerRange): number | null {
  const { value } = member;
  if (value?.kind === "number" && Number.isSafeInteger(value.value)) {
    if (value.value >= range.min && value.value <= range.max) {
      return value.value + 0; // "-0" reads as 0
    }
  }
  const unit = range.unit === undefined ? "" : ` (${range.unit})`;
  return reject(report, member, `an integer from ${range.min} to ${range.max}${unit}`);
}

export function booleanOf(report: Report, member: Member): boolean | null {
  if (member.value?.kind === "boolean") {
    return member.value.value;
  }
  return reject(report, member, "true or false");
}

/**
 * A name of something.
 * @param what the kind of thing, with its article, for the message
 */
export function nameOf(report: Report, member: Member, what: string): string | null {
  const { value } = member;
  if (value?.kind !== "string" || value.value === "") {
    return reject(report, member, `the name of ${what}`);
  }
  if (value.value.length > NAME_LENGTH_MAX) {
    return reject(report, member, `a name of at most ${NAME_LENGTH_MAX} characters`);
  }
  return value.value;
}

/** One of a few words. */
export function wordOf<W extends string>(
  report: Report,
  member: Member,
  words: readonly W[],
): W | null {
  const { key, value } = member;
  const text = value?.kind === "string" ? value.value : null;
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) {
    return word;
  }
  if (value === null || text === null) {
    return reject(report, member, `one of ${words.join(", ")}`);
  }
  const guess = didYouMean(text, words);
  const message = `${quote(key)} cannot be ${quote(text)}${guess}; allowed: ${words.join(", ")}`;
  report.error(value, key, message);
  return null;
}

export function policyOf(report: Report, member: Member): Policy | null {
  return wordOf(report, member, POLICIES);
}

/** A list of CPU numbers, in ascending order and without repetitions. */
export function cpusOf(report: Report, member: Member): readonly number[] | null {
  const { key, value } = member;
  const wanted = `a list of CPU numbers from 0 to ${CPU_MAX}`;
  if (value?.kind !== "array" || value.items.length === 0) {
    return reject(report, member, wanted);
  }
  const cpus = new Set<number>();
  for (const item of value.items) {
    if (item.kind !== "number" || !Number.isInteger(item.value) || !isCpu(item.value)) {
      report.error(item, key, `${quote(key)} must be ${wanted}; it has ${describe(item)}`);
      return null;
    }
    cpus.add(item.value);
  }
  return [...cpus].sort((a, b) => a - b);
}

function isCpu(value: number): boolean {
  return value >= 0 && value <= CPU_MAX;
}

/** The object that a member must have as its value. */
export function objectOf(report: Report, member: Member, wanted: string): ObjectNode | null {
  return member.value?.kind === "object" ? member.value : reject(report, member, wanted);
}

/** The members of the object that a member must have as its value; none when it has no object. */
export function membersOf(report: Report, member: Member, wanted: string): readonly Member[] {
  return objectOf(report, member, wanted)?.members ?? [];
}

/** Reports a key that is not known at its place, with what is. */
export function rejectKey(
  report: Report,
  member: Member,
  what: string,
  allowed: readonly string[],
): void {
  const { key } = member;
  const guess = didYouMean(key, allowed);
  const list = allowed.join(", ");
  report.error(member, key, `${quote(key)} is not ${what}${guess}; allowed here: ${list}`);
}

/** Adds a field; of a repeated one the last counts, as in any JSON reader, and a note says so. */
export function addField(report: Report, fields: Map<string, Member>, member: Member): void {
  const { key } = member;
  if (fields.has(key)) {
    report.note(member, `${quote(key)} is given again in the same object; the last one counts`);
  }
  fields.set(key, member);
}

/**
 * The fields of an event's object.
 * @param allowed every field that it may have
 */
export function fieldsOf(
  report: Report,
  member: Member,
  allowed: readonly string[],
): Fields | null {
  const object = objectOf(report, member, `an object with ${allowed.join(", ")}`);
  if (object === null) {
    return null;
  }
  const fields = new Map<string, Member>();
  for (const field of object.members) {
    if (allowed.includes(field.key)) {
      addField(report, fields, field);
    } else {
      rejectKey(report, field, `a field of ${quote(member.key)}`, allowed);
    }
  }
  return fields;
}

/** A field that must be there. */
export function required(
  report: Report,
  member: Member,
  fields: Fields,
  name: string,
): Member | null {
  const field = fields.get(name);
  if (field !== undefined) {
    return field;
  }
  report.error(member, member.key, `${quote(member.key)} lacks the field ${quote(name)}`);
  return null;
}

/**
 * Takes notice of a key that means nothing here; one that is false asks for nothing, so nothing
 * need be said about it.
 */
export function ignoreKey(report: Report, member: Member, place: string): void {
  if (member.value?.kind !== "boolean" || member.value.value) {
    report.ignore(place, member.key);
  }
}
