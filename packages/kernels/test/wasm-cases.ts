// Every kernel on wasm beside its reference, over shapes drawn at random; the file that runs it says where.

import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { loadSimd } from "../src/index.ts";
import { cases, worstDifference } from "./cases.ts";

const draws = 25;

export function wasmCases(): void {
  beforeAll(async () => {
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    await tf.setBackend("wasm");
    expect(await loadSimd()).toBe(true);
  });

  test.each(Object.keys(cases))("%s", async (name) => {
    for (let draw = 0; draw < draws; draw++) {
      const { worst, where } = await worstDifference(name, `${draw}`);
      expect(worst, `draw ${draw}: ${where}`).toBeLessThan(3e-5);
    }
  });

  test("nothing is left behind", () => {
    expect(tf.memory().numTensors).toBe(0);
  });
}
