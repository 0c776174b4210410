// Outer steps that lead to the current body [C79]: what a volunteer that has a section of before takes instead of the whole one.

import type { BodyRef, SectionFile, StepFile, StepTo } from "@homebody/protocol";

/**
 * Those of the next body. Of each section they are the late ones that lead to it, as many as are together smaller than it. Where the
 * host goes back (C28) they are those that led to what it goes back to.
 */
export function lateSteps(
  before: Pick<BodyRef, "sections" | "steps">,
  next: Pick<BodyRef, "number" | "sections">,
  made: readonly StepFile[],
): readonly StepTo[] {
  if (made.length === 0 && before.steps === undefined) return [];
  return next.sections.flatMap((file) => {
    const step = made.find(({ name }) => name === file.name);
    const led = leadingTo(before, { name: file.name, sha256: step?.from ?? file.sha256 });
    return smallerThan(file, step === undefined ? led : [...led, { ...step, body: next.number }]);
  });
}

/** To this file, which the section is or was. */
function leadingTo(
  { sections, steps = [] }: Pick<BodyRef, "sections" | "steps">,
  { name, sha256 }: Pick<SectionFile, "name" | "sha256">,
): readonly StepTo[] {
  const own = steps.filter((step) => step.name === name);
  if (sections.some((file) => file.name === name && file.sha256 === sha256)) return own;
  const beyond = own.findIndex(({ from }) => from === sha256);
  return beyond < 0 ? [] : own.slice(0, beyond);
}

/** The last ones. */
function smallerThan({ sizeBytes }: SectionFile, steps: readonly StepTo[]): readonly StepTo[] {
  let left = sizeBytes;
  const tooOld = steps.findLastIndex((step) => {
    left -= step.sizeBytes;
    return left <= 0;
  });
  return steps.slice(tooOld + 1);
}
