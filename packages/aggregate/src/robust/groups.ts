// Many deltas of one source, in groups: what looks at each pair of deltas would else cost with the square of their number.

import { permutation, random } from "@homebody/base";

/** At most so many deltas are laid beside each other. */
export const mostInGroup = 32;

/**
 * Members by group, each in ascending order: as few groups as can be, as equal as can be. Who is with whom follows from the seed,
 * so that nobody chooses it.
 */
export function groupsOf(members: number, seed: string): readonly (readonly number[])[] {
  const groups = Math.ceil(members / mostInGroup);
  const order = [...permutation(members, random(seed))];
  return Array.from({ length: groups }, (_, group) =>
    order.filter((_, place) => place % groups === group).sort((a, b) => a - b),
  );
}
