// Deltas that are measured in threads of their own.

import { exchangeOf, formsOf } from "@homebody/dept";
import { contentsOf } from "@homebody/service";
import { expect, test } from "vitest";
import { manifest } from "../../../packages/dept/test/manifests.ts";
import { deltaOf } from "../../../test/deltas.ts";
import { measuringThreads } from "../src/measuring/threads.ts";

const run = manifest({ codec: "fp16" });
const forms = formsOf(exchangeOf(run));

test("of each delta of many at once it says what would be said here, also of one that is none", {
  timeout: 60_000,
}, async () => {
  const deltas = ["a", "b", "c"].map((seed) => deltaOf(run, seed));
  deltas.push(deltas[0]!.subarray(1), new Uint8Array(0));
  const threads = measuringThreads(2);
  const found = await Promise.all(deltas.map((delta) => threads.measure(delta, forms)));
  expect(found).toEqual(deltas.map((delta) => contentsOf(delta, forms)));
  expect(found.map(({ kind }) => kind)).toEqual([
    ...["numbers", "numbers", "numbers", "wrong-shape", "wrong-shape"],
  ]);
  await threads.close();
});

test("a thread that is gone fails what it was at, and is started again", { timeout: 60_000 }, async () => {
  const delta = deltaOf(run, "a");
  const thread = measuringThreads(1);
  const cut = thread.measure(delta, forms) as Promise<unknown>;
  await Promise.all([expect(cut).rejects.toThrow("ended by itself"), thread.close()]);
  expect(await thread.measure(delta, forms)).toEqual(contentsOf(delta, forms));
  await thread.close();
});
