// Values of command line options, checked: an error names the option, what was expected and what came.

import { InputError } from "@homebody/base";

/** The one thing that a command is given beside its options. */
export function onlyArgument(command: string, what: string, given: readonly string[]): string {
  const [first, ...more] = given;
  if (first === undefined || more.length > 0) throw new InputError(command, what, given.join(" ") || "none");
  return first;
}

export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InputError(option, `a whole number from ${least} to ${most}`, JSON.stringify(text));
}

export function positiveNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value <= most) return value;
  throw new InputError(option, `a number above 0 and at most ${most}`, JSON.stringify(text));
}

interface Named {
  readonly name: string;
}

/** The one that is called so. */
export function oneNamed<T extends Named>(option: string, known: readonly T[], text: string): T {
  const found = known.find(({ name }) => name === text);
  if (found !== undefined) return found;
  throw new InputError(option, listed(known, " or "), text);
}

export const listed = (known: readonly Named[], between: string): string =>
  known.map(({ name }) => name).join(between);

/** A seed, as what draws by chance takes it. */
export const seedText = (option: string, text: string): string =>
  String(wholeNumber(option, text, 0, 4294967295));

/** `auto` where none is given: the best that works. */
export function backendName(text: string | undefined): "auto" | "webgpu" | "wasm" {
  if (text === undefined) return "auto";
  if (text === "webgpu" || text === "wasm") return text;
  throw new InputError("--backend", "webgpu or wasm", text);
}
