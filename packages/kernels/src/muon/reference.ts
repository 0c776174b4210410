import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

const number = (tensor: tf.Tensor, i: number) => tf.slice(tensor, [i], [1]);

type Place = { readonly row: number; readonly column: number };

const blockOf = (x: tf.Tensor, { row, column }: Place, shape: number[]) => tf.slice(x, [row, column], shape);

/** `x` with a block put in the place of what is there. */
function withBlock(x: tf.Tensor, { row, column }: Place, block: tf.Tensor): tf.Tensor {
  const [R = 0, C = 0] = x.shape;
  const [rows = 0, columns = 0] = block.shape;
  const around: [number, number][] = [
    [row, R - row - rows],
    [column, C - column - columns],
  ];
  return tf.where(tf.cast(tf.pad(tf.onesLike(block), around), "bool"), tf.pad(block, around), x);
}

export const Momentum: Reference<"Momentum"> = ({ gradient, moment, control, y }, attributes) => {
  const { momentum } = attributes;
  const scale = number(control, 2);
  const moves = tf.greater(scale, 0);
  const g = tf.mul(blockOf(gradient, attributes, y.shape), scale);
  const m = tf.add(tf.mul(blockOf(moment, attributes, y.shape), momentum), g);
  return {
    moment: tf.where(moves, withBlock(moment, attributes, m), moment),
    y: tf.where(moves, tf.add(g, tf.mul(m, momentum)), y),
  };
};

export const Muon: Reference<"Muon"> = ({ update, control, settings, parameter }, attributes) => {
  const { scale, decays } = attributes;
  const before = blockOf(parameter, attributes, update.shape);
  const kept = decays ? tf.mul(before, number(settings, 3)) : before;
  const after = tf.sub(kept, tf.mul(update, tf.mul(number(settings, 4), scale)));
  const moves = tf.greater(number(control, 2), 0);
  return { parameter: tf.where(moves, withBlock(parameter, attributes, after), parameter) };
};
