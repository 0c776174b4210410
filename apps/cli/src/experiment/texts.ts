// Text of sources that volunteers bring, as an experiment's own volunteers bring it: `--text ID=PATH`.

import { InputError } from "@homebody/base";
import type { RunFile } from "@homebody/protocol";
import { requireUsable, textFiles } from "@homebody/volunteer/node";

/** By source: paths of files and folders. */
export type BroughtTexts = ReadonlyMap<string, readonly string[]>;

/** Throws an InputError where a brought source has no text, another one has some, or what there is cannot be used. */
export async function broughtTexts(file: RunFile, given: readonly string[]): Promise<BroughtTexts> {
  const bring = file.sources.filter(({ text }) => text === "brought").map(({ id }) => String(id));
  const texts = new Map<string, string[]>();
  for (const one of given) {
    const [, id, path] = /^([^=]+)=(.+)$/.exec(one) ?? [];
    if (id === undefined || path === undefined || !bring.includes(id))
      throw new InputError("--text", expected(bring), one);
    texts.set(id, [...(texts.get(id) ?? []), path]);
  }
  const missing = bring.filter((id) => !texts.has(id));
  if (missing.length > 0) throw new InputError("--text", expected(missing), "none");
  for (const [id, paths] of texts) await requireUsable(file, id, await textFiles("--text", paths));
  return texts;
}

const expected = (bring: readonly string[]) =>
  bring.length === 0
    ? "none: the host serves the text of every source"
    : `ID=PATH, for each source whose text is brought (${bring.join(", ")})`;
