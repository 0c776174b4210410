// What must never leave a device, as windows of 16 bytes, and the search for them in what did.

import { halfFrom } from "@homebody/base";
import type { Device } from "./device.ts";

const windowBytes = 16;

export interface Secrets {
  readonly size: number;
  add(name: string, bytes: Uint8Array): void;
  /** Names of what occurs in these bytes, with the place. */
  found(bytes: Uint8Array): string[];
}

export function secrets(): Secrets {
  const windows = new Map<string, string>();
  return {
    get size() {
      return windows.size;
    },
    add: (name, bytes) => {
      for (const window of windowsOf(bytes)) windows.set(window, name);
    },
    found: (bytes) => {
      const seen: string[] = [];
      let at = 0;
      for (const window of windowsOf(bytes)) {
        const name = windows.get(window);
        if (window !== "" && name !== undefined) seen.push(`${name} at ${at}`);
        at += 1;
      }
      return seen;
    },
  };
}

/** Sixteen times the same byte tells nothing (zeros are everywhere): such windows are left out of the secrets. */
function* windowsOf(bytes: Uint8Array): Generator<string> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  for (let at = 0; at + windowBytes <= text.length; at++) {
    const window = text.slice(at, at + windowBytes);
    yield window === window[0]!.repeat(windowBytes) ? "" : window;
  }
}

/** Numbers as they are and as half precision, little-endian. */
export function formsOf(numbers: Float32Array): readonly (readonly [string, Uint8Array])[] {
  const half = Uint16Array.from(numbers, (value) => halfFrom(value));
  return [
    ["fp32", new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)],
    ["fp16", new Uint8Array(half.buffer)],
  ];
}

/** The embeddings that a device has on its disk now, and the secret that they began from. */
export async function addWords(kept: Secrets, device: Device): Promise<void> {
  const [, secret] = [...(await device.files())].find(([path]) => path.endsWith("/words-secret"))!;
  kept.add("words' secret, as text", secret);
  kept.add("words' secret", Uint8Array.from(Buffer.from(new TextDecoder().decode(secret), "hex")));
  for (const { file, name, data } of await device.tensors())
    if (/^(phi|psi)\//.test(name) && data instanceof Float32Array)
      for (const [form, bytes] of formsOf(data)) kept.add(`${name} ${form} (${file})`, bytes);
}

/** A device's text, as documents and as tokens. Returns its tokenizer.json. */
export async function addText(
  kept: Secrets,
  documents: readonly string[],
  device: Device,
): Promise<Uint8Array> {
  for (const document of documents) kept.add("text", new TextEncoder().encode(document));
  const text = (await device.tensors()).filter(({ file }) => file === "text.safetensors");
  const part = (wanted: string) => text.find(({ name }) => name === wanted)!.data as Uint8Array;
  for (const shard of [part("train"), part("held-out")]) {
    kept.add("shard", shard);
    const tokens = new Uint16Array(shard.slice(20, 20 + 2 * Math.floor((shard.length - 20) / 2)).buffer);
    kept.add("shard, 32 bits a token", new Uint8Array(Uint32Array.from(tokens).buffer));
  }
  return part("tokenizer");
}
