import type { RunManifest } from "@homebody/protocol";
import type { TrialMessage, TrialRequest } from "@homebody/volunteer/trial";
import { expect, test } from "vitest";
import { heldWorkers } from "../../test/workers.ts";
import { openTrial, untried } from "./trial.ts";

const workers = heldWorkers<TrialRequest, TrialMessage>;

const manifest = { name: "a run" } as RunManifest;
const body = { number: 3, sections: [] };
const text = { files: [], pasted: "Hello." };

const settled = () => new Promise((resolve) => setImmediate(resolve));
const refused = { kind: "refused", problems: [{ file: null, message: "too little" }] } as const;

test("a trial gets its text and its body, is shown as it goes, and its worker ends with it", async () => {
  const { all, start } = workers();
  const trial = openTrial(start);
  trial.choose(text);
  trial.start(manifest, body);
  expect(trial.state.get()).toEqual({ text, phase: { kind: "running", body: 3, progress: null } });
  await settled();
  expect(all[0]!.asked).toEqual([{ manifest, body, ...text }]);
  all[0]!.tell({ kind: "failed", message: "the device was lost" });
  expect(trial.state.get()).toEqual({ text, phase: { kind: "failed", message: "the device was lost" } });
  expect(all[0]!.ended).toBe(true);
});

test("cancelling ends the worker, also one that is only being started, and nothing more is heard of it", async () => {
  const { all, start } = workers();
  const trial = openTrial(start);
  trial.choose(text);
  trial.start(manifest, body);
  trial.cancel();
  await settled();
  expect(all[0]).toMatchObject({ asked: [], ended: true });
  trial.start(manifest, body);
  await settled();
  trial.cancel();
  all[1]!.tell(refused);
  expect(all[1]!.ended).toBe(true);
  expect(trial.state.get()).toEqual({ text, phase: { kind: "choosing", problems: [] } });
});

test("problems of the text go when it changes; another trial begins with none", async () => {
  const { all, start } = workers();
  const trial = openTrial(start);
  trial.start(manifest, body);
  await settled();
  all[0]!.tell(refused);
  expect(trial.state.get().phase).toEqual({ kind: "choosing", problems: refused.problems });
  trial.choose(text);
  expect(trial.state.get()).toEqual({ text, phase: { kind: "choosing", problems: [] } });
  trial.again();
  expect(trial.state.get()).toEqual(untried);
});

test("a worker that does not start is said", async () => {
  const failing = openTrial(() => Promise.reject(new Error("no such file")));
  failing.start(manifest, body);
  await settled();
  expect(failing.state.get().phase).toEqual({ kind: "failed", message: "no such file" });
  const { all, start } = workers();
  const trial = openTrial(start);
  trial.start(manifest, body);
  await settled();
  all[0]!.fail("");
  expect(trial.state.get().phase).toEqual({ kind: "failed", message: "it did not start" });
});
