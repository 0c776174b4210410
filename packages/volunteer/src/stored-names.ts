// The files in which a device keeps what stored-state.ts says: whoever asks only what is there need not read any.

import type { GroupName } from "@homebody/protocol";
import type { Disk } from "./ports.ts";

export const storedNames = {
  run: "run.json",
  home: "home.safetensors",
  snapshot: "snapshot.safetensors",
  delta: (round: number) => `delta-${round}.safetensors`,
  fitted: "fitted.safetensors",
  body: (group: GroupName) => `body-${group}.safetensors`,
  firstBody: (group: GroupName) => `first-${group}.safetensors`,
};

/** Whether there is a model: a body, and words in it or at home. */
export async function hasModel(disk: Pick<Disk, "names">): Promise<boolean> {
  const { run, home, body } = storedNames;
  const names = await disk.names();
  return (
    [run, body("theta")].every((name) => names.includes(name)) &&
    [home, body("phi")].some((name) => names.includes(name))
  );
}
