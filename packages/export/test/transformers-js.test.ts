// Exported onnx folders in transformers.js itself, in a web page.

import { trainTokenizer } from "@homebody/text";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasConsumers } from "../../../test/consumers.ts";
import { hasCorpora, heldOutDocuments } from "../../../test/corpora.ts";
import { type Model, onnx } from "../src/index.ts";
import { greedily, logitsOf } from "./engine.ts";
import { idsFor, modelOf, prompts, shapes, tokenizer } from "./small.ts";
import { type InPage, type OpenPage, openPage } from "./transformers-js.ts";

const context = 64;
const someIds = idsFor(context);
const nameOf = ({ family, tied }: (typeof shapes)[number]) => `${family}-${tied ? "tied" : "untied"}`;
const small = new Map<string, Model>(
  shapes.map((shape) => [nameOf(shape), modelOf(shape, 300, { context })]),
);

const documents = hasCorpora ? heldOutDocuments(10) : [];
const ownTokenizer = trainTokenizer(documents, { vocabulary: 2000 });
const models = new Map([...small, ["languages", { ...modelOf(shapes[0]!, 2000), tokenizer: ownTokenizer }]]);

const furthest = (a: readonly number[], b: ArrayLike<number>) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

describe.skipIf(!hasConsumers)("in transformers.js", () => {
  let opened: OpenPage;
  beforeAll(async () => {
    opened = await openPage(new Map([...models].map(([name, model]) => [name, onnx.files(model, "")])));
  }, 60_000);
  afterAll(() => opened?.close());

  test.each(shapes)(
    "[X16] $family, tied: $tied: the engine's logits, in one go and in two",
    async (shape) => {
      const parts = [
        [0, context],
        [0, 20],
        [20, context],
      ];
      const [whole, first, second] = await opened.page.evaluate(
        async ({ name, ids, parts }) => {
          const { AutoModelForCausalLM, Tensor } = (globalThis as unknown as InPage).transformers;
          const tensor = (values: readonly number[]) =>
            new Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
          const model = await AutoModelForCausalLM.from_pretrained(name);
          const results: number[][] = [];
          let past: Record<string, unknown> | null = null;
          for (const [from, to] of parts as [number, number][]) {
            const given = from === 0 ? null : past;
            const outputs = await model({
              input_ids: tensor(ids.slice(from, to)),
              attention_mask: tensor(ids.slice(0, to).map(() => 1)),
              past_key_values: given,
            });
            results.push([...outputs.logits!.data]);
            past = {};
            for (const [name, value] of Object.entries(outputs))
              if (name.startsWith("present")) past[name.replace("present", "past_key_values")] = value;
          }
          await model.dispose();
          return results;
        },
        { name: nameOf(shape), ids: someIds, parts },
      );
      const expected = await logitsOf(small.get(nameOf(shape))!, someIds);
      expect(whole).toHaveLength(expected.length);
      expect(furthest(whole!, expected)).toBeLessThan(1e-4);
      expect([...first!, ...second!]).toHaveLength(expected.length);
      expect(furthest([...first!, ...second!], expected)).toBeLessThan(1e-4);
    },
  );

  test.each(shapes)("[X16] $family, tied: $tied: it goes on as our sampler does", async (shape) => {
    const ids = prompts.map((prompt) => [tokenizer.endOfDocument, ...tokenizer.encode(prompt)]);
    const made = await opened.page.evaluate(
      async ({ name, texts }) => {
        const { pipeline, TextStreamer } = (globalThis as unknown as InPage).transformers;
        const generate = await pipeline("text-generation", name);
        const all: number[][] = [];
        for (const text of texts) {
          const tokens: number[] = [];
          const streamer = new TextStreamer(generate.tokenizer, {
            skip_prompt: true,
            callback_function: () => {},
            token_callback_function: (more) => tokens.push(...more.map(Number)),
          });
          await generate(text, { max_new_tokens: 36, do_sample: false, streamer });
          all.push(tokens);
        }
        await generate.dispose();
        return all;
      },
      { name: nameOf(shape), texts: prompts.map((prompt) => `<|endoftext|>${prompt}`) },
    );
    for (const [i, prompt] of ids.entries()) {
      const expected = await greedily(small.get(nameOf(shape))!, prompt, 36);
      const ended = expected.indexOf(tokenizer.endOfDocument);
      expect(made[i]).toEqual(ended < 0 ? expected : expected.slice(0, ended + 1));
    }
  });

  test("[X16] several texts at once, the shorter ones filled up before them", async () => {
    const [alone, together] = await opened.page.evaluate(
      async (ids) => {
        const { AutoModelForCausalLM, Tensor } = (globalThis as unknown as InPage).transformers;
        const model = await AutoModelForCausalLM.from_pretrained("llama-untied");
        const tensor = (rows: readonly (readonly number[])[]) =>
          new Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]!.length]);
        const last = async (input_ids: number[][], mask: number[][]) => {
          const { logits } = await model({ input_ids: tensor(input_ids), attention_mask: tensor(mask) });
          return [...logits!.data.slice(-ids.length * 300)];
        };
        const [ones, zeros] = [ids.map(() => 1), ids.map(() => 0)];
        return [
          await last([ids], [ones]),
          await last(
            [
              [...ids, ...ids],
              [...zeros, ...ids],
            ],
            [
              [...ones, ...ones],
              [...zeros, ...ones],
            ],
          ),
        ];
      },
      someIds.slice(0, 20),
    );
    expect(alone).toHaveLength(20 * 300);
    expect(furthest(alone!, together!)).toBeLessThan(1e-4);
  });

  test.skipIf(!hasCorpora)("[X4] real text has the same ids", async () => {
    const ids = await opened.page.evaluate(async (documents) => {
      const { AutoTokenizer } = (globalThis as unknown as InPage).transformers;
      const tokenizer = await AutoTokenizer.from_pretrained("languages");
      return documents.map((text) => tokenizer.encode(text));
    }, documents);
    for (const [i, text] of documents.entries())
      expect(ids[i]).toEqual(Array.from(ownTokenizer.encode(text)));
  });
});
