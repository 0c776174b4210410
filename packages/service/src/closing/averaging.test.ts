import { namedTensors, type Random, random, type Sha256, type VolunteerId } from "@homebody/base";
import { memoryClock } from "@homebody/clock/memory";
import { decodeDelta, encodeDelta } from "@homebody/codec";
import type { AcceptedDelta, Aggregation } from "@homebody/coordinator";
import {
  bitsOf,
  type Exchange,
  exchangeFor,
  exchangeOf,
  formsOf,
  type RowMap,
  rowMapOf,
} from "@homebody/dept";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import { memoryBlobs } from "@homebody/store/memory";
import type { Blobs } from "@homebody/store/ports";
import { expect, test } from "vitest";
import { deltaOf } from "../../../../test/deltas.ts";
import { manifest } from "../../../dept/test/manifests.ts";
import { deviceExchanges } from "../exchanges.ts";
import { type AveragingInputs, average } from "./averaging.ts";
import { putFirst, readSection } from "./section-files.ts";

async function closing(variant: "spec" | "trim") {
  const run = manifest({ variant, codec: "fp16" });
  const read = new Map<Sha256, number>();
  const memory = memoryBlobs();
  const blobs: typeof memory = {
    ...memory,
    get: (hash) => {
      read.set(hash, (read.get(hash) ?? 0) + 1);
      return memory.get(hash);
    },
  };
  const sections = await putFirst(run, exchangeOf(run).sections, blobs);
  const deltas: AcceptedDelta[] = [];
  for (const [i, source] of [run.sources[0]!, run.sources[0]!, run.sources[1]!].entries()) {
    const rows = variant === "trim" ? rowMapOf(300, [i, i + 1, 7 * i, 200]) : null;
    const exchange = exchangeFor(run, source, rows);
    const bytes = deltaOf(run, `${i}`, 1, exchange);
    deltas.push(await accepted({ i, source, rows, exchange, bytes }, blobs));
  }
  const work: Aggregation = { round: 1, sections, deltas, outer: [] };
  const readings = () => deltas.map(({ delta }) => read.get(delta) ?? 0);
  return { work, inputs: inputsOf(run, blobs), readings };
}

interface Sent {
  /** Of its volunteer. */
  readonly i: number;
  readonly source: ManifestSource;
  readonly rows: RowMap | null;
  readonly exchange: Exchange;
  readonly bytes: Uint8Array;
}

async function accepted(
  { i, source, rows, exchange, bytes }: Sent,
  blobs: Pick<Blobs, "put">,
): Promise<AcceptedDelta> {
  return {
    ...{ kind: "accepted", round: 1, volunteer: `${i}`.repeat(32) as VolunteerId, source: source.id },
    ...{ delta: await blobs.put(bytes), rows: rows && (await blobs.put(bitsOf(rows))), sections: [] },
    ...{ steps: 6, tokens: 384, loss: 5, norm: normIn(bytes, exchange) },
    ...{ numbers: null, seniority: 1, carriesFrom: null },
  };
}

function inputsOf(run: RunManifest, blobs: Blobs): AveragingInputs {
  const exchangeOfDevice = deviceExchanges(() => run, blobs);
  return { manifest: run, blobs, faults: () => {}, exchangeOfDevice, clock: memoryClock() };
}

function normIn(bytes: Uint8Array, exchange: Exchange): number {
  const numbers = decodeDelta(bytes, formsOf(exchange)).flatMap((section) => [...section.numbers.data]);
  return Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0));
}

test.each(["spec", "trim"] as const)(
  "%s: deltas that fit in memory are read once, others again for each pass, and the body and what is said of it are the same",
  async (variant) => {
    const { work, inputs, readings } = await closing(variant);
    const published = await average(work, inputs);
    expect(readings()).toEqual([1, 1, 1]);
    expect(await average(work, { ...inputs, mostKeptBytes: 0 })).toEqual(published);
    expect(readings()).toEqual([4, 4, 4]);
    const bytes = exchangeOf(inputs.manifest).sections[0]!.layout.size * 4;
    if (variant !== "spec") return;
    expect(await average(work, { ...inputs, mostKeptBytes: bytes * 2 })).toEqual(published);
    expect(readings()).toEqual([5, 5, 7]);
  },
);

