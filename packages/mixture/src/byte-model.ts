// A model of tokens as a model of bytes, exactly.
//
// A text has the probability of its encoding, where each token's probability is shared out anew among those that keep the encoding
// canonical. So a beginning of a text, as bytes, has the sum over all canonical prefixes that cover it: whole tokens up to
// somewhere in it, then one token more that goes on with the rest of it, and maybe further. Those prefixes are few: a **branch**
// is one, up to its last whole token, with the rest that the next token has to begin with. Nothing is approximated and
// nothing left out.

import { drawnPlace, InputError, type Random } from "@homebody/base";
import { type ByteNode, byteTree } from "./byte-tree.ts";
import { type CanonicalState, canonicalOf } from "./canonical.ts";
import { firstPrefix, longer, type Prefix, type TokenModel } from "./token-model.ts";

/** What may come next: the 256 bytes, and the end of the document. */
export const outcomes = 257;
export const endOfText = 256;

export interface ByteModel {
  start(): ByteState;
}

/** After some bytes of a text. It never changes: what follows is another state. */
export interface ByteState {
  /** Of each outcome: its probability. They sum to 1. */
  next(): Promise<Float64Array>;
  /** ln p of one outcome, without asking the model of branches that it rules out. */
  logProbability(outcome: number): Promise<number>;
  /** Throws an InputError where the byte is impossible: no text in UTF-8 goes on so. */
  after(byte: number): Promise<ByteState>;
  /** One token, by its probability among all that may go on with the bytes so far. */
  draw(dice: Random): Promise<DrawnToken>;
}

export interface DrawnToken {
  /** What of the token is not there yet. */
  readonly bytes: Uint8Array;
  /** After them, where it is known that this token is there; null: the document has ended. */
  readonly after: ByteState | null;
}

interface Branch {
  /** The share of the bytes' probability that is this prefix's, before its next token. */
  readonly weight: number;
  readonly prefix: Prefix;
  readonly canonical: CanonicalState;
  /** The bytes that the next token begins with. */
  readonly node: ByteNode;
  readonly shares: () => Promise<Float64Array>;
}

export function byteModelOf(model: TokenModel): ByteModel {
  const { vocabulary } = model;
  const canonical = canonicalOf(vocabulary);
  const root = byteTree(vocabulary);

  /** Probabilities of the next token, among those that keep the encoding canonical. */
  async function sharesAfter(prefix: Prefix, state: CanonicalState): Promise<Float64Array> {
    const logits = await model.logits(prefix);
    if (logits.length < vocabulary.tokens.length)
      throw new InputError("logits", `at least ${vocabulary.tokens.length}`, `${logits.length}`);
    return sharedOut(logits, canonical.allowed(state));
  }

  function branchAt(weight: number, prefix: Prefix, state: CanonicalState): Branch {
    let asked: Promise<Float64Array> | undefined;
    const shares = () => {
      asked ??= sharesAfter(prefix, state);
      return asked;
    };
    return { weight, prefix, canonical: state, node: root, shares };
  }

  /** Whether a next token that begins so keeps the encoding canonical: known without the model. */
  function mayGoOn({ canonical: state, node }: Branch, outcome: number): boolean {
    if (outcome === endOfText) return node === root && canonical.isWhole(state);
    const allowed = canonical.allowed(state);
    return node.children.get(outcome)?.tokens.some((token) => allowed[token] === 1) ?? false;
  }

  function stateOf(branches: readonly Branch[]): ByteState {
    async function next(): Promise<Float64Array> {
      const found = new Float64Array(outcomes);
      for (const { weight, node, shares } of branches) {
        const p = await shares();
        for (const [byte, child] of node.children) found[byte]! += weight * sumOf(p, child.tokens);
        if (node === root) found[endOfText]! += weight * p[vocabulary.endOfDocument]!;
      }
      return found;
    }

    /** Of the bytes so far; an outcome that no branch allows has 0. */
    async function probability(outcome: number): Promise<number> {
      let sum = 0;
      for (const branch of branches) {
        if (!mayGoOn(branch, outcome)) continue;
        const p = await branch.shares();
        const tokens =
          outcome === endOfText ? [vocabulary.endOfDocument] : branch.node.children.get(outcome)!.tokens;
        sum += branch.weight * sumOf(p, tokens);
      }
      return sum;
    }

    async function after(byte: number): Promise<ByteState> {
      const whole = await probability(byte);
      if (!(whole > 0))
        throw new InputError("byte", "one that UTF-8 can go on with", `0x${byte.toString(16)}`);
      const following: Branch[] = [];
      for (const branch of branches) {
        if (!mayGoOn(branch, byte)) continue;
        const weight = branch.weight / whole;
        const p = await branch.shares();
        const node = branch.node.children.get(byte)!;
        const { token } = node;
        if (node.tokens.some((one) => one !== token && p[one]! > 0))
          following.push({ ...branch, weight, node });
        if (token < 0 || p[token] === 0) continue;
        const state = canonical.after(branch.canonical, token)!;
        following.push(branchAt(weight * p[token]!, longer(branch.prefix, token), state));
      }
      return stateOf(following);
    }

    async function draw(dice: Random): Promise<DrawnToken> {
      const masses: number[] = [];
      for (const one of branches) masses.push(one.weight * sumOf(await one.shares(), tokensFrom(one)));
      const branch = branches[drawnPlace(masses, dice)]!;
      const tokens = tokensFrom(branch);
      const p = await branch.shares();
      const token =
        tokens[
          drawnPlace(
            Float64Array.from(tokens, (one) => p[one]!),
            dice,
          )
        ]!;
      if (token === vocabulary.endOfDocument) return { bytes: new Uint8Array(0), after: null };
      const state = canonical.after(branch.canonical, token)!;
      return {
        bytes: vocabulary.tokens[token]!.subarray(branch.node.depth),
        after: stateOf([branchAt(1, longer(branch.prefix, token), state)]),
      };
    }

    /** Those that go on from its bytes, the end of the document with them where it may come. */
    function tokensFrom({ node }: Branch): readonly number[] {
      if (node === root) return [...node.tokens, vocabulary.endOfDocument];
      return node.tokens.filter((token) => token !== node.token);
    }

    return {
      next,
      draw,
      logProbability: async (outcome) => Math.log(await probability(outcome)),
      after,
    };
  }

  return { start: () => stateOf([branchAt(1, firstPrefix(vocabulary), canonical.start)]) };
}

/** Softmax over the allowed alone. */
function sharedOut(logits: Float32Array, allowed: Uint8Array): Float64Array {
  let most = Number.NEGATIVE_INFINITY;
  for (let token = 0; token < allowed.length; token++)
    if (allowed[token] === 1) most = Math.max(most, logits[token]!);
  const shares = new Float64Array(allowed.length);
  let sum = 0;
  for (let token = 0; token < allowed.length; token++) {
    if (allowed[token] !== 1) continue;
    shares[token] = Math.exp(logits[token]! - most);
    sum += shares[token]!;
  }
  for (let token = 0; token < shares.length; token++) shares[token]! /= sum;
  return shares;
}

function sumOf(values: Float64Array, some: readonly number[]): number {
  let sum = 0;
  for (const one of some) sum += values[one]!;
  return sum;
}
