// The same GPT-2 in stock tfjs: its own ops and gradients, AdamW op by op for each tensor, as one would write it who knows
// no kernels of ours. Matrix products have their gradients by transposes that are made: tfjs's own for A·Bᵀ are slower.

import { dimensions } from "@homebody/model";
import * as tf from "@tensorflow/tfjs";
import { adam, type Bench, batchOf, firstParameters, type Peer } from "../configs.ts";

export function tfjsPeer(bench: Bench): Peer {
  const { layers, heads, width, epsilon, tied } = dimensions(bench.config);
  const { inputs, targets, rows, context } = batchOf(bench);
  const first = firstParameters(bench.config);
  const names = first.map(({ name }) => name);
  let parameters = first.map(({ values, shape }) => tf.tensor(values, [...shape]));
  let firstMoments = parameters.map((p) => tf.zerosLike(p));
  let secondMoments = parameters.map((p) => tf.zerosLike(p));
  const ids = tf.tensor1d(inputs, "int32");
  const oneHot = tf.tidy(() =>
    tf.cast(tf.oneHot(tf.tensor1d(targets, "int32"), dimensions(bench.config).vocabulary), "float32"),
  );
  const mask = tf.tidy(() => tf.mul(-1e9, tf.sub(1, tf.linalg.bandPart(tf.ones([context, context]), -1, 0))));
  let steps = 0;

  const product = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [a, b, save] = args as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradFunc: (dy: tf.Tensor, [a, b]: tf.Tensor[]) => [
        tf.matMul(dy as tf.Tensor2D, tf.transpose(b as tf.Tensor2D)),
        tf.matMul(tf.transpose(a as tf.Tensor2D), dy as tf.Tensor2D),
      ],
    };
  });

  /** Rows of a table; its gradient by scatterND, which the wasm backend has. */
  const lookUp = (table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D =>
    tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => ({
      value: tf.gather(args[0] as tf.Tensor2D, ids),
      gradFunc: (dy: tf.Tensor) => tf.scatterND(tf.reshape(ids, [-1, 1]), dy, table.shape),
    }))(table) as tf.Tensor2D;

  function loss(...given: tf.Tensor[]): tf.Scalar {
    const at = (name: string) => given[names.indexOf(name)]!;
    const linear = (x: tf.Tensor, name: string) =>
      tf.add(product(x, at(`${name}.weight`)), at(`${name}.bias`));
    const norm = (x: tf.Tensor, name: string) => {
      const away = tf.sub(x, tf.mean(x, -1, true));
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(away), -1, true), epsilon));
      return tf.add(tf.mul(tf.mul(away, inverse), at(`${name}.weight`)), at(`${name}.bias`));
    };
    const gelu = (x: tf.Tensor) =>
      tf.mul(
        tf.mul(0.5, x),
        tf.add(
          1,
          tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.mul(x, x)))))),
        ),
      );
    const positions = tf.tile(at("transformer.wpe.weight"), [rows, 1]);
    let x: tf.Tensor = tf.add(lookUp(at("transformer.wte.weight") as tf.Tensor2D, ids), positions);
    for (let layer = 0; layer < layers; layer++) {
      const here = `transformer.h.${layer}`;
      const parts = tf.split(linear(norm(x, `${here}.ln_1`), `${here}.attn.c_attn`), 3, 1);
      const [q, k, v] = parts.map((part) =>
        tf.transpose(tf.reshape(part, [rows, context, heads, width / heads]), [0, 2, 1, 3]),
      ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
      const scores = tf.mul(tf.matMul(q, tf.transpose(k, [0, 1, 3, 2])), 1 / Math.sqrt(width / heads));
      const attended = tf.matMul(tf.softmax(tf.add(scores, mask)), v);
      const joined = tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [rows * context, width]);
      x = tf.add(x, linear(joined, `${here}.attn.c_proj`));
      x = tf.add(x, linear(gelu(linear(norm(x, `${here}.ln_2`), `${here}.mlp.c_fc`)), `${here}.mlp.c_proj`));
    }
    const table = at(tied ? "transformer.wte.weight" : "lm_head.weight") as tf.Tensor2D;
    const logits = product(norm(x, "transformer.ln_f"), tf.transpose(table));
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), oneHot), 1)));
  }

  async function step(): Promise<number> {
    steps += 1;
    const { value, next } = tf.tidy(() => {
      const { value, grads } = tf.valueAndGrads(loss)(parameters);
      const squares = grads.map((gradient) => tf.sum(tf.square(gradient)));
      const norm = tf.sqrt(squares.reduce((sum, square) => tf.add(sum, square)));
      const scale = tf.minimum(1, tf.div(adam.clip, norm));
      const [b1, b2] = adam.betas;
      const next = parameters.map((parameter, i) => {
        const g = tf.mul(grads[i]!, scale);
        const m = tf.add(tf.mul(firstMoments[i]!, b1), tf.mul(g, 1 - b1));
        const v = tf.add(tf.mul(secondMoments[i]!, b2), tf.mul(tf.square(g), 1 - b2));
        const deviation = tf.add(tf.sqrt(tf.div(v, 1 - b2 ** steps)), adam.epsilon);
        const move = tf.div(tf.div(m, 1 - b1 ** steps), deviation);
        const decay = parameter.rank === 2 ? adam.weightDecay : 0;
        const kept = tf.mul(parameter, 1 - adam.learningRate * decay);
        return { parameter: tf.sub(kept, tf.mul(move, adam.learningRate)), m, v };
      });
      return { value, next };
    });
    const [now = Number.NaN] = await value.data();
    value.dispose();
    tf.dispose([parameters, firstMoments, secondMoments]);
    parameters = next.map(({ parameter }) => parameter);
    firstMoments = next.map(({ m }) => m);
    secondMoments = next.map(({ v }) => v);
    return now;
  }

  return {
    step,
    dispose: () => tf.dispose([parameters, firstMoments, secondMoments, ids, oneHot, mask]),
  };
}
