import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { type Sha256, sha256Of } from "@homebody/base";
import { type Entry, type Figures, figuresOf, firstLast, passedBytes } from "@homebody/coordinator";
import { abilities } from "@homebody/dept";
import { backends, hosts, stages } from "@homebody/protocol";
import { expect, type Page, test } from "@playwright/test";
import { assertMeans } from "../test/recompute.ts";
import { type Ends, hosted, until } from "./coordinator.ts";
import { Device } from "./device.ts";
import { addText, addWords, secrets } from "./secrets.ts";
import { sentIn, uploadsOf } from "./sent.ts";
import { account, openWire } from "./traffic.ts";

const yaml = `
name: Two languages
description: A test of everything at once.
model: { family: gpt2, depth: 2, context: 32, overrides: { width: 32, heads: 2, hidden: 128 } }
sources:
  - { id: es, title: Español, language: es, text: served, train: es.jsonl, vocabulary: 320 }
  - { id: ru, title: Русский, language: ru, text: brought, vocabulary: 320 }
training:
  localSteps: 4
  batch: 32 # slow enough to be caught in the middle of a round
  learningRate: { peak: 0.01, warmupSteps: 0 }
outer: { kind: averaging }
codec: fp32
rounds: 3
round: { minimum: 2, quorum: all, deadlineSeconds: 600, evaluationSeconds: 600 }
heldOut: { sampleRows: 16 }
`;