test("[C71] each delta's cosines are those of its own numbers with the mean of all, and with what the others make of it", async () => {
  const { work, inputs } = await closing("spec");
  const { cosines, meanNorm } = await average(work, inputs);
  const [exchange] = [exchangeOf(inputs.manifest)];
  const numbers: (readonly number[])[] = [];
  for (const { delta } of work.deltas)
    numbers.push([...decodeDelta((await inputs.blobs.get(delta))!, formsOf(exchange))[0]!.numbers.data]);
  // Two of the first source share its half.
  const mean = numbers[0]!.map((x, i) => (x + numbers[1]![i]!) / 4 + numbers[2]![i]! / 2);
  const norm = (v: readonly number[]) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  expect(meanNorm).toBeCloseTo(norm(mean), 6);
  const parts = numbers.map((own, i) => own.map((x) => (i < 2 ? x / 4 : x / 2)));
  for (const [i, { volunteer, cosine, others }] of cosines.entries()) {
    const rest = mean.map((x, j) => x - parts[i]![j]!);
    const along = numbers[i]!.reduce((sum, x, j) => sum + x * rest[j]!, 0);
    expect(others).toBeCloseTo(along / norm(rest) / norm(numbers[i]!), 5);
    const product = numbers[i]!.reduce((sum, x, j) => sum + x * mean[j]!, 0);
    expect(volunteer).toBe(work.deltas[i]!.volunteer);
    expect(cosine).toBeCloseTo(product / norm(mean) / norm(numbers[i]!), 6);
  }
});

/** A source of nine, with one far away, beside a source of one; under TRIM all hold a row, others some. */
async function crowd(
  variant: "spec" | "trim",
  average: RunManifest["average"],
  attack: number,
  change: Partial<RunManifest> = {},
  numberOf = (i: number, dice: Random) => (i === 4 ? attack : 0.1 + 0.01 * dice.normal()),
) {
  const run = { ...manifest({ variant, codec: "fp32" }), average, clipping: "off" as const, ...change };
  const blobs = memoryBlobs();
  const sections = await putFirst(run, exchangeOf(run).sections, blobs);
  const deltas: AcceptedDelta[] = [];
  for (let i = 0; i < 10; i++) {
    const source = run.sources[i < 9 ? 0 : 1]!;
    const rows = variant === "trim" ? rowMapOf(300, [3, i, i + 1, i + 2, i + 3, 200]) : null;
    const exchange = exchangeFor(run, source, rows);
    const dice = random(`${i}`);
    const numbers = exchange.sections.map(({ held }) =>
      namedTensors(
        held,
        Float32Array.from({ length: held.size }, () => numberOf(i, dice)),
      ),
    );
    const { bytes } = encodeDelta(exchange.sections.map(({ codec }, s) => ({ codec, numbers: numbers[s]! })));
    deltas.push(await accepted({ i, source, rows, exchange, bytes }, blobs));
  }
  const work: Aggregation = { round: 1, sections, deltas, outer: [] };
  return { run, blobs, work, inputs: inputsOf(run, blobs) };
}

const rules = [
  { rule: "trimmed-mean", mixing: "nearest", attackers: 0.3, from: 5 },
  { rule: "trimmed-mean", mixing: "off", attackers: 0.3, from: 5 },
  { rule: "median", mixing: "nearest", attackers: 0.3, from: 5 },
  { rule: "multi-krum", attackers: 0.3, from: 5 },
  { rule: "centred-clipping", attackers: 0.3, from: 5 },
] as const;

test.each(rules)(
  "[C65] a source of nine with an attacker moves the body by what the eight hold, and another source by its own: $rule",
  async (rule) => {
    for (const variant of ["spec", "trim"] as const) {
      const { run, blobs, work, inputs } = await crowd(variant, rule, 1e4);
      const { sections } = await average(work, inputs);
      for (const section of exchangeOf(run).sections) {
        const before = await readSection(section, work.sections, blobs);
        const after = await readSection(section, sections, blobs);
        const isRowed = variant === "trim" && section.group === "phi";
        for (let i = 0; i < before.data.length; i++) {
          const row = Math.floor(i / (section.layout.size / 300));
          // Rows that few hold are not guarded: of less than four none is left out.
          if (isRowed && row !== 3 && row !== 200) continue;
          expect(Math.abs(after.data[i]! - before.data[i]! - 0.1)).toBeLessThan(0.05);
        }
      }
    }
  },
);

test.each(rules)(
  "[C65] a slice at a time or all at once, the body is the same, bit for bit: $rule",
  async (rule) => {
    for (const variant of ["spec", "trim"] as const) {
      const { work, inputs } = await crowd(variant, rule, 0.3);
      const published = await average(work, inputs);
      expect(await average(work, { ...inputs, mostKeptBytes: 5000 })).toEqual(published);
      expect(await average(work, { ...inputs, mostKeptBytes: 100_000 })).toEqual(published);
    }
  },
);

