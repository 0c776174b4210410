// Every kernel on wasm beside its reference, over shapes drawn at random; the file that runs it says where.

import { type Random, random } from "@homebody/base";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import {
  add,
  loadSimd,
  muon,
  newtonSchulz,
  Plan,
  settingsSize,
  startRuntime,
  stepSettings,
  Workspace,
  whole,
} from "../src/index.ts";
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

  test("Muon moves a well-conditioned matrix by singular values near 0.2 sqrt(its longer side)", async () => {
    const dice = random("muon");
    for (let draw = 0; draw < 10; draw++) {
      const [rows, columns] = [2 + dice.below(20), 2 + dice.below(20)];
      // Singular values from 0.5 to 1.
      const [left, right] = [orthonormal(rows, dice), orthonormal(columns, dice)];
      const values = Array.from({ length: Math.min(rows, columns) }, () => 0.5 + dice.below(500) / 1000);
      const gradient = Float32Array.from({ length: rows * columns }, (_, at) => {
        const [i, j] = [Math.floor(at / columns), at % columns];
        return values.reduce((sum, value, k) => sum + value * left[k]![i]! * right[k]![j]!, 0);
      });
      const space = new Workspace(startRuntime());
      const keep = (shape: readonly number[], numbers: Float32Array) => {
        const operand = whole(space.keep("operand", numbers.length), shape);
        space.write(operand, numbers);
        return operand;
      };
      const zeros = () => new Float32Array(gradient.length);
      const step = { share: 1, learningRate: 1, decay: 0, step: 1 };
      const parameter = keep([rows, columns], zeros());
      const states = {
        parameter,
        gradient: keep([rows, columns], gradient),
        moment: keep([rows, columns], zeros()),
        control: keep([4], Float32Array.of(0, 1, 1, 1)),
        settings: keep([settingsSize], stepSettings(step, { beta1: 0, beta2: 0 })),
      };
      const plan = new Plan();
      muon(plan, states, { row: 0, column: 0, rows, columns }, 0.95, true);
      space.prepare(plan).run();
      const moved = await space.read(parameter, gradient.length);
      space.dispose();
      // The iteration leaves singular vectors as they are, so each value is uᵀ X v; the move is against the gradient.
      const scale = -0.2 * Math.sqrt(Math.max(rows, columns));
      const found = values.map((_, k) =>
        moved.reduce(
          (sum, x, at) => sum + (x / scale) * left[k]![Math.floor(at / columns)]! * right[k]![at % columns]!,
          0,
        ),
      );
      expect(Math.min(...found), `[${rows}, ${columns}]`).toBeGreaterThan(0.65);
      expect(Math.max(...found), `[${rows}, ${columns}]`).toBeLessThan(1.25);
      // There is nothing beside them.
      expect(Math.hypot(...found) / (Math.hypot(...moved) / -scale)).toBeCloseTo(1, 4);
    }
  });

  test("nothing is left behind", () => {
    expect(tf.memory().numTensors).toBe(0);
  });
}

/** `size` rows of that length, orthonormal (Gram and Schmidt). */
function orthonormal(size: number, dice: Random): number[][] {
  const rows: number[][] = [];
  while (rows.length < size) {
    const row = Array.from({ length: size }, () => dice.normal());
    for (const other of [...rows, ...rows]) {
      const along = row.reduce((sum, x, i) => sum + x * other[i]!, 0);
      for (let i = 0; i < size; i++) row[i]! -= along * other[i]!;
    }
    const norm = Math.hypot(...row);
    rows.push(row.map((x) => x / norm));
  }
  return rows;
}
