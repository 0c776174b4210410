// How a model goes on from a prompt: given by options, or changed while prompts are typed.

import type { SampleOptions } from "@homebody/train";
import { positiveNumber, seedText, wholeNumber } from "../options.ts";

type Setting = (name: string, text: string) => Partial<SampleOptions>;

const settings: Readonly<Record<string, Setting>> = {
  tokens: (name, text) => ({ tokens: wholeNumber(name, text, 1, 1_000_000) }),
  temperature: (name, text) => ({
    temperature: Number(text) === 0 && text !== "" ? 0 : positiveNumber(name, text, 100),
  }),
  "top-k": (name, text) => ({ topK: wholeNumber(name, text, 1, 65536) }),
  "top-p": (name, text) => ({ topP: positiveNumber(name, text, 1) }),
  seed: (name, text) => ({ seed: seedText(name, text) }),
};

export const settingNames: readonly string[] = Object.keys(settings);

const usualSettings: SampleOptions = {
  tokens: 100,
  temperature: 0.8,
  topK: 40,
  topP: 1,
  seed: "1",
};

/** As parseArgs takes them. */
export const settingOptions = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { type: "string" }] as const));

/** The usual ones, but for those of the names that are among the options' values. */
export function settingsIn(
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
): SampleOptions {
  const given = names.map((name) => {
    const text = values[name];
    return typeof text === "string" ? readSetting(name, text, "--") : {};
  });
  return Object.assign({ ...usualSettings }, ...given);
}

/** Of a name in settingNames, after a prefix by which an error names it. */
export const readSetting = (name: string, text: string, prefix: "--" | "/"): Partial<SampleOptions> =>
  settings[name]!(`${prefix}${name}`, text);

export const settingsInWords = ({ tokens, temperature, topK, topP, seed }: SampleOptions): string =>
  `/tokens ${tokens} /temperature ${temperature} /top-k ${topK} /top-p ${topP} /seed ${seed}`;
