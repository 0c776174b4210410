// Exposure of planted secrets (Carlini et al., arXiv 1802.08232, section 4): whoever has a model ranks the secret among
// others of its form, by how likely the model finds the sentence. Exposure is log2(candidates) - log2(rank): 0 where the secret
// is last, log2(candidates) where it is first, and 1.4 on average where the model knows nothing of it.

import { random } from "@homebody/base";
import { beginningOf, bitsOfText, loadParameters, scorerOf } from "@homebody/experiment";
import { type ModelConfig, modelConfig } from "@homebody/model";
import { drawBatch } from "@homebody/text";
import type { Trainer } from "@homebody/train";
import type { Row } from "../job.ts";
import type { ExposureWork } from "../work.ts";
import { keptBody, keptWords, type Made, type Performing, textOf, trainerOf, turn } from "./performing.ts";

/** Of a short sentence, about. */
const scoredTokens = 10;

export async function measureExposure(work: ExposureWork, performing: Performing): Promise<Made> {
  const { arm, seed, from, recipe, canaries, candidates, text: ref } = work;
  const config = modelConfig(recipe.model, work.vocabulary);
  const { tokenizer } = await textOf(performing, ref);
  const trainer = trainerOf(config);
  try {
    await loadModel(work, config, trainer, performing);
    const scorer = scorerOf(trainer);
    const rows: Row[] = [];
    for (const { prefix, secret, copies } of canaries) {
      const bits: number[] = [];
      for (const candidate of [secret, ...otherSecrets(secret, candidates - 1, `${seed}/${prefix}`)]) {
        bits.push(await bitsOfText(scorer, tokenizer, `${prefix}${candidate}`));
        performing.passed(scoredTokens);
        await turn();
      }
      const rank = 1 + bits.slice(1).filter((other) => other < bits[0]!).length;
      const about = { arm, seed, phase: work.words, source: work.source, step: copies };
      rows.push({ ...about, measure: "exposure", value: Math.log2(candidates) - Math.log2(rank) });
    }
    return { rows, provenance: { from } };
  } finally {
    trainer.dispose();
  }
}

/** The body with the embeddings that the attacker has, or makes. */
async function loadModel(work: ExposureWork, config: ModelConfig, trainer: Trainer, performing: Performing) {
  const { from, words, source, seed } = work;
  const body = await keptBody(performing, from, config, "theta");
  const shared = (group: "phi" | "psi") => keptBody(performing, from, config, group);
  const embeddings = {
    shared: async () => ({ phi: await shared("phi"), psi: await shared("psi") }),
    "of the source": () => keptWords(performing, from, source, config),
    fitted: async () => null,
  };
  loadParameters(trainer, beginningOf(config, body, await embeddings[words](), `${seed}/attacker`));
  if (words === "fitted") await fitWords(work, trainer, performing);
}

/** On public text, while the body stands still: all that somebody without words can do. */
async function fitWords(
  { recipe, fitSteps, text: ref, seed }: ExposureWork,
  trainer: Trainer,
  performing: Performing,
): Promise<void> {
  const { train } = await textOf(performing, ref);
  const rate = recipe.learningRate.peak;
  const draw = {
    seed: `${seed}/attacker`,
    source: ref.source,
    slot: 0,
    slots: 1,
    round: 0,
    localSteps: fitSteps,
  };
  trainer.loadMoments(null);
  for (let step = 0; step < fitSteps; step++) {
    const batch = drawBatch(train, { ...draw, step, batch: recipe.batch });
    const { tokens } = await trainer.step(batch, { theta: null, phi: rate, psi: rate });
    performing.passed(tokens);
    await turn();
  }
}

/** Secrets of the same form: as many digits, each another. */
function otherSecrets(secret: string, count: number, seed: string): readonly string[] {
  const dice = random(seed);
  const others = new Set<string>();
  while (others.size < count) {
    const other = Array.from(secret, () => dice.below(10)).join("");
    if (other !== secret) others.add(other);
  }
  return [...others];
}
