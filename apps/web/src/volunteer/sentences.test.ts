import type { Millis, VolunteerId } from "@homebody/base";
import type { Activity, Task, View, Waiting } from "@homebody/volunteer/view";
import { expect, test } from "vitest";
import { idleView, workingView } from "../../story/scenes.ts";
import { bodyPlace, progressWords, spoken, stageOf, takesPart, waitingWords } from "./sentences.ts";

const at = 0 as Millis;
const task = (kind: Task["kind"], done = 1, of = 4): Activity => ({
  kind: "working",
  task: { kind, done, of, unit: "steps", startedAt: at },
});
const waiting = (waiting: Waiting): Activity => ({ kind: "waiting", waiting });
const doing = (activity: Activity): View => ({ ...workingView(3), activity });

test("the stages of a round are got, train, send, wait", () => {
  const seen = (["download-body", "evaluate", "train", "encode", "send"] as const).map((kind) =>
    stageOf(doing(task(kind))),
  );
  expect(seen).toEqual(["get", "get", "train", "send", "send"]);
  expect(stageOf(doing(waiting({ for: "others", since: at, until: null })))).toBe("wait");
  expect(stageOf(doing(task("train-vocabulary")))).toBeNull();
});

test("the body travels: it comes with its download, stays while it is trained, and leaves as it is sent", () => {
  expect(bodyPlace(null)).toBe(1);
  expect(bodyPlace(idleView())).toBe(1);
  expect(bodyPlace(doing(task("download-body", 1, 4)))).toBe(0.75);
  expect(bodyPlace(doing(task("train")))).toBe(0);
  expect(bodyPlace(doing(task("send", 3, 4)))).toBe(0.75);
  expect(bodyPlace(doing(waiting({ for: "others", since: at, until: null })))).toBe(1);
});

test("a device takes part from its source on until it stops", () => {
  expect(takesPart(idleView())).toBe(false);
  expect(takesPart({ ...idleView(), activity: task("check-device") })).toBe(false);
  expect(takesPart(workingView(1))).toBe(true);
  expect(takesPart(doing({ kind: "paused" }))).toBe(true);
  expect(takesPart(doing({ kind: "stopped", why: "asked" }))).toBe(false);
  expect(takesPart(doing({ kind: "elsewhere" }))).toBe(false);
});

test("progress has its unit; what is spoken has no numbers", () => {
  expect(progressWords({ done: 1_200_000, of: 3_400_000, unit: "bytes" })).toBe("1.20 MB of 3.40 MB");
  expect(progressWords({ done: 12, of: 25, unit: "steps" })).toBe("12 of 25 steps");
  expect(progressWords({ done: 12, of: 0, unit: "characters" })).toBe("12 characters");
  const waits: Waiting[] = [
    { for: "connection", since: at },
    { for: "volunteers", ready: 1, minimum: 2, since: at },
    { for: "next-round", since: at, until: null },
    { for: "others", since: at, until: null },
    { for: "coordinator", since: at },
    { for: "host", since: at, held: null },
    { for: "host", since: at, held: { body: 3, sources: [] } },
    { for: "approval", volunteer: "0a".repeat(16) as VolunteerId, since: at },
  ];
  for (const wait of waits) {
    expect(waitingWords(wait).length).toBeGreaterThan(10);
    expect(spoken(waiting(wait))).not.toMatch(/\d/);
  }
  expect(waitingWords(waits[1]!)).toBe("Waiting for volunteers: 1 of 2 volunteers ready.");
  expect(waitingWords(waits.at(-1)!)).toContain("called 0a0a0a.");
  expect(spoken(task("train", 1))).toBe(spoken(task("train", 2)));
});
