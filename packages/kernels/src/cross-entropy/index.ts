// Softmax cross-entropy with ignored positions: share * -ln p(target) in each row, 0 where the target is below 0.
//
// logits [N, V], targets [N] int32, losses [N]. The share, 1 / how many targets count, is the first number of
// `settings`: the only one that differs from batch to batch. The gradient takes the place of the logits: share *
// (softmax - one-hot), so a slice of rows is all that is ever in memory of them (the head, in packages/model).
//
// Kernel CrossEntropy: operands targets, settings, losses, logits; attributes gradient (whether it is wanted),
// accumulate (into losses). Cost: about 10 N V.

import { type Operand, type Plan, requireShape } from "../plan/plan.ts";

export interface CrossEntropyInputs {
  readonly targets: Operand;
  readonly settings: Operand;
  readonly losses: Operand;
}

export function crossEntropy(
  plan: Plan,
  logits: Operand,
  { targets, settings, losses }: CrossEntropyInputs,
  options: { readonly gradient: boolean; readonly accumulate?: boolean },
): void {
  requireShape("crossEntropy: targets", targets, [logits.shape[0]!]);
  requireShape("crossEntropy: losses", losses, [logits.shape[0]!]);
  const { gradient, accumulate = false } = options;
  plan.add(
    "CrossEntropy",
    { targets, settings, losses, logits },
    { gradient: Number(gradient), accumulate: Number(accumulate) },
  );
}
