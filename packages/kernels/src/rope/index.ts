// Rotary position embedding (Su et al. 2021), rotate-half as in Hugging Face's Llama.
//
// x [B*T, H*D]: row b*T + t is turned by the angles of position t; of each head, element i < D/2 and i + D/2 are a
// pair, turned by t * theta^(-2i/D). Its gradient is the turn back.
//
// Kernel HomebodyRope: inputs x, cos [T, D/2], sin [T, D/2]; attributes heads, back (turn the other way); output y.

import * as tf from "@tensorflow/tfjs";
import { differentiable } from "../differentiable.ts";
import { runOwn } from "../dispatch.ts";
import { ropeReference } from "./reference.ts";

export interface RopeTables {
  readonly cos: tf.Tensor2D;
  readonly sin: tf.Tensor2D;
}

/** [T, D/2] each; the caller owns them. */
export function ropeTables(context: number, headSize: number, theta: number): RopeTables {
  const half = headSize / 2;
  const cos = new Float32Array(context * half);
  const sin = new Float32Array(context * half);
  for (let t = 0; t < context; t++)
    for (let i = 0; i < half; i++) {
      const angle = t * theta ** ((-2 * i) / headSize);
      cos[t * half + i] = Math.cos(angle);
      sin[t * half + i] = Math.sin(angle);
    }
  return { cos: tf.tensor2d(cos, [context, half]), sin: tf.tensor2d(sin, [context, half]) };
}

export function rope(x: tf.Tensor2D, { cos, sin }: RopeTables, heads: number): tf.Tensor2D {
  const turn = (x: tf.Tensor2D, back: boolean) =>
    (runOwn("HomebodyRope", { x, cos, sin }, { heads, back })?.[0] as tf.Tensor2D | undefined) ??
    ropeReference(x, cos, sin, heads, back);
  return differentiable([x], () => ({
    value: turn(x, false),
    gradients: (dy) => [turn(dy as tf.Tensor2D, true)],
  }));
}