const ends: Ends = [];
test.afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test("two devices, two languages, one body: through a reload, a cut and a kill, and only the body travels", async ({
  browser,
}) => {
  const { folder, texts, server } = await hosted(ends, yaml, ["es", "ru"]);
  // The fifth delta is the first of round 3: it is in the journal, and nobody was told.
  await server.start("commit:after-journal:5");
  const wires = [await openWire(() => server.port), await openWire(() => server.port)] as const;
  for (const wire of wires) ends.push(() => wire.close());
  const [spanish, russian] = [
    await Device.open(browser, wires[0].url),
    await Device.open(browser, wires[1].url),
  ] as const;
  ends.push(
    () => spanish.close(),
    () => russian.close(),
  );
  const hidden = { spanish: secrets(), russian: secrets() };
  const keep = async () => {
    await addWords(hidden.spanish, spanish);
    await addWords(hidden.russian, russian);
  };

  await test.step("both contribute, on WebGPU", async () => {
    await spanish.page.getByRole("radio", { name: /español/i }).check();
    await spanish.page.getByText("Quiet", { exact: true }).click();
    await russian.page.getByRole("radio", { name: /русский/i }).check();
    await russian.page.locator("input[type=file]").setInputFiles(join(folder, "ru.jsonl"));
    await russian.page.getByTestId("files-total").waitFor();
    for (const { page } of [spanish, russian]) {
      await expect(page.getByTestId("device-backend")).toHaveAttribute("data-backend", "webgpu");
      await page.getByTestId("contribute").click();
    }
  });

  await test.step("one is reloaded in the middle of round 1, and goes on from its snapshot", async () => {
    await until("a snapshot was stored", () => spanish.has("snapshot.safetensors").catch(() => false));
    const before = await spanish.heard();
    await spanish.page.reload();
    await keep();
    const after = await until("it trains again", async () => {
      const heard = await spanish.heard();
      return heard.trained.length > 0 && heard;
    });
    expect(after.volunteers).toEqual(before.volunteers);
    expect(before.trained.at(-1)!.step).toBeLessThan(4);
    expect(after.trained[0]).toMatchObject({ round: 1 });
    expect(after.trained[0]!.step).toBeGreaterThanOrEqual(1); // not from the start
    await expect(spanish.page.getByRole("radio", { name: "Quiet" })).toBeChecked();
    await spanish.page.getByText("Balanced", { exact: true }).click();
    await published(1);
  });

  await test.step("the other's network is cut in the middle of an upload, and comes back", async () => {
    let binaries = 0;
    await wires[1].cutAfter((sent) => sent.kind === "frame" && sent.opcode === 2 && ++binaries === 1);
    await expect(russian.page.getByTestId("waiting")).toHaveAttribute("data-for", "connection");
    await keep();
    wires[1].mend();
    await published(2);
  });

  await test.step("the coordinator is killed when the first delta of round 3 is in, and started again", async () => {
    expect(await server.dead()).toBe("SIGKILL");
    await keep();
    await server.start();
    await until("the run is finished", async () =>
      (await server.journal()).some(({ fact }) => fact.kind === "finished"),
    );
    for (const { page } of [spanish, russian]) await expect(page.getByTestId("run-over")).toBeVisible();
    await keep();
  });

  const entries = await server.journal();
  const figures = figuresOf(entries)!;
  const journalled = <K extends Entry["fact"]["kind"]>(kind: K) =>
    entries.flatMap(({ fact }) => (fact.kind === kind ? [fact as Extract<Entry["fact"], { kind: K }>] : []));

  await test.step("each delta is in once, and both sources have learnt", async () => {
    const accepted = journalled("accepted");
    expect(new Set(accepted.map(({ round, volunteer }) => `${round} ${volunteer}`)).size).toBe(6);
    expect(accepted).toHaveLength(6);
    expect(new Set(accepted.map(({ volunteer }) => volunteer)).size).toBe(2);
    expect(accepted.map(({ steps }) => steps)).toEqual([4, 4, 4, 4, 4, 4]);
    for (const id of ["es", "ru"]) {
      const { first, last, lastBody } = firstLast(figures, id)!;
      expect(lastBody).toBe(3);
      expect(last, id).toBeLessThan(0.95 * first);
    }
  });

  const uplink = wires.map(({ connections }) => account(connections));
  const messages = uplink.flatMap((one) => one.messages);

  await test.step("each body is the last one and the mean of what was sent, bit for bit", async () => {
    const deltas = new Map(uploadsOf(messages).map((bytes) => [sha256Of(bytes), bytes]));
    const blob = async (hash: Sha256) => {
      const delta = deltas.get(hash);
      if (delta !== undefined) return delta;
      const response = await fetch(`${server.url}/bodies/${hash}`);
      const body = new Uint8Array(await response.arrayBuffer());
      expect(sha256Of(body)).toBe(hash);
      return body;
    };
    expect(await assertMeans(entries, 2, blob)).toEqual([1, 2, 3]);
    expect(journalled("published")).toHaveLength(3);
  });

  await test.step("every byte that went up has a kind, and no message has room for text", () => {
    for (const [i, { byKind, total, unknown }] of uplink.entries()) {
      test.info().annotations.push({ type: `sent by ${i}`, description: JSON.stringify(byKind) });
      expect(unknown).toEqual([]);
      expect(Object.values(byKind).reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
      expect(byKind.chunk).toBeGreaterThan(3 * 100_000);
    }
    const canDo = Object.values(abilities).flat();
    const known = new Set<string>([...backends, ...hosts, ...stages, ...canDo, "es", "ru"]);
    for (const { event, value } of messages)
      for (const text of stringsOf(value))
        expect(known.has(text) || /^[0-9a-f]{32,64}$/.test(text), `${event}: ${text}`).toBe(true);
  });

  await test.step("no sixteen bytes of text, shards or embeddings went up", async () => {
    for (const [device, kept, id, uplinked] of [
      [spanish, hidden.spanish, "es", uplink[0]!],
      [russian, hidden.russian, "ru", uplink[1]!],
    ] as const) {
      expect(kept.size).toBeGreaterThan(50_000);
      kept.add("vocabulary", vocabularyOf(await addText(kept, texts[id]!, device)));
      const sent = sentIn(uplinked.messages);
      for (const bytes of sent) expect(kept.found(bytes)).toEqual([]);
      // The search does find what is there.
      const delta = uploadsOf(uplinked.messages)[0]!;
      const control = secrets();
      control.add("delta", delta.subarray(70_000, 70_032));
      expect(sent.flatMap((bytes) => control.found(bytes)).length).toBeGreaterThan(0);
    }
  });

  await test.step("the dashboard's figures are the journal's, and the pages are sound", async () => {
    const page = await spanish.page.context().newPage();
    await page.goto(`${server.url}/dashboard`);
    await expect(page.getByTestId("figure-published")).toHaveAttribute("value", "3");
    await dashboardShows(page, figures);
    for (const scheme of ["light", "dark"] as const)
      for (const path of ["/", "/dashboard", "/admin"]) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize({ width: 1280, height: 900 });
        await page.goto(`${server.url}${path}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        const { violations } = await new AxeBuilder({ page }).analyze();
        const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
        expect(
          grave.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
          `${path} ${scheme}`,
        ).toEqual([]);
        await page.setViewportSize({ width: 360, height: 780 });
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(width, path).toBeLessThanOrEqual(360);
      }
    const { longTasks } = await russian.heard();
    test.info().annotations.push({
      type: "longest main-thread task while training, ms (0: none over 50)",
      description: `${Math.max(0, ...longTasks)}`,
    });
  });

  async function published(round: number): Promise<void> {
    await until(`round ${round} is published`, async () => {
      const entries = await server.journal().catch(() => []);
      return entries.some(({ fact }) => fact.kind === "published" && fact.round === round);
    });
  }
});

/** Every string of a JSON value, but not Socket.IO's placeholders for binary parts. */
function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null || "_placeholder" in value) return [];
  return Object.values(value).flatMap(stringsOf);
}

/** The tokens that were learnt from the text, as they stand in tokenizer.json. */
function vocabularyOf(tokenizer: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(tokenizer);
  return new TextEncoder().encode(text.slice(text.indexOf('"vocab"')));
}

async function dashboardShows(page: Page, figures: Figures): Promise<void> {
  const shown = async (id: string) => Number(await page.getByTestId(id).first().getAttribute("value"));
  const { traffic } = figures;
  expect(await shown("figure-tokens")).toBe(figures.tokens);
  expect(await shown("figure-parameters")).toBe(figures.parameters.theta);
  expect(await shown("figure-delta-bytes")).toBe(traffic.deltaBytes);
  expect(await shown("figure-would-have-sent")).toBe(traffic.wouldHaveSentBytes);
  expect(await shown("figure-passed-down")).toBe(passedBytes(traffic).down);
  expect(traffic.receivedBytes).toBeGreaterThan(0); // volunteers say it
  expect(await shown("figure-saving")).toBe(traffic.wouldHaveSentBytes / traffic.deltaBytes);
  for (const id of ["es", "ru"]) {
    const { first, last } = firstLast(figures, id)!;
    expect(await shown(`score-${id}-first`)).toBe(first);
    expect(await shown(`score-${id}-last`)).toBe(last);
  }
  const values = (id: string) =>
    page.getByTestId(id).evaluateAll((all) => all.map((one) => Number(one.getAttribute("value"))));
  const newestFirst = [...figures.deltas].reverse();
  expect(await values("delta-norm")).toEqual(newestFirst.map(({ norm }) => norm));
  expect(await values("delta-cosine")).toEqual(newestFirst.map(({ others }) => others));
}
