// The demonstration run as files: texts and a run file in the data folder, written once and then left as they are,
// so that a newer Homebody goes on with the run that an older one began.

import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { demoDocuments, demoSources } from "./texts.ts";

export const demoRounds = 12;

/** The path of the run file. */
export async function writeDemo(dataDir: string): Promise<string> {
  const folder = join(dataDir, "demo");
  const path = join(folder, "run.yaml");
  if (existsSync(path)) return path;
  await mkdir(join(folder, "texts"), { recursive: true, mode: 0o700 });
  for (const source of demoSources) {
    const lines = (await demoDocuments(source)).map((text) => `${JSON.stringify({ text })}\n`);
    await writeFile(join(folder, textOf(source.id)), lines.join(""));
  }
  await writeFile(`${path}.part`, stringify(demoRun(), { lineWidth: 110 }));
  await rename(`${path}.part`, path);
  return path;
}

const textOf = (id: string) => join("texts", `${id}.jsonl`);

function demoRun() {
  return {
    name: "One declaration, ten languages",
    description:
      "A small language model learns from the Universal Declaration of Human Rights, each language on a device of " +
      "its own. A demonstration that runs on one computer: every language keeps its own vocabulary at home, and " +
      "only the body of the model travels.",
    host: "this computer",
    model: {
      family: "llama",
      depth: 4,
      context: 128,
      overrides: { width: 128, heads: 4, kvHeads: 4, hidden: 352 },
    },
    sources: demoSources.map(({ id, title, language }) => ({
      id,
      title,
      language,
      text: "served",
      train: textOf(id),
      vocabulary: 512,
    })),
    training: {
      localSteps: 8,
      batch: 8,
      learningRate: { peak: 0.002, schedule: "cosine", warmupSteps: 10, finalFraction: 0.1 },
      seed: 1,
    },
    outer: { kind: "averaging" },
    codec: "fp16",
    rounds: demoRounds,
    round: { minimum: 1, quorum: "all", graceSeconds: 5, deadlineSeconds: 180, evaluationSeconds: 60 },
    heldOut: { share: 0.1 },
  };
}
