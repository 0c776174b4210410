import { random } from "@homebody/base";
import { expect, test } from "vitest";
import { type Choice, pick } from "./sample.ts";

const probabilities = [0.1, 0.5, 0.05, 0.3, 0.05];
const logits = Float32Array.from(probabilities, Math.log);

/** How often each token comes, of a thousand. */
function drawn(choice: Choice): number[] {
  const dice = random("dice");
  const counts = probabilities.map(() => 0);
  for (let i = 0; i < 1000; i++) counts[pick(logits, choice, dice)]! += 1;
  return counts;
}

test("at temperature 0 the likeliest comes, whatever the rest says", () => {
  expect(drawn({ temperature: 0, topK: 5, topP: 0.9 })).toEqual([0, 1000, 0, 0, 0]);
});

test("tokens come as often as they are likely, of as many as may come", () => {
  for (const [id, count] of drawn({ temperature: 1, topK: 5 }).entries())
    expect(Math.abs(count - 1000 * probabilities[id]!)).toBeLessThan(50);
  const [a, b, c, d, e] = drawn({ temperature: 1, topK: 2 });
  expect([a, c, e]).toEqual([0, 0, 0]);
  expect(Math.abs(b! / d! - 5 / 3)).toBeLessThan(0.3);
});

test("a nucleus has as few tokens as have its share, one at least", () => {
  const come = (topP: number, topK = 5) =>
    drawn({ temperature: 1, topK, topP }).flatMap((count, id) => (count > 0 ? [id] : []));
  expect(come(1e-9)).toEqual([1]);
  expect(come(0.49)).toEqual([1]);
  expect(come(0.51)).toEqual([1, 3]);
  expect(come(0.81)).toEqual([0, 1, 3]);
  expect(come(0.91)).toEqual([0, 1, 2, 3]); // of two that are as likely, the first
  expect(come(1)).toEqual([0, 1, 2, 3, 4]);
  expect(come(0.7, 2)).toEqual([1, 3]); // the share is of those that may come: 0.5 of 0.8 is not enough
});
