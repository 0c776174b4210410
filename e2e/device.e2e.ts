// What becomes of one device: its GPU is lost, it has none, a second tab wants to train, it is told to forget.

import { figuresOf, firstLast } from "@homebody/coordinator";
import { expect, test } from "@playwright/test";
import { type Coordinator, type Ends, hosted, until } from "./coordinator.ts";
import { Device } from "./device.ts";

const yaml = `
name: One device
description: A test of one device.
model: { family: llama, depth: 1, context: 32, overrides: { width: 32, heads: 2, hidden: 64 } }
sources:
  - { id: sw, title: Kiswahili, language: sw, text: served, train: sw.jsonl, vocabulary: 320 }
training:
  localSteps: 4
  batch: 32 # slow enough to be caught in the middle of a round
  learningRate: { peak: 0.01, warmupSteps: 0 }
rounds: 2
round: { minimum: 1, deadlineSeconds: 600, evaluationSeconds: 600 }
heldOut: { sampleRows: 16 }
`;

const ends: Ends = [];
test.afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function host(): Promise<Coordinator> {
  const { server } = await hosted(ends, yaml, ["sw"]);
  await server.start();
  return server;
}

const finished = (server: Coordinator) =>
  until("the run is finished", async () => {
    const figures = figuresOf(await server.journal())!;
    return figures.finished && figures;
  });

test("a GPU that is lost in the middle of a round is started again, and the round goes on; one tab trains", async ({
  browser,
}) => {
  const server = await host();
  const device = await Device.open(browser, server.url, {
    worker: `const request = GPUAdapter.prototype.requestDevice;
      globalThis.devices = [];
      GPUAdapter.prototype.requestDevice = async function (wanted) {
        const device = await request.call(this, wanted);
        devices.push(device);
        return device;
      };`,
  });
  ends.push(() => device.close());
  await device.page.getByText("Quiet", { exact: true }).click();
  await device.page.getByTestId("contribute").click();
  await until("a snapshot was stored", () => device.has("snapshot.safetensors").catch(() => false));
  const devices = await device.page.workers()[0]!.evaluate(() => {
    const { devices } = globalThis as unknown as { devices: GPUDevice[] };
    devices.at(-1)!.destroy();
    return devices.length;
  });
  expect(devices).toBe(1);

  const second = await device.page.context().newPage();
  await second.goto(server.url);
  await expect(second.getByTestId("elsewhere")).toBeVisible();
  // At full speed a step is started before the numbers of the last one are there.
  await device.page.getByText("Full", { exact: true }).click();

  const { deltas, sources, ...figures } = await finished(server);
  expect(deltas.map(({ steps }) => steps)).toEqual([4, 4]);
  const { first, last } = firstLast({ deltas, sources, ...figures }, "sw")!;
  expect(last).toBeLessThan(first);
  const { trained } = await device.heard();
  const round1 = trained.filter(({ round }) => round === 1).map(({ step }) => step);
  expect(round1.filter((step) => step === 0)).toHaveLength(1); // it did not begin again
});

test("without WebGPU it trains on WebAssembly and says why; when it forgets, nothing is left", async ({
  browser,
}) => {
  const server = await host();
  const device = await Device.open(browser, server.url, {
    worker: `Object.defineProperty(navigator, "gpu", { value: undefined });`,
  });
  ends.push(() => device.close());
  const { page } = device;
  await page.getByTestId("check-device").click();
  await expect(page.getByTestId("device-backend")).toHaveAttribute("data-backend", "wasm");
  await expect(page.getByTestId("device-fallback")).toContainText("no WebGPU");
  await page.getByTestId("contribute").click();
  const { deltas } = await finished(server);
  expect(deltas).toHaveLength(2);
  await expect(page.getByTestId("run-over")).toBeVisible();
  expect((await device.files()).size).toBeGreaterThan(3);
  await page.getByRole("button", { name: "Leave and forget" }).click();
  await page.getByTestId("confirm-yes").click();
  await until("nothing is left", async () => (await device.files()).size === 0);
});