test.each(rules)(
  "[C87] [C88] with time boxes an attacker that claims all tokens there are moves the body by what the others hold: $rule $mixing",
  async (rule) => {
    const { training } = manifest();
    const timeBox = { seconds: 60, leastSteps: 1 };
    const boxed = { training: { ...training, timeBox }, weighting: "tokens" as const };
    for (const attack of [-1e4, -0.1]) {
      const { run, blobs, work, inputs } = await crowd("spec", rule, attack, boxed);
      const deltas = work.deltas.map((delta, i) => ({ ...delta, tokens: i === 4 ? 100_000 : 384 }));
      const { sections } = await average({ ...work, deltas }, inputs);
      const [theta] = exchangeOf(run).sections;
      const before = await readSection(theta!, work.sections, blobs);
      const after = await readSection(theta!, sections, blobs);
      for (const [i, x] of after.data.entries())
        expect(Math.abs(x - before.data[i]! - 0.1)).toBeLessThan(0.05);
    }
  },
);

test("[C88] with time boxes deltas that point one way are averaged to the length that most of them have, whatever the shortest are", async () => {
  const lengths = [0.1, 0.2, 0.2, 0.3, 0.3, 1, 2, 2, 2];
  const { training } = manifest();
  const boxed = { ...training, timeBox: { seconds: 60, leastSteps: 1 } };
  const moved = async (change: Partial<RunManifest>) => {
    const all = { weighting: "tokens" as const, ...change };
    const { run, blobs, work, inputs } = await crowd("spec", rules[0], 0, all, (i) => lengths[i] ?? 1);
    const deltas = work.deltas.slice(0, 9).map((delta, i) => ({ ...delta, tokens: 100 * lengths[i]! }));
    const { sections } = await average({ ...work, deltas }, inputs);
    const [theta] = exchangeOf(run).sections;
    const before = await readSection(theta!, work.sections, blobs);
    return (await readSection(theta!, sections, blobs)).data[7]! - before.data[7]!;
  };
  // By hand: 2.7 of nine votes are left out at each end. What is left weighs by its tokens.
  const left = [0.3 * 0.2, 0.3, 0.3, 1, 0.3 * 2];
  const usual = [0.2, 0.3, 0.3, 1, 2].reduce((sum, x, i) => sum + x * left[i]!, 0) / (0.06 + 0.6 + 1 + 0.6);
  expect(await moved({ training: boxed })).toBeCloseTo(usual, 4);
});

test("[C65] by tokens, who says that it trained on none counts as of one, also in rows that nobody else holds", async () => {
  for (const rule of rules) {
    const { work, inputs, blobs, run } = await crowd("trim", rule, 0.3, { weighting: "tokens" });
    const deltas = work.deltas.map((delta, i) => ({ ...delta, tokens: i > 4 && i < 9 ? 0 : 384 }));
    const { sections } = await average({ ...work, deltas }, inputs);
    for (const section of exchangeOf(run).sections) {
      const { data } = await readSection(section, sections, blobs);
      expect(data.every(Number.isFinite)).toBe(true);
    }
  }
});

test("[C70] while deltas are compared and combined others have their turn", async () => {
  const model = { family: "llama", depth: 1, context: 8, overrides: { width: 64, heads: 2 } } as const;
  const turnsOf = async (rule: RunManifest["average"]) => {
    const { run, work, inputs } = await crowd("spec", rule, 0.3, { model });
    let [now, turns] = [0, 0];
    const elapsed = () => {
      now += 20;
      return now;
    };
    const sleep = async () => {
      turns += 1;
    };
    await average(work, { ...inputs, clock: { ...inputs.clock, elapsed, sleep } });
    return { turns, numbers: exchangeOf(run).sections.reduce((sum, { layout }) => sum + layout.size, 0) };
  };
  const mean = await turnsOf({ rule: "mean" });
  const { turns, numbers } = await turnsOf(rules[0]);
  const pieces = Math.ceil(numbers / 4096);
  expect(pieces).toBeGreaterThan(5);
  // Each is compared and combined; of the ten deltas two parts of a mean are made, and a weighted mean beside it.
  expect(turns - mean.turns).toBe(2 * pieces + 2);
});

test("[C65] a source of fewer than `from` has the mean of its deltas, and so have all by the mean", async () => {
  const few = { rule: "trimmed-mean", mixing: "nearest", attackers: 0.3, from: 10 } as const;
  const { work, inputs } = await crowd("spec", few, 5);
  const { sections } = await average(work, inputs);
  const mean = { ...inputs, manifest: { ...inputs.manifest, average: { rule: "mean" as const } } };
  expect(sections.map(({ sha256 }) => sha256)).toEqual(
    (await average(work, mean)).sections.map(({ sha256 }) => sha256),
  );
});
