import type { TrialResult } from "@homebody/volunteer/trial";
import { expect, test } from "vitest";
import { amountSentence, progressSentence, spoken, verdictOf } from "./sentences.ts";

const result = (last: number, otherLast: number, reachedAfter: number | null) =>
  ({ steps: 200, last, otherLast, reachedAfter }) as TrialResult;

test("ahead, level and behind are told apart, each with its numbers", () => {
  expect(verdictOf(result(2.5, 2.9, 80))).toMatchObject({
    kind: "ahead",
    sentence:
      "With this body your language reaches after 80 steps what a random body reaches after 200. At the end it takes 2.50 bits per byte against 2.90: 14 % less.",
  });
  expect(verdictOf(result(2.88, 2.9, 190)).kind).toBe("level");
  expect(verdictOf(result(2.92, 2.9, null)).kind).toBe("level");
  expect(verdictOf(result(3.1, 2.9, null))).toMatchObject({ kind: "behind" });
  expect(verdictOf(result(3.1, 2.9, null)).sentence).toContain(
    "3.10 bits per byte with this body and 2.90 with a random one",
  );
});

test("how much text there is, and how much is missing", () => {
  expect(amountSentence(0)).toContain("At least 8 kB");
  expect(amountSentence(4200)).toBe("4.20 kB so far: 3.80 kB more are needed.");
  expect(amountSentence(50_000)).toContain("That is enough");
  expect(amountSentence(500_000)).toBe("500 kB.");
});

test("a stage says how far it is in its own unit, or nothing", () => {
  const at = (stage: "read" | "body" | "vocabulary" | "learn", done: number, of: number) =>
    progressSentence({ stage, done, of } as Parameters<typeof progressSentence>[0]);
  expect(at("read", 0, 0)).toBe("");
  expect(at("body", 2_700_000, 4_200_000)).toBe("2.70 MB of 4.20 MB");
  expect(at("vocabulary", 500, 2000)).toBe("25 %");
  expect(at("learn", 13, 416)).toBe("13 of 416 steps, both models together");
});

test("what is spoken changes with the stage and at the end, never with a number in between", () => {
  const running = (done: number) =>
    spoken({ kind: "running", body: 1, progress: { stage: "learn", done, of: 400 } as never });
  expect(running(1)).toBe(running(399));
  expect(spoken({ kind: "done", body: 1, result: result(2.5, 2.9, 80) })).toContain("2.50 bits per byte");
});
