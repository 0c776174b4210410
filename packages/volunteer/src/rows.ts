// A text as a device holds it that has only some rows of the vocabulary (DEPT's TRIM): tokens are places in its row map.
//
// Softmax is over the held rows alone, so training, evaluation and sampling speak of places; the tokenizer's own ids
// are spoken of at the edges.

import type { RowMap } from "@homebody/dept";
import { rowMapOf } from "@homebody/dept";
import type { Shard, Tokenizer } from "@homebody/text";
import type { Text } from "./text-file.ts";

/** The rows that a text needs: of what is trained on, and of what is held out. */
export function rowsOfText(vocabulary: number, { train, heldOut }: Pick<Text, "train" | "heldOut">): RowMap {
  return rowMapOf(vocabulary, tokensOf(train, heldOut));
}

function* tokensOf(...shards: readonly Shard[]): Generator<number> {
  for (const { stream } of shards) yield* stream;
}

/** The same text in places of the row map. */
export function heldText(text: Text, map: RowMap): Text {
  const place = placesOf(map);
  const held = (shard: Shard): Shard => ({ ...shard, stream: shard.stream.map((token) => place[token]!) });
  return {
    ...text,
    train: held(text.train),
    heldOut: held(text.heldOut),
    tokenizer: heldTokenizer(text.tokenizer, map),
  };
}

/** By token: its place; -1 where the row is not held. */
export function placesOf({ size, ids }: RowMap): Int32Array {
  const places = new Int32Array(size).fill(-1);
  for (const [place, id] of ids.entries()) places[id] = place;
  return places;
}

/** Text whose tokens are not all held loses those that are not: nothing is known of them. */
function heldTokenizer(tokenizer: Tokenizer, map: RowMap): Tokenizer {
  const place = placesOf(map);
  const own = function* (places: Iterable<number>) {
    for (const at of places) yield map.ids[at] ?? -1;
  };
  return {
    vocabularySize: map.ids.length,
    endOfDocument: place[tokenizer.endOfDocument]!,
    byteLengths: Uint32Array.from(map.ids, (id) => tokenizer.byteLengths[id]!),
    encode: (text) =>
      tokenizer
        .encode(text)
        .map((token) => place[token]!)
        .filter((at) => at >= 0),
    decodeBytes: (places) => tokenizer.decodeBytes(own(places)),
    decode: (places) => tokenizer.decode(own(places)),
    toJson: () => tokenizer.toJson(),
  };
}
