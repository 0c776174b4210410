// The beginning of each source's corpus, prepared as a volunteer prepares text that it brings.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SourceId } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import type { RunManifest } from "@homebody/protocol";
import type { Texts } from "@homebody/sim";
import { prepareText, type Text } from "@homebody/volunteer";
import { memoryDisk } from "@homebody/volunteer/memory";

const mostBytes = 2_000_000;

export async function realTexts(manifest: RunManifest, folder: string): Promise<Texts> {
  const texts = new Map<SourceId, Text>();
  for (const source of manifest.sources) {
    const whole = await readFile(join(folder, source.id, "train.jsonl"));
    const bytes = whole.subarray(0, whole.lastIndexOf(10, mostBytes) + 1);
    const tools = {
      net: { download: () => Promise.reject(new Error("nothing is served here")) },
      ...{ disk: memoryDisk(), clock: systemClock, report: () => {}, signal: new AbortController().signal },
    };
    const file = { name: `${source.id}.jsonl`, bytes: async () => new Uint8Array(bytes) };
    texts.set(source.id, await prepareText(manifest, source, [file], tools));
  }
  return texts;
}
