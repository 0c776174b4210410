// The held-out share: documents that are never trained on, so that a score on them means something.

import { InputError, permutation, random, utf8Length } from "@homebody/base";

export interface Split {
  readonly train: readonly string[];
  readonly heldOut: readonly string[];
}

/**
 * Splits by document; `share` is of the bytes, from 0 to below 1. Both sides get something, so the share is a goal:
 * whole documents are taken in an order that the seed gives, as long as they fit. Where none fits within the share,
 * the smallest is taken if it is at most twice the share; otherwise one document (the only one, say) is cut in two
 * near its end, at a paragraph if there is one near, and its end is held out. The same documents, share and seed
 * give the same split.
 */
export function splitHeldOut(documents: readonly string[], share: number, seed: string): Split {
  if (!(share >= 0 && share < 1))
    throw new InputError("held-out share", "0 or more and less than 1", `${share}`);
  if (documents.length === 0) throw new InputError("text", "at least one document", "none");
  const sizes = documents.map(utf8Length);
  const goal = share * sizes.reduce((sum, size) => sum + size, 0);
  const order = [...permutation(documents.length, random(`${seed}/held-out documents`))];
  const held = new Set<number>();
  let size = 0;
  for (const i of order) {
    if (size + sizes[i]! > goal || held.size === documents.length - 1) continue;
    held.add(i);
    size += sizes[i]!;
  }
  if (held.size === 0 && documents.length > 1) {
    const smallest = order.reduce((a, b) => (sizes[b]! < sizes[a]! ? b : a));
    if (sizes[smallest]! <= 2 * goal) held.add(smallest);
  }
  if (held.size > 0)
    return {
      train: documents.filter((_, i) => !held.has(i)),
      heldOut: documents.filter((_, i) => held.has(i)),
    };
  const cut = order[0]!;
  const [start, end] = cutNear(documents[cut]!, 1 - Math.min(0.5, goal / sizes[cut]!));
  return { train: documents.map((text, i) => (i === cut ? start : text)), heldOut: [end] };
}

/** Cuts at the paragraph, else line, else word, nearest to a place; both parts have something. */
function cutNear(text: string, place: number): [string, string] {
  const least = text.codePointAt(0)! > 0xffff ? 2 : 1;
  if (text.length <= least) throw new InputError("text", "at least two characters", JSON.stringify(text));
  const wanted = Math.min(text.length - 1, Math.max(least, Math.round(text.length * place)));
  const reach = Math.max(1, Math.floor((text.length - wanted) / 2)); // so that the end keeps half of its share
  const [from, to] = [Math.max(least, wanted - reach), Math.min(text.length - 1, wanted + reach)];
  for (const boundary of [/\n\s*\n/g, /\n/g, /\s/g]) {
    let best: number | undefined;
    for (const found of text.slice(from, to).matchAll(boundary)) {
      const at = from + found.index + found[0].length;
      if (at < text.length && (best === undefined || Math.abs(at - wanted) < Math.abs(best - wanted)))
        best = at;
    }
    if (best !== undefined) return [text.slice(0, best), text.slice(best)];
  }
  const unit = text.charCodeAt(wanted);
  const inPair = unit >= 0xdc00 && unit <= 0xdfff;
  const at = inPair ? (wanted + 1 < text.length ? wanted + 1 : wanted - 1) : wanted;
  return [text.slice(0, at), text.slice(at)];
}
