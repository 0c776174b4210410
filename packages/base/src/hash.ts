// SHA-256, whole or in pieces; synchronous and the same in Node, browsers and workers.

import { sha256 as digest } from "@noble/hashes/sha2.js";
import type { Sha256 } from "./ids.ts";

export function sha256(bytes: Uint8Array): Uint8Array {
  return digest(bytes);
}

/** The content's name: 64 hex digits. */
export function sha256Of(bytes: Uint8Array): Sha256 {
  return toHex(digest(bytes)) as Sha256;
}

export interface Hasher {
  add(bytes: Uint8Array): void;
  /** The hash of all that was added; the hasher is spent. */
  done(): Sha256;
}

export function hasher(): Hasher {
  const state = digest.create();
  return { add: (bytes) => void state.update(bytes), done: () => toHex(state.digest()) as Sha256 };
}

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
