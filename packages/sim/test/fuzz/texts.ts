// Two texts of each source, prepared once for all seeds: in letters of their own, so that under TRIM the rows of two devices
// of a source are as many and not the same.

import { type Random, random, type SourceId } from "@homebody/base";
import { memoryClock } from "@homebody/clock/memory";
import type { RunManifest } from "@homebody/protocol";
import { NetError, prepareText } from "@homebody/volunteer";
import { memoryDisk } from "@homebody/volunteer/memory";
import type { Texts } from "../../src/index.ts";

const alphabets = ["bdfgklm", "nprstvz"] as const;
const documents = 100;
const wordsADocument = 60;

export function drawnTexts(
  manifest: RunManifest,
  sources: RunManifest["sources"],
): Promise<readonly Texts[]> {
  const text = async (consonants: string) => {
    const texts = new Map<SourceId, Awaited<ReturnType<typeof prepareText>>>();
    for (const source of sources) {
      const name = `${source.id}.jsonl`;
      const bytes = async () =>
        new TextEncoder().encode(drawnLines(consonants, random(`${name} ${consonants}`)));
      texts.set(source.id, await prepareText(manifest, source, [{ name, bytes }], tools()));
    }
    return texts;
  };
  return Promise.all(alphabets.map(text));
}

const tools = () => ({
  net: {
    download: (path: string) => Promise.reject(new NetError(`${path}: expected nothing to be served`)),
  },
  disk: memoryDisk(),
  clock: memoryClock(),
  report: () => {},
  signal: new AbortController().signal,
});

function drawnLines(consonants: string, dice: Random): string {
  const syllable = () => `${consonants[dice.below(consonants.length)]}${"aeiou"[dice.below(5)]}`;
  const word = () => Array.from({ length: 1 + dice.below(3) }, syllable).join("");
  const words = Array.from({ length: 300 }, word);
  const drawn = () => words[Math.floor(300 * dice.uniform() ** 3)]!;
  const line = () => JSON.stringify({ text: Array.from({ length: wordsADocument }, drawn).join(" ") });
  return Array.from({ length: documents }, () => `${line()}\n`).join("");
}
