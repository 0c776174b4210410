// Adds cross-entropy, and its gradient where it is wanted, to a plan.

import type { Operand, Plan } from "../plan/plan.ts";

export interface CrossEntropyInputs {
  readonly targets: Operand;
  readonly settings: Operand;
  readonly losses: Operand;
}

export function crossEntropy(
  plan: Plan,
  logits: Operand,
  { targets, settings, losses }: CrossEntropyInputs,
  { gradient, accumulate = false }: { readonly gradient: boolean; readonly accumulate?: boolean },
): void {
  plan.add("CrossEntropy", { targets, settings, losses, logits }, { gradient, accumulate });
}
