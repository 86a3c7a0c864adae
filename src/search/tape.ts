// A schedule as a short text: the choices of a search where there was more than one possibility. Choice 0
// goes on with the thread that ran, so that most choices are 0; those at the end are left out.

import { ConfigError } from "../core/errors.js";

const PREFIX = "ktm1:";
/** Shorter runs of 0 are written out. */
const RUN_MIN = 4;

/** The text of a schedule. A digit is a choice, (12) a larger one, and [30] stands for 30 times 0. */
export function encodeTape(choices: readonly number[]): string {
  let text = PREFIX;
  let zeros = 0;
  for (const choice of trimTape(choices)) {
    if (choice === 0) {
      zeros++;
      continue;
    }
    text += zeros < RUN_MIN ? "0".repeat(zeros) : `[${zeros}]`;
    text += choice < 10 ? String(choice) : `(${choice})`;
    zeros = 0;
  }
  return text;
}

/** Without the zeros at its end. */
export function trimTape(choices: readonly number[]): number[] {
  let end = choices.length;
  while (end > 0 && choices[end - 1] === 0) end--;
  return choices.slice(0, end);
}

/**
 * Reads the text of a schedule.
 *
 * @throws ConfigError when it is none.
 */
export function decodeTape(text: string): number[] {
  const tape = text.trim();
  if (!/^ktm1:(\d|\(\d{1,6}\)|\[\d{1,6}\])*$/.test(tape)) {
    throw new ConfigError(
      `"${shorten(tape)}" is no schedule; one begins with ${PREFIX} and has digits, (n) and [n] only`,
    );
  }
  const choices: number[] = [];
  for (const [token] of tape.slice(PREFIX.length).matchAll(/\d|\(\d+\)|\[\d+\]/g)) {
    if (token.startsWith("[")) {
      for (let left = Number(token.slice(1, -1)); left > 0; left--) choices.push(0);
    } else {
      choices.push(Number(token.startsWith("(") ? token.slice(1, -1) : token));
    }
  }
  return choices;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
