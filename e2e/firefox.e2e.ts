// What browsers other than Chromium make of the page: Firefox trains, and its console has nothing to show.

import { figuresOf } from "@homebody/coordinator";
import { expect, test } from "@playwright/test";
import { type Ends, hosted, until } from "./coordinator.ts";
import { openFirefox, visit } from "./firefox.ts";

const yaml = `
name: One Firefox
description: A test of another browser.
model: { family: llama, depth: 1, context: 32, overrides: { width: 32, heads: 2, hidden: 64 } }
sources:
  - { id: sw, title: Kiswahili, language: sw, text: served, train: sw.jsonl, vocabulary: 320 }
training:
  localSteps: 4
  batch: 8
  learningRate: { peak: 0.01, warmupSteps: 0 }
rounds: 1
round: { minimum: 1, deadlineSeconds: 600, evaluationSeconds: 600 }
heldOut: { sampleRows: 16 }
`;

const ends: Ends = [];
test.afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test("Firefox trains a round, and nothing is in its console", async () => {
  const { server } = await hosted(ends, yaml, ["sw"]);
  await server.start();
  const { page, console } = await visit(await openFirefox(ends), server.url);
  const contribute = await page.waitForSelector('[data-testid="contribute"][aria-disabled="false"]');
  await contribute!.click();
  const { deltas } = await until("the run is finished", async () => {
    const figures = figuresOf(await server.journal())!;
    return figures.finished && figures;
  });
  expect(deltas.map(({ steps }) => steps)).toEqual([4]);
  await page.waitForSelector('[data-testid="run-over"]');
  expect(console).toEqual([]);
});
