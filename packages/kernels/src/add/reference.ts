import * as tf from "@tensorflow/tfjs";
import type { Reference } from "../plan/reference.ts";

export const Add: Reference<"Add"> = ({ x, y }) => ({ y: tf.add(y, x) });
