import { millis } from "@homebody/base";
import { figuresOf } from "@homebody/coordinator";
import { expect, test } from "vitest";
import { journal, manifest } from "../../story/scenes.ts";
import { comparedWith } from "./compared.ts";

const figures = figuresOf(journal(manifest(), 2, millis(2_000_000_000_000)))!;

test("a delta is compared with others of its round, and one that is alone is not", () => {
  const delta = figures.deltas.find(({ round }) => round === 2)!;
  expect(comparedWith(figures)(delta)).toBe(delta.others);
  expect(comparedWith(figures)({ ...delta, others: null })).toBe(delta.cosine);
  const roundList = figures.roundList.map((round) => ({ ...round, averaged: [delta.volunteer] }));
  expect(comparedWith({ ...figures, roundList })({ ...delta, cosine: 1 })).toBe("alone");
  const open = figures.deltas.find(({ round }) => round === 3)!;
  expect(comparedWith(figures)(open)).toBe("not yet");
  expect(comparedWith(figures)({ ...delta, cosine: null })).toBe("not averaged");
});
