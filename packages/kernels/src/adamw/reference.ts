import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const AdamW: Reference<"AdamW"> = (operands, { beta1, beta2, epsilon, decays }) => {
  const { parameter, gradient, control, settings } = operands;
  const number = (tensor: tf.Tensor, i: number) => tf.slice(tensor, [i], [1]);
  const scale = number(control, 2);
  const moves = tf.greater(scale, 0);
  const g = tf.mul(gradient, scale);
  const first = tf.add(tf.mul(operands.first, beta1), tf.mul(g, 1 - beta1));
  const second = tf.add(tf.mul(operands.second, beta2), tf.mul(tf.mul(g, g), 1 - beta2));
  const deviation = tf.add(tf.sqrt(tf.mul(second, number(settings, 2))), epsilon);
  const move = tf.div(tf.mul(first, number(settings, 1)), deviation);
  const kept = decays ? tf.mul(parameter, number(settings, 3)) : parameter;
  return {
    parameter: tf.where(moves, tf.sub(kept, move), parameter),
    first: tf.where(moves, first, operands.first),
    second: tf.where(moves, second, operands.second),
  };
};
