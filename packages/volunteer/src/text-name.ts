// The file that has a device's text: whoever asks only whether it is there need not read it.

import type { Disk } from "./ports.ts";

export const textName = "text.safetensors";

/** Whether a text is stored, of this version or an older one. */
export async function hasText(disk: Pick<Disk, "names">): Promise<boolean> {
  return (await disk.names()).some((name) => name === textName || name === "text");
}
