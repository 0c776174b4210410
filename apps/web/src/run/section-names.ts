// What the sections of a body are called on the pages.

import type { SectionName } from "@homebody/protocol";

export const sectionTitles: Readonly<Record<SectionName, string>> = {
  theta: "layers",
  phi: "token embeddings",
  psi: "position embeddings",
};
