// Costs counted by hand.

import { expect, test } from "vitest";
import { causalAttention, causalAttentionGrad } from "../causal-attention/index.ts";
import { crossEntropy } from "../cross-entropy/index.ts";
import { embedding } from "../embedding/index.ts";
import { matmul } from "../matmul/index.ts";
import { muon } from "../muon/index.ts";
import { costOf } from "./cost.ts";
import { type ElementType, Plan, whole } from "./plan.ts";

const tensor = (shape: readonly number[], type: ElementType = "f32") =>
  whole({ name: "kept", size: shape.reduce((a, b) => a * b), type, kept: true }, shape);

function costs(add: (plan: Plan) => void) {
  const plan = new Plan();
  add(plan);
  return plan.commands.map(costOf);
}

test("a product: 2 M N K; what it adds to is read and written", () => {
  const [a, b, c] = [tensor([3, 4]), tensor([4, 5]), tensor([3, 5])];
  expect(costs((plan) => matmul(plan, a, b))).toEqual([{ flops: 120, bytes: 4 * (12 + 20 + 15) }]);
  expect(costs((plan) => matmul(plan, a, b, { into: c, accumulate: true }))).toEqual([
    { flops: 120, bytes: 4 * (12 + 20 + 15 + 15) },
  ]);
  const half = tensor([5, 4], "f16");
  expect(costs((plan) => matmul(plan, a, half, { transposeB: true }))).toEqual([
    { flops: 120, bytes: 4 * 12 + 2 * 20 + 4 * 15 },
  ]);
});

test("attention: over half of T x T two products forward, five backward, and no scores in memory", () => {
  const shape = { batch: 2, heads: 4, kvHeads: 2 };
  const [T, D] = [5, 3];
  const qkv = tensor([2 * T, 8 * D]);
  const [forward, backward] = costs((plan) => {
    const attended = causalAttention(plan, qkv, shape);
    causalAttentionGrad(plan, qkv, attended, tensor([2 * T, 4 * D]), shape);
  });
  expect(forward).toEqual({ flops: 2 * 2 * 4 * T * T * D, bytes: 4 * 2 * T * (8 * D + 4 * D + 4) });
  expect(backward!.flops).toBe(5 * 2 * 4 * T * T * D);
});

test("of a table only the rows that are looked up are read; of a matrix around a block only the block", () => {
  const ids = tensor([7], "i32");
  expect(costs((plan) => embedding(plan, ids, tensor([50, 8])))).toEqual([
    { flops: 0, bytes: 4 * (7 + 7 * 8 + 7 * 8) },
  ]);
  const around = tensor([40, 60]);
  const states = {
    parameter: around,
    gradient: around,
    moment: around,
    control: tensor([4]),
    settings: tensor([8]),
  };
  const all = costs((plan) => muon(plan, states, { row: 2, column: 3, rows: 4, columns: 5 }, 0.95, true));
  expect(all[0]).toEqual({ flops: 5 * 20, bytes: 4 * (20 + 2 * 20 + 4 + 20) });
  expect(all.at(-1)).toEqual({ flops: 3 * 20, bytes: 4 * (20 + 4 + 8 + 2 * 20) });
});

test("cross-entropy writes over the logits only where its gradient is wanted", () => {
  const inputs = { targets: tensor([6], "i32"), settings: tensor([8]), losses: tensor([6]) };
  const [losses, gradient] = costs((plan) => {
    crossEntropy(plan, tensor([6, 9]), inputs, { gradient: false });
    crossEntropy(plan, tensor([6, 9]), inputs, { gradient: true });
  });
  expect(losses!.bytes).toBe(4 * (6 + 8 + 6 + 54));
  expect(gradient!.bytes).toBe(losses!.bytes + 4 * 54);
  expect(gradient!.flops).toBeGreaterThan(losses!.flops);
});
