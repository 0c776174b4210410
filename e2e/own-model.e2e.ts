// A volunteer's own model, taken along from a real tab: at work, and from a page that is opened anew when the run is over.

import { readFileSync } from "node:fs";
import { figuresOf } from "@homebody/coordinator";
import { tokenizerFromJson } from "@homebody/text";
import { expect, type Page, test } from "@playwright/test";
import { unzipSync } from "fflate";
import { gpt2 } from "../packages/export/test/forward/gpt2.ts";
import { type Ends, hosted, until } from "./coordinator.ts";
import { Device, withoutGpu } from "./device.ts";

const yaml = `
name: A run to take along
description: A test of what a volunteer has of it.
model: { family: gpt2, depth: 1, context: 32, overrides: { width: 32, heads: 2, hidden: 64 } }
variant: spec
vocabulary: { kind: source, size: 512 }
sources:
  - { id: sw, title: Kiswahili, language: sw, text: served, train: sw.jsonl, words: WORDS }
training:
  localSteps: 30
  batch: 8
  learningRate: { peak: 0.01, warmupSteps: 0 }
rounds: 2
round: { minimum: 1, deadlineSeconds: 600, evaluationSeconds: 600 }
heldOut: { sampleRows: 16 }
`;

const ends: Ends = [];
test.afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Presses the button and reads the zip that the browser saves. */
async function downloaded(page: Page, button: string) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  const zip = unzipSync(new Uint8Array(readFileSync(await download.path())));
  const entries = Object.entries(zip).map(([path, bytes]) => [path.split("/").slice(1).join("/"), bytes]);
  return {
    name: download.suggestedFilename(),
    files: Object.fromEntries(entries) as Record<string, Uint8Array>,
  };
}

/** Nats a token on a text that the model learnt from, by a forward pass that has nothing of ours. */
function natsOf(files: Record<string, Uint8Array>, text: string): number {
  const json = (name: string) => new TextDecoder().decode(files[name]);
  const tokenizer = tokenizerFromJson(json("tokenizer.json"));
  const ids = [tokenizer.endOfDocument, ...tokenizer.encode(text)].slice(0, 32);
  const logits = gpt2(JSON.parse(json("config.json")), files["model.safetensors"]!, ids);
  const nats = ids.slice(1).map((id, i) => {
    const row = [...logits[i]!];
    const most = Math.max(...row);
    return most + Math.log(row.reduce((sum, x) => sum + Math.exp(x - most), 0)) - row[id]!;
  });
  return nats.reduce((sum, x) => sum + x, 0) / nats.length;
}

for (const words of ["device", "source"] as const)
  test(`[V44] [V46] words of the ${words}: her model, after the end of the run and a reload too`, async ({
    browser,
  }) => {
    const { server, texts } = await hosted(ends, yaml.replace("WORDS", words), ["sw"]);
    await server.start();
    const device = await Device.open(browser, server.url, {
      worker: withoutGpu,
    });
    ends.push(() => device.close());
    const { page } = device;
    await page.getByText("Full", { exact: true }).click();
    await page.getByTestId("contribute").click();
    await until("the run is finished", async () => figuresOf(await server.journal())!.finished);
    await page.reload();
    const own = await downloaded(page, "Download your model");
    expect(own.name).toBe("a-run-to-take-along-sw-body-2-hf.zip");
    expect(natsOf(own.files, texts.sw![0]!)).toBeLessThan(0.9 * Math.log(512));
    await expect(page.getByRole("button", { name: "Let the model go on" })).toBeEnabled(); // its worker is there
    await page.getByRole("link", { name: "Dashboard", exact: true }).click();
    await expect(page.getByRole("heading", { name: "Bodies to download" })).toBeVisible();
    if (words === "device") {
      await expect(page.getByRole("heading", { name: "A model to download" })).toHaveCount(0);
      return;
    }
    const { files } = await downloaded(page, "Download the model");
    expect(natsOf(files, texts.sw![0]!)).toBe(natsOf(own.files, texts.sw![0]!));
  });
