// Which token may come next, so that the tokens stay the encoding of a text.
//
// A prefix is **canonical** if the encoding of some text begins with it. Encoding the prefix's own bytes does not tell: they may
// end within a character, a space at their end goes with a word that is not there yet, "'r" is one pre-token if an e follows. So
// a state has all places where the text may be (pre-token.ts), and a token may come if after it one is left from which a text's
// end can be reached by tokens of the vocabulary.

import { InputError } from "@homebody/base";
import type { Vocabulary } from "@homebody/text";
import { type Follower, followersOf } from "./followers.ts";
import { type Begins, beforeText, mayEnd, placesAfter } from "./pre-token.ts";

/** Of a canonical prefix, the end of document before it apart. */
export interface CanonicalState {
  /** -1 before the first token. */
  readonly last: number;
  /** Bits of pre-token.ts: before the character that has begun, if one has. */
  readonly places: number;
  /** Bytes of a character that is not whole yet. */
  readonly begun: Uint8Array;
  /** Whether a pre-token begins with that character. */
  readonly begins: Begins;
}

export interface Canonical {
  readonly vocabulary: Vocabulary;
  readonly start: CanonicalState;
  /** Undefined where the prefix with the token is not canonical. Not for the end of document. */
  after(state: CanonicalState, token: number): CanonicalState | undefined;
  /** Whether the prefix is the encoding of a whole text. */
  isWhole(state: CanonicalState): boolean;
  /** By token: 1 where it may come next; the end of document where the prefix is whole. */
  allowed(state: CanonicalState): Uint8Array;
}

export function canonicalOf(vocabulary: Vocabulary): Canonical {
  const { tokens, endOfDocument } = vocabulary;
  const followers = followersOf(vocabulary);
  const reachesEnd = new Map<string, boolean>();
  const known = new Map<string, Uint8Array>();

  /** Undefined where no place is left. */
  function step(state: CanonicalState, follower: Follower): CanonicalState | undefined {
    if (state.begun.length > 0) return stateAfter(state.places, state.begins, follower);
    const fits = followers.mayFollow(state.last, follower.token);
    return stateAfter(state.places, fits ? "may" : "must", follower);
  }

  /** Whether the end of a text can be reached. */
  function isLive(state: CanonicalState): boolean {
    if (isWhole(state)) return true;
    const key = keyOf(state);
    const answer = reachesEnd.get(key);
    if (answer !== undefined) return answer;
    const seen = new Set([key]);
    const live = findsEnd(state, seen);
    if (live) reachesEnd.set(key, true);
    else for (const dead of seen) reachesEnd.set(dead, false);
    return live;
  }

  /** Depth first: a character that has begun is whole after few tokens. */
  function findsEnd(state: CanonicalState, seen: Set<string>): boolean {
    for (const follower of followers.after(state.last, state.begun)) {
      const after = step(state, follower);
      if (after === undefined) continue;
      if (isWhole(after)) return true;
      const key = keyOf(after);
      const answer = reachesEnd.get(key);
      if (answer === true) return true;
      if (answer === false || seen.has(key)) continue;
      seen.add(key);
      if (findsEnd(after, seen)) return true;
    }
    return false;
  }

  function after(state: CanonicalState, token: number): CanonicalState | undefined {
    const follower = followers.find(token, state.last, state.begun);
    const found = follower && step(state, follower);
    return found !== undefined && isLive(found) ? found : undefined;
  }

  function allowed(state: CanonicalState): Uint8Array {
    const key = keyOf(state);
    const found = known.get(key);
    if (found !== undefined) return found;
    const marks = new Uint8Array(tokens.length);
    for (const follower of followers.after(state.last, state.begun)) {
      const after = step(state, follower);
      if (after !== undefined && isLive(after)) marks[follower.token] = 1;
    }
    if (isWhole(state)) marks[endOfDocument] = 1;
    if (known.size >= keptStates) known.clear();
    known.set(key, marks);
    return marks;
  }

  return { vocabulary, start, after, isWhole, allowed };
}

/** What is allowed is kept for so many states: a byte a token each. */
const keptStates = 4096;
const nothing = new Uint8Array(0);
const start: CanonicalState = { last: -1, places: beforeText, begun: nothing, begins: "must" };

const isWhole = ({ places, begun }: CanonicalState) => begun.length === 0 && mayEnd(places);

const keyOf = ({ last, places, begun, begins }: CanonicalState) => `${last} ${places} ${begun} ${begins}`;

function stateAfter(before: number, begins: Begins, follower: Follower): CanonicalState | undefined {
  const { token, kinds, begun, mayBe } = follower;
  let places = before;
  for (let i = 0; i < kinds.length; i++) {
    places = placesAfter(places, kinds[i]!, i === 0 ? begins : "must not");
    if (places === 0) return undefined;
  }
  if (begun.length === 0) return { last: token, places, begun, begins: "must" };
  const beginsThen = kinds.length === 0 ? begins : "must not";
  const goesOn = mayBe.some((kind) => placesAfter(places, kind, beginsThen) !== 0);
  return goesOn ? { last: token, places, begun, begins: beginsThen } : undefined;
}

/** The state after some tokens. Throws an InputError where they are no canonical prefix. */
export function stateOf(canonical: Canonical, tokens: Iterable<number>): CanonicalState {
  let [state, count] = [canonical.start, 0];
  for (const token of tokens) {
    const next = canonical.after(state, token);
    if (next === undefined)
      throw new InputError(`token ${count}`, "one that keeps the encoding canonical", `${token}`);
    state = next;
    count += 1;
  }
  return state;
}
