// Every kernel on wasm beside its reference, over shapes drawn at random; the file that runs it says where.

import { random } from "@homebody/base";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { add, loadSimd, newtonSchulz, Plan, startRuntime, Workspace, whole } from "../src/index.ts";
import { newtonSchulzReference } from "../src/newton-schulz/reference.ts";
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

  test("Newton-Schulz steps, all of them, and what they make of singular values", async () => {
    const space = new Workspace(startRuntime());
    const [rows, columns] = [6, 17];
    const dice = random("newton-schulz");
    const values = Float32Array.from({ length: rows * columns }, () => dice.normal());
    const g = whole(space.keep("g", values.length), [rows, columns]);
    const out = whole(space.keep("out", values.length), [rows, columns]);
    space.write(g, values);
    const plan = new Plan();
    add(plan, newtonSchulz(plan, g), out);
    space.prepare(plan).run();
    const got = await space.read(out, values.length);
    await tf.setBackend("cpu");
    const expected = tf.tidy(() => newtonSchulzReference(tf.tensor2d(values, [rows, columns]), 5));
    const wanted = await expected.data();
    const gram = tf.tidy(() => tf.matMul(expected, expected, false, true));
    const numbers = await gram.data();
    tf.dispose([expected, gram]);
    await tf.setBackend("wasm");
    got.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted[i]!, 4);
    });
    // Rows are nearly orthogonal: singular values between 0.7 and 1.2.
    for (let i = 0; i < rows; i++) {
      expect(numbers[i * rows + i]).toBeGreaterThan(0.4);
      expect(numbers[i * rows + i]).toBeLessThan(1.5);
    }
    space.dispose();
  });

  test("nothing is left behind", () => {
    expect(tf.memory().numTensors).toBe(0);
  });
}
