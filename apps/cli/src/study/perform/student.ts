// A student: fresh words over the vocabulary that all share, on the body of a run. What it learns from is the only thing that differs.

import { learningRate } from "@homebody/dept";
import {
  beginningOf,
  drawRows,
  loadParameters,
  mixture,
  readParameters,
  trainSteps,
  writtenRows,
} from "@homebody/experiment";
import type { Written } from "@homebody/mixture";
import { modelConfig } from "@homebody/model";
import type { Batch, Tokenizer } from "@homebody/text";
import { beginnings } from "../../mixture/passages.ts";
import { readSplit } from "../corpus.ts";
import { processorTime } from "../distil/names.ts";
import { readTokenizer, readWritten } from "../folder.ts";
import { globalName } from "../plan.ts";
import type { StudentWork } from "../work.ts";
import {
  keepBody,
  keptBody,
  type Made,
  mapOf,
  type Performing,
  processorSeconds,
  trainerOf,
  turn,
} from "./performing.ts";
import { mixed } from "./standard.ts";

export async function trainStudent(work: StudentWork, performing: Performing): Promise<Made> {
  const { arm, seed, from, recipe, steps, body } = work;
  const config = modelConfig(recipe.model, work.vocabulary);
  const batchOf = await batchesOf(work, performing);
  const trainer = trainerOf(config);
  try {
    const theta = await keptBody(performing, from, config, "theta");
    loadParameters(trainer, beginningOf(config, theta, null, `${seed}/student`));
    trainer.loadMoments(null);
    const ratesOf = (step: number) => {
      const rate = learningRate(recipe.learningRate, step, steps);
      return { theta: body === "moves" ? rate : null, phi: rate, psi: rate };
    };
    const began = process.cpuUsage();
    const learning = { from: 0, to: steps, batchOf, ratesOf, pauseBefore: () => false };
    for await (const { tokens } of trainSteps(trainer, learning)) {
      performing.passed(tokens);
      await turn();
    }
    const about = { arm, seed, phase: "trained", source: null, step: steps };
    return {
      rows: [{ ...about, measure: processorTime, value: processorSeconds(began) }],
      provenance: { from, ...(await keepBody(performing, mapOf(await readParameters(trainer)))) },
    };
  } finally {
    trainer.dispose();
  }
}

async function batchesOf(
  { text, seed, recipe }: StudentWork,
  performing: Performing,
): Promise<(step: number) => Batch> {
  const { batch, model } = recipe;
  if (text.kind === "packed") {
    const sources = await mixed(text.texts, performing);
    return mixture({ sources, temperature: 0, rows: batch, seed: `${seed}/student` });
  }
  const tokenizer: Tokenizer = await readTokenizer(performing.folder, globalName);
  const texts: Written[] = [];
  if (text.kind === "written")
    for (const name of text.names) texts.push(...(await readWritten(performing.folder, name)));
  else
    for (const { id, folder } of text.sources)
      texts.push(
        ...beginningsOf(id, (await readSplit(folder)).train, text.bytes / text.sources.length, seed),
      );
  const rows = writtenRows(texts, tokenizer, model.context);
  return (step) => drawRows(rows, { step, batch, seed: `${seed}/student` });
}

function beginningsOf(name: string, documents: readonly string[], bytes: number, seed: number): Written[] {
  const whole = new Set(documents);
  return beginnings({ name, documents }, bytes, `${seed}/student`).map((text) => ({
    text,
    isWhole: whole.has(text),
  }));
}
