import { InputError, namedTensors } from "@homebody/base";
import { encodeDelta } from "@homebody/codec";
import { expect, test } from "vitest";
import { manifest, source } from "../test/manifests.ts";
import {
  abilities,
  canTakePart,
  deltaSize,
  exchangeFor,
  exchangeOf,
  formsOf,
  heldOf,
  rowMapOf,
  rowsOfDevice,
} from "./index.ts";

const namesOf = (of: readonly { readonly name: string }[]) => of.map(({ name }) => name);

test.each([
  ["spec", "gpt2", ["theta"], ["phi", "psi"]],
  ["spec", "llama", ["theta"], ["phi"]],
  ["glob", "gpt2", ["theta", "phi", "psi"], []],
  ["glob", "llama", ["theta", "phi"], []],
  ["trim", "gpt2", ["theta", "phi", "psi"], []],
] as const)(
  "%s of a %s: these sections travel, these groups stay at home",
  (variant, family, sections, home) => {
    const run = manifest({ variant, family });
    const exchange = exchangeOf(run);
    expect(namesOf(exchange.sections)).toEqual(sections);
    expect(namesOf(exchange.home)).toEqual(home);
    expect(canTakePart(run, abilities)).toBe(true);
    expect(canTakePart(run, { ...abilities, codecs: ["fp16"], sections })).toBe(true);
    expect(canTakePart(run, { ...abilities, codecs: ["fp32"], sections })).toBe(false);
    expect(canTakePart(run, { ...abilities, sections: sections.slice(1) })).toBe(false);
  },
);

test("[P67] whoever would train to the end of the local steps takes no part in a run with time boxes", () => {
  const plain = manifest();
  const timeBox = { seconds: 60, leastSteps: 1 };
  const boxed = { ...plain, training: { ...plain.training, timeBox } };
  const older = { ...abilities, rounds: ["steps"] };
  expect([plain, boxed].map((run) => canTakePart(run, abilities))).toEqual([true, true]);
  expect([plain, boxed].map((run) => canTakePart(run, older))).toEqual([true, false]);
});

test("every tensor of the model is in exactly one group, and the head goes with the embedding", () => {
  const exchange = exchangeOf(manifest({ variant: "glob", tied: false }));
  const names = exchange.sections.flatMap(({ layout }) => namesOf(layout.slots));
  expect(new Set(names).size).toBe(names.length);
  const phi = exchange.sections.find(({ name }) => name === "phi")!;
  expect(namesOf(phi.layout.slots)).toEqual(["transformer.wte.weight", "lm_head.weight"]);
});

test("TRIM: a device holds its rows of the embedding, and trains a model of that vocabulary", () => {
  const run = manifest({ variant: "trim", tied: false });
  const rows = rowMapOf(300, [7, 3, 299, 3]);
  expect([...rows.ids]).toEqual([3, 7, 299]);
  const exchange = exchangeFor(run, source(run, "es"), rows);
  expect(exchange.config.vocab_size).toBe(3);
  const [theta, phi, psi] = exchange.sections;
  expect(theta!.rows).toBeNull();
  expect(psi!.rows).toBeNull();
  expect(phi!.layout.slots.map(({ shape }) => shape)).toEqual([
    [300, 16],
    [300, 16],
  ]);
  expect(phi!.held.slots.map(({ shape }) => shape)).toEqual([
    [3, 16],
    [3, 16],
  ]);
  const whole = namedTensors(phi!.layout);
  for (let i = 0; i < whole.data.length; i++) whole.data[i] = i;
  const held = heldOf(phi!, whole);
  expect([0, 16, 32, 48, 64, 80].map((at) => held.data[at])).toEqual(
    [3, 7, 299, 303, 307, 599].map((row) => row * 16),
  );
});

test("the size of a delta follows from sections, codec and row map", () => {
  for (const variant of ["spec", "glob", "trim"] as const)
    for (const codec of ["fp16", "fp32", "int8", "int4", "int2"] as const) {
      const run = manifest({ variant, codec });
      const rows = variant === "trim" ? rowMapOf(300, [1, 2, 3]) : null;
      const exchange = exchangeFor(run, source(run, "es"), rows);
      const sections = exchange.sections.map((section) => ({ codec, numbers: namedTensors(section.held) }));
      const { bytes } = encodeDelta(sections);
      expect(deltaSize(exchange)).toEqual({ most: bytes.length, exact: true });
      expect(formsOf(exchange).map(({ layout }) => layout)).toEqual(
        exchange.sections.map(({ held }) => held),
      );
    }
});

test("[W4] of a codec whose sections are not of one size a delta has at most so many bytes", () => {
  const codec = { kind: "sparse2", k: 64 } as const;
  for (const variant of ["spec", "glob", "trim"] as const) {
    const run = manifest({ variant, codec });
    const exchange = exchangeFor(
      run,
      source(run, "es"),
      variant === "trim" ? rowMapOf(300, [1, 2, 3]) : null,
    );
    expect(exchange.feedback).toEqual({ decay: 0.95, rounds: 20 });
    const { most, exact } = deltaSize(exchange);
    expect(exact).toBe(false);
    const sections = exchange.sections.map(({ held }) => ({
      codec,
      numbers: namedTensors(
        held,
        Float32Array.from({ length: held.size }, (_, i) => 1 + (i % 7)),
      ),
    }));
    const { bytes } = encodeDelta(sections);
    expect(bytes.length).toBeLessThanOrEqual(most);
    expect(most).toBeLessThan(deltaSize(exchangeOf(manifest({ variant, codec: "int2" }))).most);
    expect(canTakePart(run, abilities)).toBe(true);
    expect(canTakePart(run, { ...abilities, codecs: ["fp16", "int2"] })).toBe(false);
  }
});

test("a row map where none is expected, none where one is, and one of another size are errors", () => {
  const [spec, trim] = [manifest(), manifest({ variant: "trim" })];
  const rows = rowMapOf(300, [1]);
  expect(() => exchangeFor(spec, source(spec, "es"), rows)).toThrow(
    "row map: expected none, under spec, got one",
  );
  expect(() => exchangeFor(trim, source(trim, "es"), null)).toThrow(
    "row map: expected one, under trim, got none",
  );
  expect(() => exchangeFor(trim, source(trim, "es"), rowMapOf(200, [1]))).toThrow(
    "row map: expected 300 rows, got 200",
  );
});

test("what a device declares counts only where rows are a matter of its text and the host has not said them", () => {
  const [spec, trim] = [manifest(), manifest({ variant: "trim" })];
  const declared = new Uint8Array(38).fill(1);
  const served = new Uint8Array(38).fill(2);
  expect(rowsOfDevice(spec, source(spec, "es"), { declared })).toBeNull();
  expect(rowsOfDevice(trim, source(trim, "es"), { declared })!.ids[1]).toBe(8);
  expect(rowsOfDevice(trim, source(trim, "es"), { declared, served })!.ids[1]).toBe(9);
  expect(() => rowsOfDevice(trim, source(trim, "es"), {})).toThrow(InputError);
});

test("sources that exchange embeddings share one vocabulary", () => {
  const run = manifest({ variant: "glob" });
  const [es, ja] = run.sources;
  const uneven = { ...run, sources: [es!, { ...ja!, vocabulary: 400 }] };
  expect(() => exchangeOf(uneven)).toThrow(
    "sources.ja.vocabulary: expected 300, as all sources share one under glob, got 400",
  );
  expect(exchangeOf({ ...uneven, variant: "spec" }).sections).toHaveLength(1);
});
