// SHA-256, whole or in pieces, the same everywhere: by Node's own code or the browser's where there is one, by JavaScript where
// there is none. JavaScript manages some hundred megabytes a second, the platform several times as many.

import { sha256 as script } from "@noble/hashes/sha2.js";
import type { Sha256 } from "./ids.ts";

interface NodeCrypto {
  hash(algorithm: "sha256", data: Uint8Array, encoding: "buffer"): Uint8Array;
  hash(algorithm: "sha256", data: Uint8Array | string, encoding: "hex"): string;
  createHash(algorithm: "sha256"): { update(bytes: Uint8Array): unknown; digest(encoding: "hex"): string };
}

/** What a host may have; nothing of it is imported, so that the same file serves every host. */
const host = globalThis as {
  readonly process?: { getBuiltinModule?(name: "node:crypto"): NodeCrypto };
  readonly crypto?: {
    /** In secure contexts alone. */
    readonly subtle?: { digest(algorithm: "SHA-256", bytes: Uint8Array): Promise<ArrayBuffer> };
  };
};
const node = host.process?.getBuiltinModule?.("node:crypto");

export function sha256(bytes: Uint8Array): Uint8Array {
  if (node === undefined) return script(bytes);
  const { buffer, byteOffset, length } = node.hash("sha256", bytes, "buffer");
  return new Uint8Array(buffer, byteOffset, length);
}

/** The content's name: 64 hex digits. */
export function sha256Of(bytes: Uint8Array): Sha256 {
  return (node?.hash("sha256", bytes, "hex") ?? toHex(script(bytes))) as Sha256;
}

/** Of a text in UTF-8. */
export function sha256OfText(text: string): Sha256 {
  return (node?.hash("sha256", text, "hex") ?? toHex(script(new TextEncoder().encode(text)))) as Sha256;
}

/** The same of many bytes, where it may come later: in a browser they are hashed off this thread. */
export async function sha256OfMany(bytes: Uint8Array): Promise<Sha256> {
  const subtle = node === undefined ? host.crypto?.subtle : undefined;
  if (subtle === undefined) return sha256Of(bytes);
  return toHex(new Uint8Array(await subtle.digest("SHA-256", bytes))) as Sha256;
}

export interface Hasher {
  add(bytes: Uint8Array): void;
  /** The hash of all that was added; the hasher is spent. */
  done(): Sha256;
}

export function hasher(): Hasher {
  if (node === undefined) {
    const state = script.create();
    return { add: (bytes) => void state.update(bytes), done: () => toHex(state.digest()) as Sha256 };
  }
  const state = node.createHash("sha256");
  return { add: (bytes) => void state.update(bytes), done: () => state.digest("hex") as Sha256 };
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
