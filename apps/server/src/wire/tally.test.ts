import { expect, test } from "vitest";
import { tally } from "./tally.ts";

test("[P30] above the sum whoever holds the most goes, and nobody else", () => {
  const all = tally(100);
  const gone: string[] = [];
  const [a, b, c] = ["a", "b", "c"].map((name) => all.of(() => void gone.push(name)));
  a!.set(40);
  b!.set(50);
  c!.set(10);
  expect([all.bytes(), gone]).toEqual([100, []]);
  a!.set(41);
  expect([all.bytes(), gone, b!.bytes()]).toEqual([51, ["b"], 0]);
  c!.set(200);
  expect([all.bytes(), gone]).toEqual([41, ["b", "c"]]);
  a!.set(0);
  expect(all.bytes()).toBe(0);
});
