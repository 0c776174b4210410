import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

const words = ["rounds", "round", "sources", "training", "name", "localSteps"];

test.each([
  ["roundz", "rounds"],
  ["rouns", "rounds"],
  ["Sources", "sources"],
  ["source", "sources"],
  ["trianing", "training"],
  ["localstep", "localSteps"],
  ["nam", "name"],
])("%s: did you mean %s", (typed, meant) => {
  expect(nearest(typed, words)).toBe(meant);
});

test.each(["optimiser", "x", ""])("%j is near none of them", (typed) => {
  expect(nearest(typed, words)).toBeUndefined();
});
