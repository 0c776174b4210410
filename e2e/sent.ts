// What messages and requests on a wire amount to: deltas, all that could be read in them, and what was asked for.

import { sha256Of } from "@homebody/base";
import type { OpenUpload } from "@homebody/protocol";
import type { Connection, Message } from "./traffic.ts";

/** Deltas put together from the chunks that carried them, whatever connection they came by; small ones as they were opened. */
export function uploadsOf(messages: readonly Message[]): Uint8Array[] {
  const opened: OpenUpload[] = messages.flatMap(({ event, value }) =>
    event === "open" ? [(value as [OpenUpload])[0]] : [],
  );
  const pieces = new Map<string, Map<number, Uint8Array>>();
  for (const { event, value, attachments } of messages) {
    if (event !== "chunk" || attachments.length === 0) continue;
    const [{ upload, offset }] = value as [{ upload: string; offset: number }];
    const held = pieces.get(upload) ?? new Map<number, Uint8Array>();
    pieces.set(upload, held.set(offset, attachments[0]!));
  }
  const hashes = new Set(opened.map(({ delta }) => delta));
  const opening = messages.flatMap(({ event, attachments }) => (event === "open" ? attachments : []));
  const chunked = [...pieces.values()].map((held) =>
    Buffer.concat([...held].sort(([a], [b]) => a - b).map(([, bytes]) => bytes)),
  );
  return [...opening, ...chunked].flatMap((whole) =>
    hashes.has(sha256Of(whole)) ? [new Uint8Array(whole)] : [],
  );
}

/** Everything that messages carried, to be searched: values as JSON, attachments, and uploads whole. */
export function sentIn(messages: readonly Message[]): readonly Uint8Array[] {
  return [
    ...messages.flatMap(({ value, attachments }) => [Buffer.from(JSON.stringify(value)), ...attachments]),
    ...uploadsOf(messages),
  ];
}

/** The paths that were asked for, in order. */
export function pathsAsked(connections: readonly Connection[]): readonly string[] {
  return connections.flatMap(({ sent }) =>
    sent.flatMap((one) => (one.kind === "request" ? [one.line.split(" ")[1]!] : [])),
  );
}
