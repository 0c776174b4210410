import { readFileSync } from "node:fs";
import { figuresOf, readEntry } from "@homebody/coordinator";
import fc from "fast-check";
import { expect, test } from "vitest";
import { journalFormats, measures, measuring } from "../src/index.ts";
import { crc32c } from "../src/tfevents/crc32c.ts";
import { readEvents } from "./event-file.ts";

const fixtures = new URL("../../../test/fixtures/", import.meta.url);
const linesOf = (path: string) => readFileSync(new URL(path, fixtures), "utf8");
const storedIn = (path: string): unknown[] =>
  linesOf(path)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const averaging = "runs/v1-averaging/journal.jsonl";
const journals = [averaging, "runs/v1-nesterov/journal.jsonl", "journals/v1.jsonl"];

const written = (name: string, entries: readonly unknown[]) =>
  journalFormats
    .find((format) => format.name === name)!
    .writer()
    .write(entries);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const cells = (entries: readonly unknown[]) =>
  textOf(written("csv", entries))
    .trim()
    .split("\n")
    .map((line) => line.split(","));

test.each(journals)("[J2] %s: jsonl is the entries byte for byte", (path) => {
  expect(textOf(written("jsonl", storedIn(path)))).toBe(linesOf(path));
});

test.each(journalFormats.map(({ name }) => name))(
  "[J1] %s: in however many pieces, the same bytes; a longer journal begins as a shorter one",
  (name) => {
    fc.assert(
      fc.property(
        fc.constantFrom(...journals),
        fc.array(fc.integer({ min: 1, max: 9 })),
        fc.nat(40),
        (path, sizes, short) => {
          const all = storedIn(path);
          const writer = journalFormats.find((format) => format.name === name)!.writer();
          const pieces: Uint8Array[] = [];
          let at = 0;
          for (const size of [...sizes, all.length]) {
            if (at < all.length) pieces.push(writer.write(all.slice(at, at + size)));
            at += size;
          }
          const whole = Buffer.from(written(name, all));
          expect(Buffer.concat(pieces).equals(whole)).toBe(true);
          if (short === 0) return;
          const begun = Buffer.from(written(name, all.slice(0, short)));
          expect(whole.subarray(0, begun.length).equals(begun)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  },
);

// By hand, from the lines of the file.
test("[J3] [J4] the rows of two rounds of two sources", () => {
  const entries = storedIn(averaging) as { seq: number; at: number; fact: Record<string, never> }[];
  const [names, ...rows] = cells(entries);
  expect(names).toEqual(["sequence", "time_ms", "round", "source", "volunteer", "measure", "value", "unit"]);
  const first = entries.find(({ fact }) => fact.kind === "accepted")!;
  const { volunteer, source, loss, norm, tokens, steps, sizeBytes } = first.fact as Record<
    string,
    string | number
  >;
  expect(rows.filter(([seq]) => seq === String(first.seq))).toEqual(
    [
      ["delta-loss", loss, "nats/token"],
      ["delta-norm", norm, "1"],
      ["delta-tokens", tokens, "tokens"],
      ["delta-steps", steps, "steps"],
      ["delta-bytes", sizeBytes, "bytes"],
    ].map(([name, value, unit]) => [
      String(first.seq),
      String(first.at),
      "1",
      source,
      volunteer,
      name,
      String(value),
      unit,
    ]),
  );
  const numbersOf = (measure: string, round: number, source = "") =>
    rows
      .filter((row) => row[5] === measure && row[2] === String(round) && row[3] === source)
      .map((row) => Number(row[6]));
  const figures = figuresOf(entries.map((entry) => readEntry(entry)))!;
  // Of bodies whose next one is there.
  expect([0, 1].map((body) => numbersOf("bits-per-byte", body, "a"))).toEqual(
    figures.scores.a!.slice(0, 2).map(({ bitsPerByte }) => [bitsPerByte]),
  );
  expect(numbersOf("bits-per-byte", 2, "a")).toEqual([]);
  expect(numbersOf("body-bytes", 2)).toEqual([11896]);
  expect(numbersOf("tokens-total", 2)).toEqual([figures.tokens]);
  expect(numbersOf("loss", 1, "a")).toEqual([
    figures.deltas.find((delta) => delta.round === 1 && delta.source === "a")!.loss,
  ]);
  expect(numbersOf("bytes-up", 2, "b")).toEqual([5256]);
  expect(numbersOf("deltas", 2, "b")).toEqual([1]);
  expect(numbersOf("learning-rate", 1)).toEqual([0.01]);
  const [opened, published] = ["opened", "published"].map(
    (kind) => entries.find(({ fact }) => fact.kind === kind)!.at,
  );
  expect(numbersOf("round-seconds", 1)).toEqual([(published! - opened!) / 1000]);
});

test("[J3] a source's numbers are those of the deltas that are averaged, and of a body that comes back there are none", () => {
  interface Line {
    readonly at: number;
    readonly fact: Readonly<Record<string, unknown>>;
  }
  const lines = storedIn(averaging) as Line[];
  const until = 1 + lines.findIndex(({ fact }) => fact.kind === "published");
  const round = lines.slice(0, until);
  const [a, b] = ["a", "b"].map((id) => {
    const { fact } = round.find(({ fact }) => fact.kind === "accepted" && fact.source === id)!;
    return fact as { volunteer: string; loss: number };
  });
  const told = (changed: readonly Line[]) =>
    cells(changed.map((line, i) => ({ ...line, seq: i + 1 })))
      .filter(
        ([, , , , , measure]) => measure === "deltas" || measure === "loss" || measure === "round-seconds",
      )
      .map(
        ([, , round, source, , measure, value]) =>
          `${round} ${source} ${measure} ${measure === "round-seconds" ? "" : value}`,
      );
  const took = "1  round-seconds ";
  const ofA = ["1 a deltas 1", `1 a loss ${a!.loss}`];
  const ofB = ["1 b deltas 1", `1 b loss ${b!.loss}`];
  expect(told(round)).toEqual([took, ...ofA, ...ofB]);
  // Whoever was removed is not averaged.
  const closing = (change: (line: Line) => readonly Line[]) =>
    round.flatMap((line) => (line.fact.kind === "closed" ? change(line) : [line]));
  const without = closing((line) => [{ ...line, fact: { ...line.fact, averaged: [b!.volunteer] } }]);
  expect(told(without)).toEqual([took, ...ofB]);
  const dropped = { kind: "dropped", round: 1, volunteer: b!.volunteer, reason: "missing" };
  expect(told(closing((line) => [line, { at: line.at, fact: dropped }]))).toEqual([took, ...ofA]);
  const last = round.at(-1)!;
  const undone = { kind: "undone", round: 2, to: 0, without: [], averaged: [] };
  const back = [undone, { ...last.fact, round: 2 }].map((fact) => ({ at: last.at, fact }));
  expect(told([...round, ...back])).toEqual([took, ...ofA, ...ofB]);
});

test("[J3] every measure has one level, and each number is told once an entry", () => {
  const seen = new Set<string>();
  for (const path of journals) {
    const rowsOf = measuring();
    const rows = storedIn(path).flatMap((entry) => [...rowsOf(readEntry(entry))]);
    for (const { measure, source, volunteer } of rows) {
      seen.add(measure);
      const level = volunteer !== null ? "volunteer" : source !== null ? "source" : "run";
      expect([measure, level]).toEqual([measure, measures[measure].of]);
    }
    const keys = rows.map(
      ({ seq, round, source, volunteer, measure }) => `${seq} ${round} ${source} ${volunteer} ${measure}`,
    );
    expect(new Set(keys).size).toBe(keys.length);
    for (const [, line] of cells(storedIn(path)).entries()) expect(line).toHaveLength(8);
  }
  // Journals of before do not have them.
  const later = ["delta-cosine-to-others", "delta-staleness"];
  const all = Object.keys(measures).filter((name) => !later.includes(name));
  expect([...seen].sort()).toEqual(all.sort());
});

test("[J3] [C82] how many bodies a delta is behind is told where it is behind", () => {
  const rowsOf = measuring();
  const values = storedIn(averaging)
    .map((entry) => readEntry(entry))
    .flatMap((entry) => {
      const { fact } = entry;
      const isStale = fact.kind === "accepted" && fact.round === 2;
      return rowsOf(isStale ? { ...entry, fact: { ...fact, body: 0 } } : entry);
    })
    .flatMap(({ measure, round, value }) => (measure === "delta-staleness" ? [[round, value]] : []));
  expect(new Set(values.map(String))).toEqual(new Set(["2,1"]));
});

test("[J3] [C71] a delta's cosine to the others is told where the journal has it, and where there are others", () => {
  const rowsOf = measuring();
  const values = storedIn(averaging)
    .map((entry) => readEntry(entry))
    .flatMap(({ seq, at, fact }) => {
      if (fact.kind !== "published") return [...rowsOf({ seq, at, fact })];
      const cosines = fact.cosines.map((one, i) => ({ ...one, others: i === 0 ? 0.25 : null }));
      return [...rowsOf({ seq, at, fact: { ...fact, cosines } })];
    })
    .filter(({ measure }) => measure === "delta-cosine-to-others")
    .map(({ round, value }) => [round, value]);
  expect(values).toEqual([
    [1, 0.25],
    [2, 0.25],
  ]);
});

test("[J5] the checksum is that of RFC 3720", () => {
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

test.each(journals)("[J5] %s: another reader finds the same scalars, at their rounds and times", (path) => {
  const entries = storedIn(path);
  const [first, ...events] = readEvents(written("tfevents", entries));
  expect(first).toMatchObject({
    fileVersion: "brain.Event:2",
    wallTime: (entries[0] as { at: number }).at / 1000,
  });
  const read = events.flatMap(({ step = 0, wallTime, summary }) =>
    summary!.value.map(({ tag, simpleValue }) => ({
      tag,
      step,
      time: Math.round(wallTime * 1000),
      value: simpleValue,
    })),
  );
  const expected = cells(entries)
    .slice(1)
    .filter(([, , , , volunteer]) => volunteer === "")
    .map(([, at, round, source, , measure, value]) => ({
      ...{ tag: source === "" ? measure : `${measure}/${source}`, step: Number(round) },
      ...{ time: Number(at), value: Math.fround(Number(value)) },
    }));
  expect(read.length).toBeGreaterThan(20);
  expect(read).toEqual(expected);
});

test("[J5] a bit that fell over is found by the reader, so that it does look", () => {
  const bytes = written("tfevents", storedIn(averaging));
  bytes[200] = bytes[200]! ^ 1;
  expect(() => readEvents(bytes)).toThrow("checksum");
});
