// What the results in a folder were made with. Another call may add seeds or another study, and finds what is there;
// other text or another scale would mix numbers that do not belong together.

import { InputError } from "@homebody/base";
import { canonicalJson, differences } from "@homebody/protocol";
import type { Folder } from "./folder.ts";
import type { Plan } from "./plan.ts";

const name = "study.json";

/** Written where it is missing. Throws an InputError that names the first setting that differs. */
export async function requireSettings(
  folder: Folder,
  { sources, unseen, scale, factor }: Plan,
): Promise<void> {
  const { seeds: _seeds, scale: _usual, ...fixed } = scale;
  const wanted = { sources, unseen, scale: fixed, factor };
  const kept = await folder.read(name);
  if (kept === undefined) return await folder.write(name, `${canonicalJson(wanted)}\n`);
  const [first] = differences(JSON.parse(new TextDecoder().decode(kept)), wanted);
  if (first === undefined) return;
  throw new InputError(
    `${folder.path}, ${first.key}`,
    `${JSON.stringify(first.was)}, as the results in it were made with (or another --out)`,
    `${JSON.stringify(first.is)}`,
  );
}
