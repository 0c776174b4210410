// A text as a device holds it that has only some rows of the vocabulary (DEPT's TRIM): tokens are places in its row map.
//
// Softmax is over the held rows alone, so training, evaluation and sampling speak of places; the tokenizer's own ids
// are spoken of at the edges.

import { InputError } from "@homebody/base";
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

/**
 * A token whose row is not held is written as its bytes, as far as those have tokens that are held (byte fallback); bytes without one
 * are lost, since nothing is known of them. The text that the rows were made for is written as it was. `toJson` throws
 * an InputError: merges may lead to a held token through others that are not held, so no tokenizer.json writes text like this.
 */
function heldTokenizer(tokenizer: Tokenizer, map: RowMap): Tokenizer {
  if (map.ids.length === tokenizer.vocabularySize) return tokenizer; // in that order, too: all are held
  const place = placesOf(map);
  const placeOfByte = new Int32Array(256).fill(-1);
  for (const [at, id] of map.ids.entries())
    if (tokenizer.byteLengths[id] === 1) placeOfByte[tokenizer.decodeBytes([id])[0]!] = at;
  const own = function* (places: Iterable<number>) {
    for (const at of places) yield map.ids[at] ?? -1;
  };
  const encode = (text: string) => {
    const places: number[] = [];
    for (const token of tokenizer.encode(text)) {
      const at = place[token]!;
      if (at >= 0) places.push(at);
      else for (const byte of tokenizer.decodeBytes([token])) places.push(placeOfByte[byte]!);
    }
    return Int32Array.from(places).filter((at) => at >= 0);
  };
  return {
    vocabularySize: map.ids.length,
    endOfDocument: place[tokenizer.endOfDocument]!,
    byteLengths: Uint32Array.from(map.ids, (id) => tokenizer.byteLengths[id]!),
    encode,
    decodeBytes: (places) => tokenizer.decodeBytes(own(places)),
    decode: (places) => tokenizer.decode(own(places)),
    toJson: () => {
      throw new InputError(
        "tokenizer.json",
        "a vocabulary of which no row is left out",
        `${map.ids.length} rows of ${map.size}: write the whole tokenizer beside embeddings of all its rows`,
      );
    },
  };
}
