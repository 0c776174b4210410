// One of three volunteers poisons, the others really train: how much worse the body is for it. What a lone attacker can still do
// is held here too, so that docs/threat-model.md stays true.

import { beforeAll, expect, test } from "vitest";
import { attacks, type Attack as TrainedAttack } from "../src/index.ts";
import { type Attack, type Poisoned, poisoned, poisonedRun } from "./poison.ts";

/** Of bits per byte, after six rounds. */
const mostWorse = 0.03;
const aMinute = { timeout: 60_000 };

let unharmed: Poisoned;
beforeAll(async () => {
  unharmed = await poisoned(poisonedRun(), null);
}, 60_000);

const last = ({ bitsPerByte }: Poisoned) => bitsPerByte.at(-1)!;

test(
  "[P10] weights of norms moved by -4 are refused in every round, and the body is the one that it would have been",
  aMinute,
  async () => {
    const found = await poisoned(poisonedRun(), ({ shape }) => (shape.length === 1 ? -4 : 0));
    expect(new Set(found.words)).toEqual(new Set(["too-far"]));
    expect(found.bitsPerByte).toEqual(unharmed.bitsPerByte);
    expect(last(found)).toBeLessThan(0.8 * found.bitsPerByte[0]!);
  },
);

const all: Readonly<Record<string, Attack | TrainedAttack>> = {
  "norms' weights as far as they may go": ({ shape, reach }) => (shape.length === 1 ? -reach : 0),
  "noise as far as it may go": ({ reach, dice }) => (dice < 0.5 ? -reach : reach),
  "all numbers as far as they may go, the same way": ({ reach }) => reach,
  "what was learnt in the last round, taken back as far as it may go": ({ moved, reach }) =>
    -Math.sign(moved) * reach,
  "what it learnt itself, the other way round": attacks["sign-flip"],
};

test.each(Object.keys(all))(
  "[C26] one of three who sends %s: the body is within the bound",
  aMinute,
  async (name) => {
    const found = await poisoned(poisonedRun(), all[name]!);
    // What moves nothing, as before the first round, is refused [P27].
    const words = found.words.filter((word) => word !== "empty-delta");
    expect(new Set(words)).toEqual(new Set(typeof all[name] === "function" ? ["ok"] : []));
    expect(last(found)).toBeLessThan((1 + mostWorse) * last(unharmed));
  },
);

test(
  "[C26] alone in a source of its own, an attacker has the whole weight of that source: learning goes on, and is slower",
  aMinute,
  async () => {
    const found = await poisoned(poisonedRun({}, ["a", "b"]), ({ reach }) => reach);
    expect(last(found)).toBeGreaterThan((1 + mostWorse) * last(unharmed));
    expect(last(found)).toBeLessThan(1.15 * last(unharmed));
    expect(last(found)).toBeLessThan(0.9 * found.bitsPerByte[0]!);
  },
);

const rounds = Number(process.env.POISON_ROUNDS ?? 0);

test.runIf(rounds > 0)("figures of poison", { timeout: 600_000 }, async () => {
  const multiple = Number(process.env.POISON_MULTIPLE ?? 3);
  const change = { rounds, clipping: { kind: "median", multiple } } as const;
  for (const [name, attack] of Object.entries({
    "no attack": null,
    "an honest one": { what: "what it learnt" },
    ...all,
  })) {
    const found = await poisoned(poisonedRun(change), attack);
    process.stderr.write(`${name}: ${last(found).toFixed(3)} bits per byte\n`);
  }
});
