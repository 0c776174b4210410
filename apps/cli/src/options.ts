// Values of command line options, checked: an error names the option, what was expected and what came.

import { InputError } from "@homebody/base";

export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InputError(option, `a whole number from ${least} to ${most}`, JSON.stringify(text));
}
