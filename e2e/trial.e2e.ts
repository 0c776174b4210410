import { writeFileSync } from "node:fs";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { figuresOf } from "@homebody/coordinator";
import { expect, type Page, test } from "@playwright/test";
import { demoDocuments, demoSources } from "../apps/cli/src/demo/texts.ts";
import { type Ends, headless, hosted, until } from "./coordinator.ts";
import { Device, withoutGpu } from "./device.ts";
import { secrets } from "./secrets.ts";
import { account, openWire } from "./traffic.ts";

const yaml = `
name: A run that is over
description: A test of what it has left.
model: { family: gpt2, depth: 1, context: 32, overrides: { width: 32, heads: 2, hidden: 64 } }
sources:
  - { id: sw, title: Kiswahili, language: sw, text: served, train: sw.jsonl, vocabulary: 512 }
training:
  localSteps: 20
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

test("a finished run's body is tried on a visitor's text: curves and a sentence, and not one byte of the text leaves", async ({
  browser,
}) => {
  const { folder, server } = await hosted(ends, yaml, ["sw"]);
  await server.start();
  headless(ends, folder, server.url);
  const figures = await until("the run is finished", async () => {
    const figures = figuresOf(await server.journal())!;
    return figures.finished && figures;
  });
  const latest = figures.bodies.at(-1)!;
  expect(latest.number).toBe(2);
  const theta = `/bodies/${latest.sections[0]!.sha256}`;

  const documents = await demoDocuments(demoSources.find(({ id }) => id === "el")!);
  const files = [join(folder, "ελληνικά.jsonl"), join(folder, "broken.txt")] as const;
  writeFileSync(files[0], documents.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  writeFileSync(files[1], Uint8Array.of(0x41, 0xff, 0xfe));
  const pasted = "Καλημέρα από το σπίτι. Έξω βρέχει, και το τσάι είναι ζεστό.";

  const wire = await openWire(() => server.port);
  ends.push(() => wire.close());
  const device = await Device.open(browser, `${wire.url}/dashboard`, {
    worker: withoutGpu,
  });
  ends.push(() => device.close());
  const { page } = device;
  const requests: { readonly method: string; readonly url: string }[] = [];
  page.context().on("request", (request) => requests.push({ method: request.method(), url: request.url() }));

  await test.step("by a link from the dashboard; what is wrong with a file stands beside it", async () => {
    await page.getByRole("link", { name: "Try this body on your own language" }).click();
    await expect(page.getByTestId("latest-body")).toContainText("body 2, after 2 of 2 rounds");
    await page.locator("input[type=file]").setInputFiles([...files]);
    await page.getByTestId("pasted").fill(pasted);
    await expect(page.getByTestId("file-problem")).toHaveText(/expected text, got bytes that are none/);
    await page.getByRole("button", { name: "Take out broken.txt" }).click();
    await expect(page.getByTestId("file-problem")).toHaveCount(0);
  });

  await test.step("cancelled in the middle, no worker of it is left, and the text is still there", async () => {
    await page.getByTestId("try").click();
    await expect(page.getByTestId("trial-stage")).toHaveAttribute("data-stage", "learn");
    await page.getByTestId("trial-cancel").click();
    await until("its worker is gone", () => trialWorkers(page) === 0);
    await expect(page.getByTestId("files-total")).toContainText("1 file");
  });

  await test.step("both arms learn to the end", async () => {
    await page.getByTestId("try").click();
    const verdict = page.getByTestId("verdict");
    await expect(verdict).toBeVisible({ timeout: 120_000 });
    await expect(verdict).toContainText("bits per byte");
    const [last, otherLast] = [await figureOf(page, "trial-last"), await figureOf(page, "trial-other-last")];
    await page.getByText("The numbers as a table").click();
    const rows = page.getByTestId("chart-trial").locator("tbody tr");
    await expect(rows).toHaveCount(17);
    const [first, end] = [await cells(rows.first()), await cells(rows.last())];
    expect(end).toEqual([last.toFixed(2), otherLast.toFixed(2)]);
    for (const arm of [0, 1]) expect(Number(end[arm])).toBeLessThan(0.9 * Number(first[arm]));
    await until("its worker is gone", () => trialWorkers(page) === 0);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });

  await test.step("all that went up are requests for what is served and the watching of the run", () => {
    expect(new Set(requests.map(({ method }) => method))).toEqual(new Set(["GET"]));
    expect(new Set(requests.map(({ url }) => new URL(url).origin))).toEqual(new Set([wire.url]));
    const { byKind, total, unknown, messages } = account(wire.connections);
    expect(unknown).toEqual([]);
    expect(Object.values(byKind).reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
    const known =
      /^(request \/(dashboard|assets|api|bodies|socket\.io|icon\.svg)?|websocket control|engine\.io|socket\.io|watch)$/;
    expect(Object.keys(byKind).filter((kind) => !known.test(kind))).toEqual([]);
    expect(new Set(messages.map(({ event }) => event))).toEqual(new Set(["watch"]));
    const asked = requests.filter(({ url }) => url.includes("/bodies/"));
    expect(new Set(asked.map(({ url }) => new URL(url).pathname))).toEqual(new Set([theta]));
  });

  await test.step("no sixteen bytes of the text went up", () => {
    const kept = secrets();
    for (const text of [...documents, pasted]) {
      kept.add("text", new TextEncoder().encode(text));
      kept.add("text in an address", new TextEncoder().encode(encodeURIComponent(text)));
      kept.add("text in UTF-16", new Uint8Array(Uint16Array.from(text, (c) => c.charCodeAt(0)).buffer));
    }
    expect(kept.size).toBeGreaterThan(50_000);
    const sent = wire.connections.flatMap(({ sent }) =>
      sent.map((one) => (one.kind === "frame" ? one.payload : one.bytes)),
    );
    for (const bytes of sent) expect(kept.found(bytes)).toEqual([]);
    // The search does find what is there.
    const control = secrets();
    control.add("an address", new TextEncoder().encode(theta));
    expect(sent.flatMap((bytes) => control.found(bytes)).length).toBeGreaterThan(0);
  });

  await test.step("nothing of it is kept", async () => {
    const kept = await page.evaluate(async () => ({
      local: localStorage.length,
      session: sessionStorage.length,
      databases: (await indexedDB.databases()).length,
      caches: (await caches.keys()).length,
      cookies: document.cookie,
    }));
    expect(kept).toEqual({ local: 0, session: 0, databases: 0, caches: 0, cookies: "" });
    expect([...(await device.files()).keys()]).toEqual([]);
    await page.getByRole("button", { name: "Try other text" }).click();
    await expect(page.getByTestId("pasted")).toHaveValue("");
    await expect(page.getByTestId("files-total")).toHaveCount(0);
  });
});

function trialWorkers(page: Page): number {
  return page.workers().filter((worker) => worker.url().includes("trial-worker")).length;
}

async function figureOf(page: Page, testId: string): Promise<number> {
  return Number(await page.getByTestId(testId).getAttribute("value"));
}

function cells(row: ReturnType<Page["locator"]>): Promise<string[]> {
  return row.locator("td").allInnerTexts();
}
