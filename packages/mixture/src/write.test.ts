import { random } from "@homebody/base";
import { describe, expect, test } from "vitest";
import { tableModel } from "../test/table-model.ts";
import { drawnVocabulary, learntVocabulary, someText } from "../test/vocabularies.ts";
import { byteModelOf, endOfText } from "./byte-model.ts";
import { firstWeights, type MixtureRule, weightsAfter } from "./weights.ts";
import { type Written, write } from "./write.ts";

const models = [0, 20].map((merges, i) =>
  byteModelOf(tableModel(drawnVocabulary(300 + i, merges).vocabulary, `${i}`)),
);
const breathe = async () => {};
const utf8 = new TextEncoder();

/**
 * How far outcomes are from the probabilities that a mixture gives them, whatever these are: each as a number from 0 to 1, its place by
 * chance within its own share of all outcomes. If they have these probabilities the numbers are uniform; as chi-square over
 * ten parts. Outcomes stand in the order in which the first model likes them better than the mixture, which tells rules apart.
 */
async function misfit(texts: readonly (readonly number[])[], rule: MixtureRule): Promise<number> {
  const parts = new Float64Array(10);
  const dice = random("place");
  for (const outcomes of texts) {
    let states = models.map((model) => model.start());
    let weights = firstWeights(models.length);
    for (const outcome of outcomes) {
      const given = await Promise.all(states.map((state) => state.next()));
      const mean = given[0]!.map((_, i) => given.reduce((sum, p, model) => sum + weights[model]! * p[i]!, 0));
      const before = [...mean.keys()].filter((i) => isBefore(i, outcome, given[0]!, mean));
      const place = before.reduce((sum, i) => sum + mean[i]!, 0) + dice.uniform() * mean[outcome]!;
      parts[Math.min(9, Math.floor(10 * place))]! += 1;
      if (outcome === endOfText) break;
      weights = weightsAfter(
        weights,
        given.map((p) => Math.log(p[outcome]!)),
        rule,
      );
      states = await Promise.all(states.map((state) => state.after(outcome)));
    }
  }
  const expected = parts.reduce((sum, found) => sum + found, 0) / parts.length;
  return parts.reduce((sum, found) => sum + (found - expected) ** 2 / expected, 0);
}

function isBefore(one: number, other: number, first: Float64Array, mean: Float64Array): boolean {
  const [a, b] = [one, other].map((i) => (mean[i]! > 0 ? first[i]! / mean[i]! : 0)) as [number, number];
  return a < b || (a === b && one < other);
}

/** Of nine degrees of freedom, more in one case of ten thousand. */
const mostMisfit = 34;

const outcomesOf = ({ text, isWhole }: Written) => [...utf8.encode(text), ...(isWhole ? [endOfText] : [])];

async function texts(rule: MixtureRule, count: number, bytes: number): Promise<readonly number[][]> {
  const dice = random("texts");
  const found: number[][] = [];
  for (let i = 0; i < count; i++) found.push(outcomesOf(await write(models, rule, { bytes, dice, breathe })));
  return found;
}

describe("[M12] a mixture writes as one model at a time: texts have its probabilities", () => {
  const rules: readonly MixtureRule[] = [
    { kind: "uniform" },
    { kind: "likelihood", share: 0 },
    { kind: "likelihood", share: 0.3 },
  ];
  test.each(rules)("%o", async (rule) => {
    // What is cut within a character loses that: such beginnings would be missing, so only the first outcomes count.
    const first = (await texts(rule, 150, 9)).map((outcomes) => outcomes.slice(0, 6));
    expect(await misfit(first, rule)).toBeLessThan(mostMisfit);
    for (const other of rules)
      if (other.kind === "likelihood" && other !== rule)
        expect(await misfit(first, other)).toBeGreaterThan(mostMisfit);
  });

  test("after each byte another one goes on with the share's probability that it is drawn", async () => {
    const { vocabulary } = drawnVocabulary(1, 0);
    const alone = [..."ael"].map((letter) => {
      const byte = letter.charCodeAt(0);
      const logits = Float32Array.from(vocabulary.tokens, ([first, ...rest]) =>
        first === byte && rest.length === 0 ? 40 : 0,
      );
      return byteModelOf({ vocabulary, logits: async () => logits });
    });
    const rule = { kind: "likelihood", share: 0.3 } as const;
    const { text } = await write(alone, rule, { bytes: 1500, dice: random("turns"), breathe });
    const changes = [...text].filter((letter, i) => i > 0 && letter !== text[i - 1]).length;
    const [mean, deviation] = [1499 * 0.2, Math.sqrt(1499 * 0.2 * 0.8)];
    expect(text).toMatch(/^[ael]{1500}$/);
    expect(Math.abs(changes - mean)).toBeLessThan(4 * deviation);
  });

  test("the same dice give the same text; a document ends where a model ends it", async () => {
    const rule = { kind: "likelihood", share: 0.1 } as const;
    const made = await texts(rule, 30, 30);
    expect(made).toEqual(await texts(rule, 30, 30));
    expect(made.some((outcomes) => outcomes.at(-1) === endOfText)).toBe(true);
  });
});

test("[M13] a model that writes alone is asked once a token", async () => {
  const { vocabulary, tokenizer } = learntVocabulary([someText, someText], 400);
  const model = tableModel(vocabulary, "alone");
  const rule = { kind: "likelihood", share: 0 } as const;
  const { text, isWhole } = await write([byteModelOf(model)], rule, {
    bytes: 200,
    dice: random("alone"),
    breathe,
  });
  const tokens = tokenizer.encode(text).length;
  expect(Math.abs(model.asked.length - tokens)).toBeLessThanOrEqual(isWhole ? 1 : 3);
});
