// Where the two arms of a trial begin: the run's body of now, and its first one, which is random. Of the body everything
// is taken that means something in another vocabulary: theta, and psi where positions travel; never phi. All else is the
// same in both arms.

import { InputError, type NamedTensors } from "@homebody/base";
import { decodeSection, exchangeOf, firstNumbers, type Section } from "@homebody/dept";
import { beginningOf, type Parameters } from "@homebody/experiment";
import type { ModelConfig } from "@homebody/model";
import type { RunManifest, SectionFile } from "@homebody/protocol";
import { fetchChecked } from "../fetch-checked.ts";
import type { Net } from "../ports.ts";
import type { TrialArm, TrialBody } from "./view.ts";

export interface TakenSection {
  readonly section: Section;
  readonly file: SectionFile;
}

/** The sections of a body that a trial downloads. */
export function takenSections(manifest: RunManifest, body: TrialBody): readonly TakenSection[] {
  const wanted = exchangeOf(manifest).sections.filter(
    ({ group, source }) => source === null && group !== "phi",
  );
  return wanted.map((section) => {
    const file = body.sections.find(({ name }) => name === section.name);
    if (file === undefined) throw new InputError(`body ${body.number}`, `a section ${section.name}`, "none");
    return { section, file };
  });
}

/** The numbers of a body's sections, from the coordinator; `progress` hears of bytes of all of them. */
export async function fetchSections(
  taken: readonly TakenSection[],
  net: Pick<Net, "download">,
  progress: (done: number) => void,
  signal: AbortSignal,
): Promise<readonly NamedTensors[]> {
  const all: NamedTensors[] = [];
  let before = 0;
  for (const { section, file } of taken) {
    const tell = (done: number) => progress(before + done);
    const where = `section ${file.name} of the body`;
    const bytes = await fetchChecked(net, `/bodies/${file.sha256}`, file, where, tell, signal);
    all.push(decodeSection(section, bytes));
    before += file.sizeBytes;
  }
  return all;
}

/** `config` is the run's model with a vocabulary of the text's own. */
export function beginningsOf(
  manifest: RunManifest,
  config: ModelConfig,
  taken: readonly TakenSection[],
  numbers: readonly NamedTensors[],
  seed: string,
): Readonly<Record<TrialArm, Parameters>> {
  const begin = (of: (section: Section, i: number) => NamedTensors) => {
    const groups = Object.fromEntries(taken.map(({ section }, i) => [section.group, of(section, i)]));
    const { theta, ...embeddings } = groups as { theta: NamedTensors; psi?: NamedTensors };
    return beginningOf(config, theta, embeddings, seed);
  };
  return {
    trained: begin((_, i) => numbers[i]!),
    random: begin((section) => firstNumbers(manifest, section)),
  };
}
