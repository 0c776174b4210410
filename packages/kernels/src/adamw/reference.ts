import * as tf from "@tensorflow/tfjs";
import type { AdamWState, AdamWStep } from "./index.ts";

export function adamwReference(state: AdamWState, gradient: tf.Tensor, step: AdamWStep): AdamWState {
  const { learningRate, beta1, beta2, epsilon, decay, scale } = step;
  return tf.tidy(() => {
    const g = tf.mul(gradient, scale);
    const first = tf.add(tf.mul(state.first, beta1), tf.mul(g, 1 - beta1));
    const second = tf.add(tf.mul(state.second, beta2), tf.mul(tf.mul(g, g), 1 - beta2));
    const deviation = tf.sqrt(tf.div(second, 1 - beta2 ** step.step));
    const move = tf.div(tf.div(first, 1 - beta1 ** step.step), tf.add(deviation, epsilon));
    const kept = tf.mul(state.parameter, 1 - learningRate * decay);
    return { parameter: tf.sub(kept, tf.mul(move, learningRate)), first, second };
  });
}
