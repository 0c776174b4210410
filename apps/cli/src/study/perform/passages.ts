// Models on passages of text: what they need for a byte of it, and how many bytes a second they read.

import { utf8Length } from "@homebody/text";
import { mixtureMeasurer } from "../../mixture/measure.ts";
import { type Passages, passagesOf } from "../../mixture/passages.ts";
import { readSplit } from "../corpus.ts";
import { bestSingle, perByte, perSecond, writtenText } from "../distil/names.ts";
import { readWritten } from "../folder.ts";
import { type Row, tokenAlone } from "../job.ts";
import type { PassagesWork, TextFolder } from "../work.ts";
import { withModels } from "./mixtures.ts";
import { type Made, type Performing, processorSeconds, turn } from "./performing.ts";

export async function measurePassages(work: PassagesWork, performing: Performing): Promise<Made> {
  const { arm, seed, of } = work;
  const texts = await textsOf(work, performing);
  return await withModels(of, work.model, performing, async (loaded) => {
    const share = "job" in of ? 0 : of.share;
    const measurer = mixtureMeasurer(loaded, [], { share, show: () => {}, breathe: turn });
    const rows: Row[] = [];
    const row = (whose: string, source: string | null, measure: string, value: number) =>
      rows.push({ arm: whose, seed, phase: "passages", source, step: 0, measure, value });
    const began = process.cpuUsage();
    let bytes = 0;
    for (const text of texts) {
      const { mixtures, best } = await measurer.measure(text);
      row(arm, text.name, perByte, mixtures.switching);
      if (!("job" in of)) row(bestSingle, text.name, perByte, best.bitsPerByte);
      const size = text.passages.reduce((sum, passage) => sum + utf8Length(passage), 0);
      performing.passed(size * loaded.length * tokenAlone);
      bytes += size;
    }
    row(arm, null, perSecond, bytes / processorSeconds(began));
    return { rows, provenance: { from: "job" in of ? of.job : of.from } };
  });
}

async function textsOf(work: PassagesWork, { folder }: Performing): Promise<readonly Passages[]> {
  const { learnt, unseen, bytes } = work;
  const seed = `${work.seed}`;
  const held = async ({ id, folder: at }: TextFolder) => ({
    name: id,
    documents: (await readSplit(at)).heldOut,
    learnt: false,
  });
  const [own, others] = [await Promise.all(learnt.map(held)), await Promise.all(unseen.map(held))];
  const written = (await readWritten(folder, work.written)).map(({ text }) => text);
  const all = [
    ...passagesOf(own, others, bytes, seed),
    { name: writtenText, learnt: null, passages: written },
  ];
  return all.filter(({ passages }) => passages.length > 0);
}
