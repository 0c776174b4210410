// A model over one cache, asked about prefixes in any order, against a cache that begins anew for each.

import { random } from "@homebody/base";
import type { Prefix } from "@homebody/mixture";
import { type Cache, createPredictor, startBackend } from "@homebody/train";
import { beforeAll, expect, test } from "vitest";
import { cachedModel, firstParameters, loadParameters } from "../src/index.ts";
import { context, documentsOf, english, prepare, smallConfig } from "./small.ts";

const text = prepare(documentsOf(english, 40, "cached"), 300);
const { tokenizer } = text;
let anew: Cache;
let cache: Cache;

beforeAll(async () => {
  await startBackend("wasm", { threads: 1 });
  const predictor = createPredictor(smallConfig("llama"));
  loadParameters(predictor, firstParameters(smallConfig("llama"), "1"));
  anew = predictor.cache();
  cache = predictor.cache();
});

const longer = (before: Prefix | null, token: number): Prefix => ({
  before,
  token,
  length: (before?.length ?? 0) + 1,
});

test("whatever was asked before, logits are those of the prefix; half a context stays when it is full", async () => {
  const model = cachedModel(cache, tokenizer);
  const dice = random("prefixes");
  const prefixes = [longer(null, tokenizer.endOfDocument)];
  for (let i = 0; i < 3 * context; i++) {
    const near = prefixes[prefixes.length - 1 - dice.below(Math.min(3, prefixes.length))]!;
    const next = longer(near, 1 + dice.below(256));
    prefixes.push(next);
    const tokens: number[] = [];
    for (let one: Prefix | null = next; one !== null; one = one.before) tokens.unshift(one.token);
    const half = context / 2;
    while (tokens.length > context) tokens.splice(0, half);
    anew.rewind(0);
    const wanted = await anew.read(tokens);
    const found = await model.logits(next);
    const worst = found.reduce((most, one, at) => Math.max(most, Math.abs(one - wanted[at]!)), 0);
    expect(worst).toBeLessThan(1e-4);
  }
  expect(model.cost.prefixes).toBe(3 * context);
  expect(model.cost.tokens).toBeLessThan(3 * context * 6);
});
