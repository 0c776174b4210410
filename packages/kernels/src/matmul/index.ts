// Matrix product in all four transpositions, with an optional bias: C = op(A) op(B) + bias.
//
// A [M, K] or, transposed, [K, M]; B [K, N] or [N, K]; bias [N]; C [M, N]. Its gradients are products of the same
// kind, so no operand is ever transposed in memory. Cost: 2 M N K.
//
// Kernel HomebodyMatMul: inputs a, b, and bias where there is one; attributes transposeA, transposeB; output C.

import type * as tf from "@tensorflow/tfjs";
import { columnSums } from "../column-sums/index.ts";
import { differentiable } from "../differentiable.ts";
import { runOwn } from "../dispatch.ts";
import { matmulReference } from "./reference.ts";

export function matmul(
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  transposeA = false,
  transposeB = false,
  bias?: tf.Tensor1D,
): tf.Tensor2D {
  const inputs = bias === undefined ? [a, b] : [a, b, bias];
  return differentiable(inputs, (save) => {
    save([a, b]);
    return {
      value: product(a, b, transposeA, transposeB, bias),
      gradients: (dy, saved) => {
        const [a, b] = saved as [tf.Tensor2D, tf.Tensor2D];
        const dc = dy as tf.Tensor2D;
        const da = transposeA ? product(b, dc, transposeB, true) : product(dc, b, false, !transposeB);
        const db = transposeB ? product(dc, a, true, transposeA) : product(a, dc, !transposeA, false);
        return bias === undefined ? [da, db] : [da, db, columnSums(dc)];
      },
    };
  });
}

/** The product alone, without a gradient. */
export function product(
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  transposeA: boolean,
  transposeB: boolean,
  bias?: tf.Tensor1D,
): tf.Tensor2D {
  const own = runOwn("HomebodyMatMul", bias === undefined ? { a, b } : { a, b, bias }, {
    transposeA,
    transposeB,
  });
  return (own?.[0] as tf.Tensor2D | undefined) ?? matmulReference(a, b, transposeA, transposeB, bias);
}
