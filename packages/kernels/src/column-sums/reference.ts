import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const ColumnSums: Reference<"ColumnSums"> = ({ x, y }, { accumulate }) => {
  const sums = tf.sum(x, 0);
  return { y: accumulate ? tf.add(y, sums) : sums };
};
