import type { RunManifest } from "@homebody/protocol";
import type { MixtureMessage, MixtureRequest } from "@homebody/volunteer/mixture";
import { expect, test } from "vitest";
import { heldWorkers } from "../../test/workers.ts";
import { openTalk } from "./talk.ts";

const workers = heldWorkers<MixtureRequest, MixtureMessage>;

const manifest = { name: "a run" } as RunManifest;
const body = (number: number) => ({ number, sections: [] });

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("a prompt is written on, and the worker stays for the next one until there is another body", async () => {
  const { all, start } = workers();
  const talk = openTalk(start);
  talk.ask(manifest, body(3), ["es", "ru"], "la casa");
  expect(talk.state.get().phase).toEqual({ kind: "loading", done: 0, of: 0 });
  await settled();
  const [first] = all;
  expect(first!.asked).toEqual([
    { manifest, body: body(3), sources: ["es", "ru"], prompt: "la casa", seed: "1" },
  ]);
  first!.tell({ kind: "download", done: 5, of: 10 });
  expect(talk.state.get().phase).toEqual({ kind: "loading", done: 5, of: 10 });
  first!.tell({ kind: "text", text: " de", weights: [0.9, 0.1] });
  first!.tell({ kind: "text", text: "l", weights: [0.95, 0.05] });
  talk.ask(manifest, body(3), ["es", "ru"], "too early");
  expect(talk.state.get()).toEqual({
    phase: { kind: "writing" },
    prompt: "la casa",
    text: " del",
    weights: [0.95, 0.05],
    sources: ["es", "ru"],
  });
  first!.tell({ kind: "done" });
  talk.ask(manifest, body(3), ["es", "ru"], "слова");
  await settled();
  expect([all.length, first!.asked.at(-1)!.seed, talk.state.get().text]).toEqual([1, "2", ""]);
  first!.tell({ kind: "done" });
  talk.ask(manifest, body(4), ["es", "ru"], "слова");
  await settled();
  expect(all.map(({ ended }) => ended)).toEqual([true, false]);
});

test("who stops it ends the worker, keeps what was written, and hears no more", async () => {
  const { all, start } = workers();
  const talk = openTalk(start);
  talk.ask(manifest, body(3), ["es"], "la");
  await settled();
  all[0]!.tell({ kind: "text", text: " casa", weights: [1] });
  talk.stop();
  await settled();
  expect(all[0]!.ended).toBe(true);
  all[0]!.tell({ kind: "text", text: " mía", weights: [1] });
  expect(talk.state.get()).toMatchObject({ phase: { kind: "idle" }, text: " casa" });
});

test("what fails is said, and the next prompt begins anew", async () => {
  const { all, start } = workers();
  const talk = openTalk(start);
  talk.ask(manifest, body(3), ["es"], "la");
  await settled();
  all[0]!.tell({ kind: "failed", message: "no memory" });
  expect(talk.state.get().phase).toEqual({ kind: "failed", message: "no memory" });
  talk.ask(manifest, body(3), ["es"], "la");
  await settled();
  expect(all).toHaveLength(2);

  const never = openTalk(() => Promise.reject(new Error("no worker here")));
  never.ask(manifest, body(3), ["es"], "la");
  await settled();
  expect(never.state.get().phase).toEqual({ kind: "failed", message: "no worker here" });
});
