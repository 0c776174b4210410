import fc from "fast-check";
import { expect, test } from "vitest";
import { assignPlaces, bytesOf, type Commands, temporaryBytes } from "./memory.ts";
import { type Operand, Plan, whole } from "./plan.ts";

/** Commands over temporaries of given sizes: each names some of them. */
function planOf(sizes: readonly number[], commands: readonly (readonly number[])[]): [Commands, Operand[]] {
  const operands = sizes.map((size) => new Plan().temporary([size]));
  const naming = (named: readonly number[]) =>
    Object.fromEntries(named.map((i) => [`operand${i}`, operands[i]]));
  return [{ commands: commands.map((named) => ({ operands: naming(named) })) }, operands];
}

const plans = fc
  .array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 30 })
  .chain((sizes) =>
    fc.tuple(
      fc.constant(sizes),
      fc.array(fc.uniqueArray(fc.nat(sizes.length - 1), { minLength: 1, maxLength: 4 }), { maxLength: 60 }),
    ),
  );

test("temporaries that live at the same time have places of their own, and room in them", () => {
  fc.assert(
    fc.property(plans, ([sizes, commands]) => {
      const [plan, operands] = planOf(sizes, commands);
      const { bytes, placeOf } = assignPlaces(plan);
      const lives = operands.map((_, i) => {
        const at = commands.flatMap((named, command) => (named.includes(i) ? [command] : []));
        return at.length === 0 ? null : { first: at[0]!, last: at.at(-1)! };
      });
      lives.forEach((life, i) => {
        if (life === null) return;
        const place = placeOf.get(operands[i]!.storage)!;
        expect(bytes[place]).toBeGreaterThanOrEqual(bytesOf(operands[i]!.storage));
        lives.slice(0, i).forEach((other, j) => {
          if (other === null || placeOf.get(operands[j]!.storage) !== place) return;
          expect(life.first > other.last || other.first > life.last).toBe(true);
        });
      });
    }),
  );
});

test("never more than a place for each, never less than what lives at once", () => {
  fc.assert(
    fc.property(plans, ([sizes, commands]) => {
      const [plan, operands] = planOf(sizes, commands);
      const used = new Set(commands.flat());
      const all = [...used].reduce((sum, i) => sum + bytesOf(operands[i]!.storage), 0);
      const atOnce = commands.map((_, at) =>
        [...used]
          .filter((i) => {
            const uses = commands.flatMap((named, command) => (named.includes(i) ? [command] : []));
            return uses[0]! <= at && at <= uses.at(-1)!;
          })
          .reduce((sum, i) => sum + bytesOf(operands[i]!.storage), 0),
      );
      expect(temporaryBytes(plan)).toBeLessThanOrEqual(all);
      expect(temporaryBytes(plan)).toBeGreaterThanOrEqual(Math.max(0, ...atOnce));
    }),
  );
});

test("a chain of steps takes two places, however long it is", () => {
  const links = Array.from({ length: 50 }, (_, i) => [i, i + 1]);
  const [plan] = planOf(
    Array.from({ length: 51 }, () => 1000),
    links,
  );
  expect(assignPlaces(plan).bytes).toEqual([4000, 4000]);
});

test("what is kept has no place", () => {
  const kept = whole({ name: "kept", size: 256, type: "f32", kept: true });
  expect(temporaryBytes({ commands: [{ operands: { kept, left: undefined } }] })).toBe(0);
});
