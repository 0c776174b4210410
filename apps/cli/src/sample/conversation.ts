// Prompts one after another: typed on a terminal, or a line each of what is piped in. A line that begins with a slash
// changes how the model goes on.

import { createInterface, type Interface } from "node:readline";
import { InputError } from "@homebody/base";
import type { SampleOptions } from "@homebody/train";
import { mistake } from "../mistakes.ts";
import { readSetting, settingNames, settingsInWords } from "./settings.ts";

/** Writes how the model goes on from a prompt, until its end or the signal. */
export type Speak = (prompt: string, settings: SampleOptions, signal: AbortSignal) => Promise<void>;

const help = `Type how a text begins, and the model goes on; an empty line lets it begin one. Ctrl-C stops it.
  /tokens N  /temperature X  /top-k N  /top-p X  /seed N    as the options of homebody sample
  /help      this, and how they stand
  /quit      ends, as Ctrl-D does
`;

/** Until the input ends, somebody quits or the signal comes. What is wrong on a terminal is said there; piped in, it is thrown. */
export async function converse(speak: Speak, settings: SampleOptions, stop: AbortSignal): Promise<void> {
  const live = process.stdin.isTTY === true;
  const reader = createInterface({
    input: process.stdin,
    terminal: live,
    ...(live && { output: process.stderr, prompt: "> " }),
  });
  const close = () => reader.close();
  stop.addEventListener("abort", close);
  try {
    if (live) process.stderr.write(help);
    await readLines(reader, { speak, settings, live, stop });
  } finally {
    stop.removeEventListener("abort", close);
    close();
  }
}

interface Conversation {
  readonly speak: Speak;
  readonly settings: SampleOptions;
  readonly live: boolean;
  readonly stop: AbortSignal;
}

async function readLines(reader: Interface, { speak, settings, live, stop }: Conversation): Promise<void> {
  let now = settings;
  let speaking: AbortController | null = null;
  // On a terminal Ctrl-C is the reader's: it stops the text, and between texts it quits.
  reader.on("SIGINT", () => (speaking === null ? reader.close() : speaking.abort()));
  if (live) reader.prompt();
  for await (const line of reader) {
    try {
      if (line.trim() === "/quit") return;
      if (line.startsWith("/")) now = changed(now, line);
      else {
        speaking = new AbortController();
        await speak(line, now, AbortSignal.any([speaking.signal, stop]));
      }
    } catch (error) {
      const sentence = mistake(error);
      if (!live || sentence === undefined) throw error;
      process.stderr.write(`${sentence}\n`);
    } finally {
      speaking = null;
    }
    stop.throwIfAborted();
    if (live) reader.prompt();
  }
  stop.throwIfAborted();
}

/** As a line that begins with a slash says. Throws InputError. */
function changed(settings: SampleOptions, line: string): SampleOptions {
  const [name = "", value = ""] = line.slice(1).trim().split(/\s+/);
  if (name === "help") process.stderr.write(`${help}  ${settingsInWords(settings)}\n`);
  if (name === "help") return settings;
  if (!settingNames.includes(name)) {
    const known = [...settingNames, "help", "quit"].map((one) => `/${one}`).join(", ");
    throw new InputError("a line that begins with a slash", `one of ${known}`, line);
  }
  return { ...settings, ...readSetting(name, value, "/") };
}
