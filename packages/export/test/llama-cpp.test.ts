// Exported gguf files in llama.cpp itself.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dimensions } from "@homebody/model";
import { trainTokenizer } from "@homebody/text";
import { afterAll, describe, expect, test } from "vitest";
import { hasConsumers } from "../../../test/consumers.ts";
import { hasCorpora, heldOutDocuments } from "../../../test/corpora.ts";
import { gguf, type Model, type WeightType } from "../src/index.ts";
import { greedily, logitsOf } from "./engine.ts";
import { type LoadedModel, loadModel } from "./llama-cpp.ts";
import { idsFor, modelOf, prompts, shapes, tokenizer } from "./small.ts";

const folder = mkdtempSync(join(tmpdir(), "homebody-llama-cpp-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const context = 80;
const someIds = idsFor(context);

async function inLlamaCpp<T>(model: Model, weightType: WeightType, use: (loaded: LoadedModel) => Promise<T>) {
  const path = join(folder, "model.gguf");
  writeFileSync(path, gguf.files(model, "", weightType).get("model.gguf")!);
  const loaded = await loadModel(path, dimensions(model.config).context);
  try {
    return await use(loaded);
  } finally {
    await loaded.dispose();
  }
}

/** As LoadedModel.nats, of as many ids as the context has. */
async function natsOfEngine(model: Model, ids: readonly number[]): Promise<readonly number[]> {
  const logits = await logitsOf(model, ids);
  const { vocabulary } = dimensions(model.config);
  return ids.slice(1).map((id, i) => {
    const row = logits.subarray(i * vocabulary, (i + 1) * vocabulary);
    const sum = row.reduce((sum, value) => sum + Math.exp(value), 0);
    return Math.log(sum) - row[id]!;
  });
}

const furthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;

describe.skipIf(!hasConsumers)("in llama.cpp", () => {
  test.each(shapes)("[X13] $family, tied: $tied: it goes on as our sampler does", async (shape) => {
    const model = modelOf(shape, 300, { context });
    await inLlamaCpp(model, "f32", async (loaded) => {
      const end = tokenizer.endOfDocument;
      let whole = 0;
      expect(loaded.ends).toMatchObject({ bos: end, eos: end, shouldPrependBosToken: true });
      for (const prompt of prompts) {
        const ids = [end, ...loaded.encode(prompt)];
        expect(ids.slice(1)).toEqual([...tokenizer.encode(prompt)]);
        const made = await greedily(model, ids, 40);
        const ended = made.indexOf(end); // there llama.cpp stops
        expect(await loaded.greedily(ids, 40)).toEqual(ended < 0 ? made : made.slice(0, ended));
        if (ended < 0) whole += 1;
      }
      expect(whole).toBeGreaterThan(2);
      // llama.cpp looks GELU up in a table of half precision.
      const tolerance = shape.family === "gpt2" ? 2e-3 : 1e-5;
      expect(furthest(await loaded.nats(someIds), await natsOfEngine(model, someIds))).toBeLessThan(
        tolerance,
      );
    });
  });

  // Rows of 24 and 40 numbers are no whole blocks of q8_0.
  const odd = { width: 24, heads: 3, hidden: 40 };
  test.each([
    { family: "gpt2", overrides: {} },
    { family: "gpt2", overrides: odd },
    { family: "llama", overrides: { width: 64, heads: 2, hidden: 96 } },
    { family: "llama", overrides: odd },
  ] as const)("[X13] $family $overrides: rounded weights are near", async ({ family, overrides }) => {
    const model = modelOf({ family, tied: false }, 300, { context, overrides });
    const exact = await natsOfEngine(model, someIds);
    const rounded = (weightType: WeightType) =>
      inLlamaCpp(model, weightType, (loaded) => loaded.nats(someIds));
    const [halves, bytes] = [await rounded("f16"), await rounded("q8_0")];
    expect(furthest(halves, exact)).toBeLessThan(0.01);
    expect(Math.abs(mean(bytes) - mean(exact))).toBeLessThan(0.02);
    if (overrides === odd) expect(bytes).toEqual(halves);
    else expect(furthest(bytes, halves)).toBeGreaterThan(1e-3); // it was rounded
  });

  test.skipIf(!hasCorpora)("[X14] real text has the same ids", async () => {
    const documents = heldOutDocuments(20);
    const own = trainTokenizer(documents, { vocabulary: 2000 });
    const model = { ...modelOf(shapes[2]!, 2000), tokenizer: own };
    await inLlamaCpp(model, "q8_0", async (loaded) => {
      for (const text of documents) expect(loaded.encode(text)).toEqual(Array.from(own.encode(text)));
    });
  });

  test("[X14] two spaces are other ones to it, as the card says", async () => {
    const texts = ["a\u0085.", "a\n\ufeff b"];
    const others = ["a\u00a0.", "a\n\u2028 b", "\u00a0\u2003 b"];
    const own = trainTokenizer(Array(9).fill([...texts, ...others].join(" ")), { vocabulary: 300 });
    await inLlamaCpp({ ...modelOf(shapes[2]!), tokenizer: own }, "f32", async (loaded) => {
      for (const text of texts) expect(loaded.encode(text)).not.toEqual(Array.from(own.encode(text)));
      for (const text of others) expect(loaded.encode(text)).toEqual(Array.from(own.encode(text)));
    });
  });
});
