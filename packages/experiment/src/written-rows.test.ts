import { ignored, trainTokenizer } from "@homebody/text";
import { expect, test } from "vitest";
import { drawRows, writtenRows } from "./written-rows.ts";

const tokenizer = trainTokenizer(["one and two and one and two"], { vocabulary: 265 });
const end = tokenizer.endOfDocument;
const whole = { text: "two and one", isWhole: true };
const cut = { text: "one and two and one", isWhole: false };

test("[M14] a text that was cut gives its settled tokens, one that ended all of them", () => {
  const { inputs, targets, rows, context } = writtenRows([cut, whole], tokenizer, 8);
  const settled = tokenizer.encode("one and two");
  const all = tokenizer.encode(whole.text);
  const given = [end, ...settled, end, ...all];
  expect([...inputs]).toEqual([...given, ...new Array(rows * context - given.length).fill(0)]);
  expect([...targets.slice(0, settled.length)]).toEqual([...settled]);
  expect([...targets.slice(settled.length + 1, given.length)]).toEqual([...all, end]);
});

test("[M15] behind a text that was cut nothing is learnt; nor behind the last row's end", () => {
  const { inputs, targets } = writtenRows([cut, whole], tokenizer, 8);
  const behind = tokenizer.encode("one and two").length;
  expect(targets[behind]).toBe(ignored);
  expect(inputs[behind + 1]).toBe(end);
  expect([...targets].filter((target) => target === end)).toHaveLength(1);
  expect([...targets.slice(2 + behind + tokenizer.encode(whole.text).length)].every((one) => one < 0)).toBe(
    true,
  );
});

test("rows are drawn in an order of each epoch's own, each once an epoch", () => {
  const all = writtenRows(
    Array.from({ length: 6 }, () => whole),
    tokenizer,
    4,
  );
  const marked = { ...all, targets: all.targets.map((_, i) => Math.floor(i / 4)) };
  const epoch = (first: number) =>
    Array.from(
      { length: all.rows },
      (_, i) => drawRows(marked, { step: first + i, batch: 1, seed: "x" }).targets[0],
    );
  expect(epoch(0).toSorted((a, b) => a! - b!)).toEqual(Array.from({ length: all.rows }, (_, i) => i));
  expect(epoch(0)).not.toEqual(epoch(all.rows));
  expect(epoch(0)).toEqual(epoch(0));
});
