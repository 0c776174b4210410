// Tokens by their bytes, as a tree: a node for each beginning that some token has.

import type { Vocabulary } from "@homebody/text";

export interface ByteNode {
  /** The token whose bytes lead here; -1 if there is none. */
  token: number;
  /** Bytes that lead here. */
  readonly depth: number;
  readonly children: Map<number, ByteNode>;
  /** Of all tokens that lead here or further. */
  readonly tokens: number[];
}

/** The end of document is in no node. */
export function byteTree({ tokens, endOfDocument }: Vocabulary): ByteNode {
  const root = newNode(0);
  for (const [token, bytes] of tokens.entries()) {
    if (token === endOfDocument) continue;
    let node = root;
    for (const byte of bytes) {
      node.tokens.push(token);
      node = childOf(node, byte);
    }
    node.tokens.push(token);
    node.token = token;
  }
  return root;
}

const newNode = (depth: number): ByteNode => ({ token: -1, depth, children: new Map(), tokens: [] });

function childOf(node: ByteNode, byte: number): ByteNode {
  const child = node.children.get(byte) ?? newNode(node.depth + 1);
  node.children.set(byte, child);
  return child;
}
