// DEPT's variants beside SPEC through the real rooms: what travels, what a device holds of it, and what the ledger says.

import { tensorByName } from "@homebody/base";
import { bitsOf, exchangeFor, rowMapFrom } from "@homebody/dept";
import { groupOf } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import { placesOf } from "../src/rows.ts";
import { loadText } from "../src/text-file.ts";
import type { View } from "../src/view.ts";
import { deviceOf, Host, manifestWith } from "./world.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function twoRounds(variant: "glob" | "trim", codec: "fp16" | "fp32" = "fp32") {
  const host = new Host(manifestWith({ variant, codec, moments: "kept" }));
  const first = host.numbers();
  const own = deviceOf(host);
  host.open(1);
  const volunteer = await own.start();
  ends.push(() => own.close(volunteer));
  await host.clock.until("round 1", () => volunteer.view().roundsContributed === 1);
  host.next(1);
  host.open(2);
  await host.clock.until("round 2", () => volunteer.view().roundsContributed === 2);
  host.next(2);
  return { host, first, volunteer, ...own };
}

test("TRIM: the rows of its text are declared, trained and sent; others stay as they are", async () => {
  const { host, first, volunteer, disk } = await twoRounds("trim");
  const source = host.manifest.sources[0]!;
  const rows = rowMapFrom(host.hellos[0]!.rows!, source.vocabulary);
  const text = (await loadText(source, disk))!;
  const tokens = new Set([...text.train.stream, ...text.heldOut.stream]);
  expect(new Set(rows.ids)).toEqual(tokens);
  expect(rows.ids.length).toBeLessThan(source.vocabulary);
  expect(bitsOf(rows)).toEqual(host.hellos[0]!.rows);

  const name = "transformer.wte.weight";
  const [before, after] = [tensorByName(first[1]!, name), tensorByName(host.numbers()[1]!, name)];
  const width = before.length / source.vocabulary;
  const moved = (row: number) =>
    before.subarray(row * width, (row + 1) * width).some((value, i) => value !== after[row * width + i]);
  for (let row = 0; row < source.vocabulary; row++) expect(moved(row), `row ${row}`).toBe(tokens.has(row));

  const { sent } = volunteer.view().ledger;
  const { sections } = exchangeFor(host.manifest, source, rows);
  const deltas = [...host.deltas.values()];
  expect(sent.theta + sent.phi + sent.psi).toBe(deltas.reduce((sum, { length }) => sum + length, 0));
  for (const { group, held } of sections) expect(sent[group]).toBeGreaterThanOrEqual(2 * 4 * held.size);
  expect(sent.phi).toBeLessThan(2 * 4 * source.vocabulary * width);
  expect(volunteer.view().vocabulary).toMatchObject({ size: rows.ids.length, embeddingBytes: 0 });
});

test("TRIM: what is sampled is text of the tokens that are held", async () => {
  const { host, volunteer } = await twoRounds("trim");
  await volunteer.sample("one body", 6);
  expect(volunteer.view().sampling).toMatchObject({ done: true });
  const rows = rowMapFrom(host.hellos[0]!.rows!, 300);
  const places = placesOf(rows);
  expect([...rows.ids].map((id) => places[id])).toEqual([...rows.ids.keys()]);
});

test("GLOB: every section travels whole, and nothing is at home", async () => {
  const { host, first, volunteer } = await twoRounds("glob", "fp16");
  expect(host.hellos[0]!.rows).toBeUndefined();
  expect(host.body.sections.map(({ name }) => name)).toEqual(["theta", "phi", "psi"]);
  for (const [i, numbers] of host.numbers().entries()) expect(numbers.data).not.toEqual(first[i]!.data);
  const { sent, received } = volunteer.view().ledger;
  expect(sent.theta + sent.phi + sent.psi).toBe(
    [...host.deltas.values()].reduce((sum, { length }) => sum + length, 0),
  );
  expect(Math.min(sent.theta, sent.phi, sent.psi)).toBeGreaterThan(0);
  for (const { name, sizeBytes } of host.body.sections)
    expect(received[groupOf(name)]).toBeGreaterThanOrEqual(2 * sizeBytes);
});

const textOf = (words: string) => [
  {
    name: "text.txt",
    bytes: async () =>
      new TextEncoder().encode(Array.from({ length: 40 }, (_, i) => `${words} ${i}`).join("\n\n")),
  },
];

test("TRIM: where the host knows the text, and so its rows, the device does not declare them", async () => {
  const manifest = manifestWith({ variant: "trim" });
  const [source] = manifest.sources;
  const served = { ...source!.served!, rows: { sha256: source!.served!.train, held: 20 } };
  const host = new Host({ ...manifest, sources: [{ ...source!, served }] });
  const own = deviceOf(host);
  const volunteer = await own.start();
  ends.push(() => own.close(volunteer));
  await host.clock.until("the introduction", () => host.hellos.length === 1);
  expect(host.hellos[0]!.rows).toBeUndefined();
});

test("SPEC over one vocabulary: the rows that are held are nobody's business", async () => {
  const host = new Host(manifestWith({ vocabulary: "global", brought: true }));
  const own = deviceOf(host);
  host.open(1);
  const volunteer = await own.start({ files: textOf("one body") });
  ends.push(() => own.close(volunteer));
  await host.clock.until("round 1", () => volunteer.view().roundsContributed === 1);
  expect(host.hellos[0]!.rows).toBeUndefined();
  expect(host.body.sections.map(({ name }) => name)).toEqual(["theta"]);
  const { size, embeddingBytes } = volunteer.view().vocabulary!;
  expect(size).toBeLessThan(300);
  expect(embeddingBytes).toBe(4 * 8 * (size + 8)); // phi and psi, eight numbers a row
});

test.each([
  ["spec", "own"],
  ["spec", "global"],
  ["trim", "global"],
] as const)(
  "[V10] %s, vocabulary %s: another text that is brought begins with words of its own, the same text goes on with its own",
  async (variant, vocabulary) => {
    const host = new Host(manifestWith({ variant, vocabulary, brought: true, localSteps: 10 }));
    const own = deviceOf(host);
    host.open(1);
    const first = await own.start({ files: textOf("one body") });
    await host.clock.until("round 1", () => first.view().roundsContributed === 1);
    host.next(1);
    host.open(2);
    const isTraining = ({ activity }: View) => activity.kind === "working" && activity.task.kind === "train";
    await host.clock.until("it trains", () => isTraining(first.view()));
    await own.close(first);
    const begun = own.device.steps();
    const names = ["home.safetensors", "snapshot.safetensors"];
    const kept = names.map((name) => own.files.get(name));

    const same = await own.start({ files: textOf("one body") });
    await host.clock.until("it trains", () => isTraining(same.view()));
    expect(own.files.get(names[0]!)).toEqual(kept[0]);
    await own.close(same);
    const before = own.device.steps();
    expect(before).toBeGreaterThan(begun);

    const other = await own.start({ files: textOf("quite another") });
    ends.push(() => own.close(other));
    await host.clock.until("it trains", () => isTraining(other.view()));
    expect(names.map((name) => own.files.has(name))).toEqual([false, false]);
    await host.clock.until("round 2", () => other.view().roundsContributed === 2);
    expect(own.device.steps()).toBe(before + 10); // the round from its beginning
  },
);
