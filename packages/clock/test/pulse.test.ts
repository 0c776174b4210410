import type { Millis } from "@homebody/base";
import { expect, test } from "vitest";
import { pulse } from "../src/index.ts";

const dayMs = 86_400_000;

/** A clock of which both hands are moved by hand. */
function hands() {
  let [wall, elapsed] = [1e12, 0];
  const of = pulse({ now: () => wall as Millis, elapsed: () => elapsed }, 2000);
  return {
    missed: of.missed,
    pass: (wallMs: number, elapsedMs = wallMs) => {
      wall += wallMs;
      elapsed += elapsedMs;
      return of.missed();
    },
  };
}

test("[C43] a life that is heard of often enough has missed nothing, also where it is late now and then", () => {
  const { pass } = hands();
  for (const ms of [0, 1, 2000, 1999, 2300, 6900, 10]) expect(pass(ms)).toBe(0);
});

test("[C43] a process that was stopped has missed all but one beat", () => {
  const { pass } = hands();
  expect(pass(60_000)).toBe(58_000);
  expect(pass(2000)).toBe(0);
});

test("[C43] a machine that slept, and a clock that was set, have missed what the clock moved", () => {
  const { pass } = hands();
  expect(pass(3_600_000 + 500, 500)).toBe(3_600_000);
  expect(pass(dayMs + 1000, 1000)).toBe(dayMs);
  expect(pass(-dayMs + 1000, 1000)).toBe(-dayMs);
  expect(pass(1000)).toBe(0);
});

test("[C43] a clock that is pulled right little by little has missed nothing", () => {
  const { pass } = hands();
  for (let i = 0; i < 100; i++) expect(pass(1900, 2000)).toBe(0);
});
