// What the sections of a body are called on the pages.

import { type GroupName, groupOf, type SectionName } from "@homebody/protocol";

const titles: Readonly<Record<GroupName, string>> = {
  theta: "layers",
  phi: "token embeddings",
  psi: "position embeddings",
};

/** `token embeddings`, `token embeddings of es`. */
export function sectionTitle(section: SectionName): string {
  const title = titles[groupOf(section)];
  const [, source] = section.split("/");
  return source === undefined ? title : `${title} of ${source}`;
}
