import type { Activity } from "@homebody/volunteer/view";
import { expect, test } from "vitest";
import { titleOf } from "./title.ts";

const figures = { name: "Three scripts", finished: false, paused: false, round: 5, rounds: 20 };
const of = (activity: Activity) =>
  titleOf({ page: "volunteer", line: "live", figures, view: { activity, line: null } });
const task = { startedAt: 0, unit: "steps", done: 13, of: 20 } as never as Extract<
  Activity,
  { kind: "working" }
>["task"];

test("a volunteer's tab says what this device does", () => {
  expect(titleOf({ page: "volunteer", line: "live", figures: null, view: null })).toBe(
    "Take part – Homebody",
  );
  expect(of({ kind: "idle" })).toBe("Take part – Three scripts – Homebody");
  expect(of({ kind: "working", task: { ...task, kind: "train" } })).toBe(
    "Training, 13 of 20 – Three scripts – Homebody",
  );
  expect(of({ kind: "working", task: { ...task, kind: "send" } })).toBe("At work – Three scripts – Homebody");
  expect(of({ kind: "paused" })).toBe("Paused – Three scripts – Homebody");
  expect(of({ kind: "finished" })).toBe("The run is over – Three scripts – Homebody");
});

test("a watcher's tab says how far the run is", () => {
  const title = (change: object) =>
    titleOf({ page: "dashboard", line: "live", figures: { ...figures, ...change }, view: null });
  expect(title({})).toBe("Round 5 of 20 – Three scripts – Homebody");
  expect(title({ paused: true })).toBe("Paused, round 5 of 20 – Three scripts – Homebody");
  expect(titleOf({ page: "admin", line: "lost", figures, view: null })).toBe(
    "Not connected – Three scripts – Homebody",
  );
  expect(title({ finished: true })).toBe("The run is over – Three scripts – Homebody");
  expect(titleOf({ page: "try", line: "live", figures, view: null })).toBe(
    "Try it – Three scripts – Homebody",
  );
});
