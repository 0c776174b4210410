// The volunteer's own worker in Chromium: what a device keeps beside its runs.

import { expect, test } from "vitest";
import { clearHome, readHome } from "../src/browser/disk.ts";
import { volunteerWorker } from "../src/browser/index.ts";
import { readKept } from "../src/browser/kept.ts";
import type { Command, View, WorkerMessage } from "../src/view.ts";

const soon = (holds: () => boolean) => expect.poll(holds, { timeout: 60_000 }).toBe(true);

/** A page with its worker. */
function page() {
  const worker = volunteerWorker();
  const heard: WorkerMessage[] = [];
  worker.addEventListener("message", ({ data }: MessageEvent<WorkerMessage>) => heard.push(data));
  const views = () => heard.flatMap((one) => (one.kind === "view" ? [one.view] : []));
  return {
    send: (command: Command) => worker.postMessage(command),
    view: (holds: (view: View) => boolean) => soon(() => views().some(holds)),
    last: () => views().at(-1)!,
    reload: () => worker.terminate(),
  };
}

test("[V26] how hard it may work is kept across a reload, until it is forgotten", async () => {
  await clearHome();
  const first = page();
  first.send({ kind: "intensity", intensity: "quiet" });
  await expect.poll(() => readHome("intensity"), { timeout: 60_000 }).toBe("quiet");
  first.reload();
  const again = page();
  expect((await readKept()).intensity).toBe("quiet"); // what the page shows before there is a worker
  again.send({ kind: "check-device" });
  await again.view(({ activity }) => activity.kind === "working");
  expect(again.last().intensity).toBe("quiet");
  again.send({ kind: "forget" });
  await again.view(({ intensity }) => intensity === "balanced");
  again.reload();
});
