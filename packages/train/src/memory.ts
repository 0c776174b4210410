// What training takes, before it starts: so that a page can say so, instead of losing the device.
//
// Parameters four times (values, gradients, two moments); of activations what the backward pass needs, counted op
// by op below; the logits twice (with their gradient). An estimate from above: buffers are reused.

import { dimensions, groupLayout, groups, type ModelConfig } from "@homebody/model";

export function trainingMemoryBytes(config: ModelConfig, batch: number): number {
  const { layers, width, heads, kvHeads, headSize, hidden, context, vocabulary } = dimensions(config);
  const parameters = groups.reduce((sum, group) => sum + groupLayout(config, group).size, 0);
  const rows = batch * context;
  // Norms and residuals: 4 widths; attention: q, k, v, output and the probabilities; the hidden layer: 3 times.
  const attention = 2 * width + 2 * kvHeads * headSize + heads * context;
  const activations = rows * layers * (4 * width + attention + 3 * hidden);
  const logits = 2 * rows * vocabulary;
  return 4 * (4 * parameters + 2 * activations + logits);
}
