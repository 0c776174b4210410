// A forward pass written from the papers, in forward/, reads the exported files alone and computes what the engine computes.

import { dimensions } from "@homebody/model";
import { expect, test } from "vitest";
import { hf } from "../src/index.ts";
import { logitsOf } from "./engine.ts";
import { gpt2 } from "./forward/gpt2.ts";
import { llama } from "./forward/llama.ts";
import { context, idsFor, modelOf, shapes } from "./small.ts";

test.each(shapes)(
  "[X3] $family, tied: $tied: the papers' forward pass of the files is the engine's",
  async (shape) => {
    const model = modelOf(shape);
    const files = hf.files(model, "");
    const config = JSON.parse(new TextDecoder().decode(files.get("config.json")));
    const weights = files.get("model.safetensors")!;
    const ids = idsFor(context);
    const forward = shape.family === "gpt2" ? gpt2 : llama;
    const expected = forward(config, weights, ids);
    const got = await logitsOf(model, ids);
    const { vocabulary } = dimensions(model.config);
    let [furthest, largest] = [0, 0];
    for (const [position, logits] of expected.entries())
      for (const [id, logit] of logits.entries()) {
        furthest = Math.max(furthest, Math.abs(logit - got[position * vocabulary + id]!));
        largest = Math.max(largest, Math.abs(logit));
      }
    expect(largest).toBeGreaterThan(1); // there is something to be wrong about
    expect(furthest).toBeLessThan(1e-5);
  },
);
