// What volunteers train on: each source's text, prepared once for all of them.
//
// Served text is prepared as a device prepares it. Text that volunteers would bring is drawn from the seed, one for all
// volunteers of a source.

import { type Random, random, type Sha256, type SourceId } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import { type BroughtFile, NetError, prepareText, type Text } from "@homebody/volunteer";
import { memoryDisk } from "@homebody/volunteer/memory";

/** By source. */
export type Texts = ReadonlyMap<SourceId, Text>;

export async function textsOf(
  manifest: RunManifest,
  blobs: Pick<Blobs, "get">,
  { seed, clock }: { readonly seed: number; readonly clock: Clock },
): Promise<Texts> {
  const texts = new Map<SourceId, Text>();
  for (const source of manifest.sources)
    texts.set(
      source.id,
      await prepareText(manifest, source, source.served === null ? [drawnFile(seed, source)] : null, {
        net: { download: (path) => served(path, blobs) },
        disk: memoryDisk(),
        clock,
        report: () => {},
        signal: new AbortController().signal,
      }),
    );
  return texts;
}

async function served(path: string, blobs: Pick<Blobs, "get">): Promise<Uint8Array> {
  const bytes = await blobs.get(path.split("/").at(-1) as Sha256);
  if (bytes === undefined) throw new NetError(`${path}: expected the file, got none`);
  return bytes;
}

const documents = 100;
const wordsADocument = 60;

/** Words of a small vocabulary, the first ones far commoner than the last. */
function drawnFile(seed: number, { id }: ManifestSource): BroughtFile {
  const dice = random(`${seed}/text of ${id}`);
  const words = Array.from({ length: 300 }, () => drawnWord(dice));
  const lines = Array.from({ length: documents }, () => {
    const text = Array.from({ length: wordsADocument }, () => words[Math.floor(300 * dice.uniform() ** 3)]!);
    return `${JSON.stringify({ text: text.join(" ") })}\n`;
  });
  return { name: `${id}.jsonl`, bytes: async () => new TextEncoder().encode(lines.join("")) };
}

function drawnWord(dice: Random): string {
  const syllable = () => `${"bdfgklmnprstvz"[dice.below(14)]}${"aeiou"[dice.below(5)]}`;
  return Array.from({ length: 1 + dice.below(3) }, syllable).join("");
}
