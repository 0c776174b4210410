// What the first visit costs, before anything is chosen, and what a phone sees of it.

import { type CDPSession, expect, test } from "@playwright/test";
import { demoSources } from "../apps/cli/src/demo/texts.ts";
import { type Ends, hosted } from "./coordinator.ts";

const ids = demoSources.map(({ id }) => id);

const yaml = `
name: Many languages
description: A small language model learns from many languages at once, each on devices of its own. This is long enough for a few lines.
model: { family: llama, depth: 1, context: 32, overrides: { width: 32, heads: 2, hidden: 64 } }
sources:
${ids.map((id) => `  - { id: ${id}, title: ${id}, language: ${id}, text: served, train: ${id}.jsonl, vocabulary: 320 }`).join("\n")}
training:
  localSteps: 4
  batch: 8
  learningRate: { peak: 0.01, warmupSteps: 0 }
rounds: 1
round: { minimum: 2, deadlineSeconds: 600, evaluationSeconds: 600 }
heldOut: { sampleRows: 16 }
`;

const mostBytes = 600_000;
const phone = { width: 390, height: 844 };

const ends: Ends = [];
test.afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Bytes that come over the wire: files with their headers, and frames of the line. */
async function weigh(session: CDPSession) {
  const came = { wire: 0, unpacked: 0 };
  await session.send("Network.enable");
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    came.wire += encodedDataLength;
  });
  session.on("Network.dataReceived", ({ dataLength }) => {
    came.unpacked += dataLength;
  });
  session.on("Network.webSocketFrameReceived", ({ response }) => {
    came.wire += response.payloadData.length;
    came.unpacked += response.payloadData.length;
  });
  return came;
}

test("before anything is chosen a phone gets 600 kB at most and no engine, and has Contribute on its first screen", async ({
  browser,
}) => {
  const { server } = await hosted(ends, yaml, ids);
  await server.start();
  const page = await browser.newPage({ viewport: phone });
  ends.push(() => page.close());
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const came = await weigh(await page.context().newCDPSession(page));

  await page.goto(server.url);
  const contribute = page.getByTestId("contribute");
  await expect(contribute).toBeInViewport({ ratio: 1 });
  await expect(page.getByRole("radio").first()).toBeInViewport({ ratio: 1 });
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await page.waitForLoadState("networkidle");
  const engine = () => asked.filter((path) => /worker|\.wasm$/.test(path));
  expect([engine(), page.workers().length]).toEqual([[], 0]);
  expect(came.wire, JSON.stringify(came)).toBeGreaterThan(0);
  expect(came.wire, JSON.stringify(came)).toBeLessThan(mostBytes);
  test.info().annotations.push({ type: "first visit", description: JSON.stringify(came) });

  await page.getByRole("radio").first().check();
  await expect(page.getByTestId("device-backend")).toBeVisible();
  expect([engine().length > 0, page.workers().length > 0]).toEqual([true, true]);
  await expect(contribute).toBeInViewport({ ratio: 1 });
});

test("an address where there is nothing is a page of the site, without a line in the console", async ({
  page,
}) => {
  const { server } = await hosted(ends, yaml, ids);
  await server.start();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  const response = await page.goto(`${server.url}/nowhere`);
  expect(response!.status()).toBe(404);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no page at this address");
  expect(await page.evaluate(() => getComputedStyle(document.body).fontFamily)).toContain("system-ui");
  await page.getByRole("link", { name: "Take part" }).click();
  await expect(page.getByTestId("contribute")).toBeVisible();
  expect(problems).toEqual([]);
});
