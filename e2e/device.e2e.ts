// What becomes of one device: its GPU is lost, it has none, a second tab wants to train, it is told to forget.

import { figuresOf, firstLast } from "@homebody/coordinator";
import { expect, type Page, test } from "@playwright/test";
import { type Coordinator, type Ends, hosted, until } from "./coordinator.ts";
import { Device, type Heard, withoutGpu } from "./device.ts";
import { openWire } from "./traffic.ts";

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

async function host(rounds = 2): Promise<Coordinator> {
  const { server } = await hosted(ends, yaml.replace("rounds: 2", `rounds: ${rounds}`), ["sw"]);
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
    worker: withoutGpu,
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

test("[V30] [V33] [V35] a silent line is said, another tab takes over, and what was made outlives the run and a reload", async ({
  browser,
}) => {
  const server = await host(5); // so many that the first tab does not end it, however fast it is
  const wire = await openWire(() => server.port);
  ends.push(() => wire.close());
  const device = await Device.open(browser, wire.url);
  ends.push(() => device.close());
  const { page } = device;
  await page.getByText("Quiet", { exact: true }).click();
  await page.getByTestId("contribute").click();
  await until("a snapshot was stored", () => device.has("snapshot.safetensors").catch(() => false));

  await test.step("the network swallows everything", async () => {
    wire.hush();
    await expect(page.getByTestId("outage")).toContainText("sent when the coordinator can be reached again");
    await expect(page).toHaveTitle(/^Not connected/);
    wire.mend();
    await expect(page.getByTestId("outage")).toBeHidden();
  });

  const second = await page.context().newPage();
  await test.step("the second tab goes on where the first one was", async () => {
    await second.goto(wire.url);
    await second.getByRole("button", { name: "Use this tab" }).click();
    await expect(page.getByTestId("elsewhere")).toBeVisible();
    await second.getByText("Full", { exact: true }).click();
    const reached = (await device.heard()).trained.at(-1)!;
    await until("it trains", async () => (await trainedIn(second)).length > 0);
    const again = (await trainedIn(second)).filter(({ round }) => round === reached.round);
    expect(again.filter(({ step }) => step < reached.step)).toEqual([]);
    await page.close();
  });

  const { deltas } = await finished(server);
  expect(deltas).toHaveLength(5);

  await test.step("the run is over, and the page is loaded again", async () => {
    await expect(second.getByTestId("run-over")).toContainText("Your work is in 5 rounds");
    const curve = await second.getByTestId("chart-losses").textContent();
    expect(curve).toContain("local step 20");
    await second.reload();
    await expect(second.getByTestId("run-over")).toContainText("Your work is in 5 rounds");
    await expect(second.getByTestId("chart-losses")).toHaveText(curve!);
    await expect(second.getByTestId("ledger-deltas")).not.toHaveAttribute("value", "0");
    await second.getByRole("button", { name: "Let the model go on" }).click();
    await expect(second.getByTestId("sample-before")).not.toBeEmpty();
    await expect(second.getByTestId("sample-now")).not.toBeEmpty();
  });
});

async function trainedIn(page: Page): Promise<Heard["trained"]> {
  const { trained } = await page.evaluate(() => (globalThis as unknown as { heard(): Heard }).heard());
  return trained;
}
