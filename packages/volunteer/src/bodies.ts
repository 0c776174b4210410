// Bodies as this device has them: each section of the exchange by content, from the disk or from the coordinator, and
// of each the rows that are held here.

import { InputError, type NamedTensors, oneByOne, type Sha256 } from "@homebody/base";
import { decodeSection, type Exchange, heldOf, type Section } from "@homebody/dept";
import { type BodyRef, groupOf, type SectionFile, totalBytes } from "@homebody/protocol";
import { type SectionPlan, type SectionPorts, sectionFiles } from "./section-files.ts";
import { storedNames } from "./stored-names.ts";
import type { Work } from "./work.ts";

export interface Bodies {
  /** By section, in the exchange's order; not to be changed. */
  numbers(body: BodyRef, work: Pick<Work, "report" | "signal">): Promise<readonly NamedTensors[]>;
  /** Of those that were asked for last, as many as are kept: the one with this id; null where it is not among them. */
  ofId(id: Sha256): readonly NamedTensors[] | null;
  /** The same by its number. */
  ofNumber(number: number): readonly NamedTensors[] | null;
  /** Of the first body that this device had; null where there is none. */
  first(): Promise<readonly NamedTensors[] | null>;
}

interface BodyInMemory extends Pick<BodyRef, "number" | "id"> {
  readonly numbers: readonly NamedTensors[];
}

/** `kept`: how many bodies stay in memory. */
export function createBodies(
  { sections }: Pick<Exchange, "sections">,
  ports: SectionPorts,
  kept: 1 | 2,
): Bodies {
  const { disk } = ports;
  const own = sectionFiles(ports);
  const inTurn = oneByOne();
  /** The latest one first. */
  let inMemory: readonly BodyInMemory[] = [];

  const decoded = (section: Section, bytes: Uint8Array) => heldOf(section, decodeSection(section, bytes));

  async function fetched(
    files: readonly SectionFile[],
    body: BodyRef,
    work: Pick<Work, "report" | "signal">,
  ) {
    const plans: SectionPlan[] = [];
    for (const [i, file] of files.entries()) plans.push(await own.plan(sections[i]!, file, body));
    const of = totalBytes(plans);
    const all: Uint8Array[] = [];
    let before = 0;
    for (const { sizeBytes, take } of plans) {
      const progress = (done: number) =>
        work.report({
          kind: "download-body",
          done: before + done,
          of: Math.max(of, before + done),
          unit: "bytes",
        });
      all.push(await take(progress, work.signal));
      before += sizeBytes;
    }
    return all;
  }

  async function keepFirst(files: readonly SectionFile[], all: readonly Uint8Array[]): Promise<void> {
    const names = await disk.names();
    if (files.every(({ name }) => names.includes(storedNames.firstBody(groupOf(name))))) return;
    for (const [i, { name }] of files.entries())
      await disk.write(storedNames.firstBody(groupOf(name)), all[i]!);
  }

  async function taken(body: BodyRef, work: Pick<Work, "report" | "signal">) {
    work.signal.throwIfAborted();
    const files = sections.map(({ name }) => {
      const file = body.sections.find((one) => one.name === name);
      if (file === undefined) throw new InputError(`body ${body.number}`, `a section ${name}`, "none");
      return file;
    });
    const all = await fetched(files, body, work);
    await keepFirst(files, all);
    return sections.map((section, i) => decoded(section, all[i]!));
  }

  return {
    numbers: (body, work) =>
      inTurn(async () => {
        const { number, id } = body;
        const numbers = inMemory.find((one) => one.id === id)?.numbers ?? (await taken(body, work));
        // One that comes again has another number.
        if (inMemory.every((one) => one.number !== number))
          inMemory = [{ number, id, numbers }, ...inMemory].slice(0, kept);
        return numbers;
      }),
    ofId: (id) => inMemory.find((one) => one.id === id)?.numbers ?? null,
    ofNumber: (number) => inMemory.find((one) => one.number === number)?.numbers ?? null,
    first: async () => {
      const numbers: NamedTensors[] = [];
      for (const section of sections) {
        const bytes = await disk.read(storedNames.firstBody(section.group));
        if (bytes === undefined) return null;
        numbers.push(decoded(section, bytes));
      }
      return numbers;
    },
  };
}
