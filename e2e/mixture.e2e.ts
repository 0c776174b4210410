import { join } from "node:path";
import { figuresOf } from "@homebody/coordinator";
import { expect, test } from "@playwright/test";
import { type Ends, headless, hosted, until } from "./coordinator.ts";
import { Device, withoutGpu } from "./device.ts";

const yaml = `
name: A run with words of its sources
description: A test of what they say together.
words: source
vocabulary: { kind: source, size: 400 }
model: { family: llama, depth: 1, context: 64, overrides: { width: 32, heads: 2, hidden: 64 } }
sources:
  - { id: sw, title: Kiswahili, language: sw, text: served, train: sw.jsonl }
  - { id: ru, title: Русский, language: ru, text: served, train: ru.jsonl }
training:
  localSteps: 20
  batch: 8
  learningRate: { peak: 0.01, warmupSteps: 0 }
rounds: 2
round: { minimum: 2, deadlineSeconds: 600, evaluationSeconds: 600 }
heldOut: { sampleRows: 16 }
`;

const ends: Ends = [];
test.afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test("[M11] on the dashboard all sources go on from one prompt, in its language, and not one byte of it leaves", async ({
  browser,
}) => {
  const { folder, server } = await hosted(ends, yaml, ["sw", "ru"]);
  await server.start();
  for (const id of ["sw", "ru"]) headless(ends, join(folder, id), server.url, "--source", id);
  await until("the run is finished", async () => figuresOf(await server.journal())!.finished);

  const device = await Device.open(browser, `${server.url}/dashboard`, {
    worker: withoutGpu,
  });
  ends.push(() => device.close());
  const { page } = device;
  const prompt = "Привет, как ";
  await page.getByTestId("talk-prompt").fill(prompt);
  const requests: string[] = [];
  page.context().on("request", (request) => requests.push(`${request.method()} ${request.url()}`));
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(page.getByTestId("talk-text")).toContainText("Привет", { timeout: 60_000 });
  await expect(page.getByRole("button", { name: "Stop" })).toHaveCount(0, { timeout: 60_000 });
  const text = (await page.getByTestId("talk-text").textContent())!;
  expect(text.startsWith(prompt)).toBe(true);
  const letters = text.slice(prompt.length).match(/\p{L}/gu) ?? [];
  expect(letters.length).toBeGreaterThan(20);
  const cyrillic = letters.filter((letter) => /\p{Script=Cyrillic}/u.test(letter));
  expect(cyrillic.length).toBeGreaterThan(letters.length / 2);
  await expect(page.getByTestId("talk-weights")).toContainText("Русский");
  expect(requests.some((request) => request.includes("/bodies/"))).toBe(true);
  // The page goes on reading the journal meanwhile, by numbers.
  for (const request of requests)
    expect(request).toMatch(
      /^GET [^?]*\/((bodies|tokenizers|assets|api)\/[^?]*|api\/journal\?after=\d+&limit=\d+)$/,
    );
});
