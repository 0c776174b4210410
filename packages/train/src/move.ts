// The optimiser's plan: the norm of the gradients of the groups that move, and their move.
//
// AdamW takes all numbers of a range at once. Muon takes the body's matrices one by one; its momentum stands where AdamW
// keeps first moments, so what is kept of an optimiser has one form.

import { adamw, gradientNorm, muon, type Operand, Plan, type Storage, whole } from "@homebody/kernels/plans";
import { bodyMatrices, type Range } from "@homebody/model";
import { type PlanInputs, piecesOf, settingsOf } from "./plans.ts";
import type { Moving } from "./rates.ts";

export function movePlan(inputs: PlanInputs, moving: Moving): Plan {
  const { options, arrangement, model, batch } = inputs;
  const plan = new Plan();
  plan.region("optimiser");
  const gradients = piecesOf(model.gradients, arrangement, moving);
  gradientNorm(plan, gradients, whole(batch.losses), whole(model.control), options.clip);
  const { optimiser = { kind: "adamw" } } = options;
  for (const range of arrangement.ranges) {
    if (!moving.includes(range.group)) continue;
    const isMatrices = range.group === "theta" && range.decays;
    if (isMatrices && optimiser.kind === "muon") moveMatrices(plan, inputs, optimiser.momentum);
    else moveRange(plan, inputs, range);
  }
  return plan;
}

function moveRange(plan: Plan, { options, model }: PlanInputs, range: Range): void {
  const { group, offset, size, decays } = range;
  const constants = { beta1: options.betas[0], beta2: options.betas[1], epsilon: options.epsilon };
  const part = (storage: Storage): Operand => ({ storage, offset, shape: [size] });
  const operands = {
    parameter: part(model.values),
    gradient: part(model.gradients),
    first: part(model.first),
    second: part(model.second),
    control: whole(model.control),
    settings: settingsOf(model, group),
  };
  adamw(plan, operands, constants, decays);
}

function moveMatrices(plan: Plan, { options, arrangement, model }: PlanInputs, momentum: number): void {
  for (const { around, ...block } of bodyMatrices(options.config, arrangement)) {
    const operands = {
      parameter: { storage: model.values, ...around },
      gradient: { storage: model.gradients, ...around },
      moment: { storage: model.first, ...around },
      control: whole(model.control),
      settings: settingsOf(model, "theta"),
    };
    muon(plan, operands, block, momentum, true);
  }
}
