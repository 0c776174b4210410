// What may follow a token by its bytes alone, wherever it stands: tokens with the characters that they end, have and begin.

import { joinedBytes } from "@homebody/base";
import type { Vocabulary } from "@homebody/text";
import { type Characters, charactersIn } from "./characters.ts";
import { pairsOf } from "./pairs.ts";

export interface Follower extends Characters {
  readonly token: number;
}

export interface Followers {
  /** After a prefix that ends with this token (-1: it is empty), and within a character where one has begun. */
  after(last: number, begun: Uint8Array): readonly Follower[];
  /** Of these the one of this token. */
  find(token: number, last: number, begun: Uint8Array): Follower | undefined;
  /** Whether both may be in one pre-token. */
  mayFollow(last: number, token: number): boolean;
}

export function followersOf(vocabulary: Vocabulary): Followers {
  const { tokens } = vocabulary;
  const pairs = pairsOf(vocabulary);
  const reached = [...tokens.keys()].filter((token) => pairs.isReached(token));
  /** Only these can follow within a character, and only the others elsewhere. */
  const within = reached.filter((token) => isWithin(tokens[token]![0]!));
  const elsewhere = reached.flatMap((token) => followerOf(token, tokens[token]!));
  const byToken = new Map(elsewhere.map((follower) => [follower.token, follower]));
  const known = new Map<string, readonly Follower[]>();

  function afterBegun(last: number, begun: Uint8Array): readonly Follower[] {
    const key = `${last} ${begun}`;
    const found =
      known.get(key) ??
      within
        .filter((token) => pairs.mayFollow(last, token)) // no pre-token begins within a character
        .flatMap((token) => followerOf(token, joinedBytes([begun, tokens[token]!])));
    known.set(key, found);
    return found;
  }

  return {
    after: (last, begun) => (begun.length > 0 ? afterBegun(last, begun) : elsewhere),
    find: (token, last, begun) =>
      begun.length > 0 ? afterBegun(last, begun).find((one) => one.token === token) : byToken.get(token),
    mayFollow: (last, token) => last >= 0 && pairs.mayFollow(last, token),
  };
}

const isWithin = (byte: number) => byte >= 0x80 && byte < 0xc0;

/** None where the bytes are no UTF-8. */
function followerOf(token: number, bytes: Uint8Array): readonly Follower[] {
  const characters = charactersIn(bytes);
  return characters === undefined ? [] : [{ token, ...characters }];
}
