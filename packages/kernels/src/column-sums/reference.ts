import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const columnSumsReference: Reference = ({ x, y }, { accumulate }) => {
  const sums = tf.sum(x!, 0);
  return { y: accumulate === 1 ? tf.add(y!, sums) : sums };
};
