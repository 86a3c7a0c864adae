// A schedule as a short text: the choices of a search where there was more than one possibility. Choice 0
// goes on with the thread that ran, so that most choices are 0; those at the end are left out.

import { arrayOf, checkArgument, count, flag, oneOf, optional, shaped } from "../core/arguments.js";
import { ConfigError } from "../core/errors.js";
import type { SearchChoice } from "./options.js";

const PREFIX = "ktm1:";
/** Shorter runs of 0 are written out. */
const RUN_MIN = 4;
/** What stands for a choice besides those of threads, and for a search for races. */
const LETTERS: Readonly<Record<SearchChoice, string>> = {
  timeouts: "t",
  delivery: "d",
  failures: "f",
  random: "r",
};
const RACES = "x";

/** What a search can choose besides who runs next. */
export const choiceNames = Object.keys(LETTERS) as SearchChoice[];

/** How the search went of which a tape is a schedule. */
export interface TapeMode {
  readonly choose: readonly SearchChoice[];
  readonly races: boolean;
}

const wholesRule = arrayOf(count, "an array of whole numbers, 0 or more");
const stepsRule = optional(count);
const modeRule = shaped(`{ choose, races }, with an array of ${choiceNames.join(", ")}`, {
  choose: arrayOf(oneOf(choiceNames), ""),
  races: flag,
});

/**
 * The text of a schedule. A digit is a choice, (12) a larger one, and [30] stands for 30 times 0. Letters before them
 * say what was chosen besides who ran next. Behind an @ stand the addresses of the words that threads are known
 * to share besides those that a search finds at once, in hexadecimal. Behind a / stand the steps that it takes to
 * see the schedule fail, if that is not the default limit.
 */
export function encodeTape(
  choices: readonly number[],
  words: readonly number[] = [],
  mode: TapeMode = { choose: [], races: false },
  steps?: number,
): string {
  checkArgument("encodeTape", "choices", choices, wholesRule);
  checkArgument("encodeTape", "words", words, wholesRule);
  checkArgument("encodeTape", "mode", mode, modeRule);
  checkArgument("encodeTape", "steps", steps, stepsRule);
  const { choose, races } = mode;
  const letters = choiceNames.map((name) => (choose.includes(name) ? LETTERS[name] : ""));
  let text = PREFIX + letters.join("") + (races ? RACES : "");
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
  if (words.length > 0) text += `@${words.map((word) => word.toString(16)).join(",")}`;
  return steps === undefined ? text : `${text}/${steps}`;
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
  const [steps] = partsOf(text);
  const choices: number[] = [];
  for (const [token] of steps.matchAll(/\d|\(\d+\)|\[\d+\]/g)) {
    if (token.startsWith("[")) {
      for (let left = Number(token.slice(1, -1)); left > 0; left--) choices.push(0);
    } else {
      choices.push(Number(token.startsWith("(") ? token.slice(1, -1) : token));
    }
  }
  return choices;
}

/** The words that a schedule names. */
export function wordsOfTape(text: string): number[] {
  const words = partsOf(text)[1];
  return words === "" ? [] : words.split(",").map((word) => Number.parseInt(word, 16) & ~3);
}

/** How the search went of which it is a schedule. */
export function modeOfTape(text: string): TapeMode {
  const letters = partsOf(text)[2];
  return {
    choose: choiceNames.filter((name) => letters.includes(LETTERS[name])),
    races: letters.includes(RACES),
  };
}

/** The steps that a schedule takes, if it says so. */
export function stepsOfTape(text: string): number | null {
  const steps = partsOf(text)[3];
  return steps === "" ? null : Number(steps);
}

/** Choices, words, letters and steps, if it is a schedule. */
function partsOf(text: string): [choices: string, words: string, letters: string, steps: string] {
  const tape = text.trim();
  const parts =
    /^ktm1:([a-z]*)((?:\d|\(\d{1,6}\)|\[\d{1,6}\])*)(?:@([\da-f]{1,7}(?:,[\da-f]{1,7})*))?(?:\/(\d{1,6}))?$/.exec(
      tape,
    );
  if (parts === null) {
    throw new ConfigError(
      `"${shorten(tape)}" is no schedule; one begins with ${PREFIX} and has digits, (n) and [n], @ with addresses, and / with a number of steps`,
    );
  }
  const [, letters = "", choices = "", words = "", steps = ""] = parts;
  return [choices, words, letters, steps];
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
