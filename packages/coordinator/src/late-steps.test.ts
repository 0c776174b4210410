import { type SectionFile, type StepFile, stepsFrom } from "@homebody/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hashOf, section } from "../test/scene.ts";
import { bodyRef } from "./evolve.ts";
import { lateSteps } from "./late-steps.ts";

const theta = (text: string): SectionFile => section(text);
const stepOf = (from: string, sizeBytes = 260): StepFile => ({
  name: "theta",
  sha256: hashOf(`step from ${from}`),
  sizeBytes,
  from: hashOf(from),
});

/** Bodies 0, 1, ..., each by a step from the one before it. */
function played(bodies: number, sizeBytes = 260) {
  let body = bodyRef(0, [theta("0")]);
  for (let number = 1; number <= bodies; number++) {
    const next = bodyRef(number, [theta(`${number}`)]);
    body = { ...next, steps: lateSteps(body, next, [stepOf(`${number - 1}`, sizeBytes)]) };
  }
  return body;
}

const numbers = (steps: ReturnType<typeof lateSteps>) => steps.map(({ body }) => body);

test("[C79] of late there are as many steps as are together smaller than the section", () => {
  expect(numbers(played(2).steps!)).toEqual([1, 2]);
  expect(numbers(played(9).steps!)).toEqual([7, 8, 9]); // of 260 bytes, beside 1000
  expect(numbers(played(9, 130).steps!)).toEqual([3, 4, 5, 6, 7, 8, 9]);
  expect(played(9, 1000).steps).toEqual([]);
});

test("[C79] a step leads from the file that it is added to, through those after it, to the section", () => {
  const body = played(9);
  const from = (text: string) => numbers(stepsFrom(body, { name: "theta", from: hashOf(text) }));
  expect(from("8")).toEqual([9]);
  expect(from("6")).toEqual([7, 8, 9]);
  expect(from("5")).toEqual([]);
  expect(from("9")).toEqual([]);
  expect(stepsFrom(body, { name: "phi", from: hashOf("8") })).toEqual([]);
});

test("[C79] where the host goes back, steps are those that led there; what is made anew from there comes after them", () => {
  const body = played(9);
  const back = bodyRef(10, [theta("8")]);
  expect(numbers(lateSteps(body, back, []))).toEqual([7, 8]);
  expect(lateSteps(body, bodyRef(10, [theta("3")]), [])).toEqual([]);
  const anew = bodyRef(10, [theta("8, without one")]);
  const steps = lateSteps(body, anew, [stepOf("7")]);
  expect(numbers(steps)).toEqual([7, 10]);
  expect(steps[1]!.from).toBe(hashOf("7"));
});

test("[C79] a section that nobody exchanged keeps its steps, and one that joined has none", () => {
  const body = played(3);
  const words = { name: "phi/fr", sha256: hashOf("words"), sizeBytes: 100 } as const;
  const next = bodyRef(4, [theta("3"), words]);
  expect(lateSteps({ ...body, sections: [...body.sections, words] }, next, [])).toEqual(body.steps);
});

test("[C79] whatever happens, the steps of a section lead to it, and are together smaller", () => {
  const act = fc.oneof(
    fc.record({ kind: fc.constant("step" as const), sizeBytes: fc.integer({ min: 1, max: 1200 }) }),
    fc.record({ kind: fc.constant("undo" as const), to: fc.nat(30) }),
    fc.record({ kind: fc.constant("anew" as const), to: fc.nat(30) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      let body = bodyRef(0, [theta("0")]);
      const made = new Map<string, string>(); // by step, the file that it makes
      const published = [body.sections[0]!];
      for (const [i, one] of acts.entries()) {
        const number = i + 1;
        const old = one.kind === "step" ? body.sections[0]! : published[one.to % published.length]!;
        const file = one.kind === "undo" ? old : theta(`body ${number}`);
        const sizeBytes = one.kind === "step" ? one.sizeBytes : 100;
        const step = { ...file, sha256: hashOf(`step ${number}`), sizeBytes, from: old.sha256 };
        made.set(step.sha256, file.sha256);
        const next = bodyRef(number, [file]);
        body = { ...next, steps: lateSteps(body, next, one.kind === "undo" ? [] : [step]) };
        published.push(file);
        const steps = body.steps!;
        for (const [j, { sha256 }] of steps.entries())
          expect(made.get(sha256)).toBe(steps[j + 1]?.from ?? file.sha256);
        const bytes = steps.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        if (steps.length > 0) expect(bytes).toBeLessThan(file.sizeBytes);
      }
    }),
  );
});
