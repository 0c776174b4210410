// The cases themselves: what they draw, before anything runs.

import { random } from "@homebody/base";
import { expect, test } from "vitest";
import { costOf, type ElementType, Plan, sizeOf, whole } from "../src/index.ts";
import * as specs from "../src/specs.ts";
import { cases, halfCases } from "./cases.ts";

const drawn = (shape: readonly number[], type: ElementType) =>
  whole({ name: "drawn", size: sizeOf(shape), type, kept: true }, shape);

test("every kernel is drawn by a case, and costs something", () => {
  const plan = new Plan();
  for (const [name, draw] of Object.entries({ ...cases, ...halfCases })) {
    const dice = random(name);
    draw({
      dice,
      plan,
      tensor: (shape) => drawn(shape, "f32"),
      integers: ({ length }) => drawn([length], "i32"),
      half: (shape) => drawn(shape, "f16"),
      size: (most = 140) => 1 + dice.below(most),
    });
  }
  expect(new Set(plan.commands.map(({ kernel }) => kernel))).toEqual(new Set(Object.keys(specs)));
  for (const command of plan.commands) {
    const { flops, bytes } = costOf(command);
    expect(bytes, command.kernel).toBeGreaterThan(0);
    const moves = command.kernel === "Cast" || command.kernel === "Embedding"; // numbers, and computes nothing
    expect(flops, command.kernel).toBeGreaterThanOrEqual(moves ? 0 : 1);
  }
});
