// The ledger: every byte that passed, by what it was. What was sent of a delta is counted by the section that the bytes
// belong to, where they go out; so what stays home is 0 because nothing of it was sent.

import { groupOf, type PassedBytes } from "@homebody/protocol";
import { type Piece, pieceBytes } from "./ports.ts";
import type { StoredDelta } from "./stored-state.ts";
import type { Ledger } from "./view.ts";

export const emptyLedger: Ledger = {
  sent: { theta: 0, phi: 0, psi: 0, messages: 0 },
  received: { theta: 0, phi: 0, psi: 0, texts: 0, messages: 0 },
};

/** `delta`: bytes that lie in its memory are of its sections; all else is a message. */
export function withSent(
  ledger: Ledger,
  piece: Piece,
  delta: Pick<StoredDelta, "bytes" | "sections"> | null,
): Ledger {
  const sent = { ...ledger.sent };
  if (delta === null || !ArrayBuffer.isView(piece) || piece.buffer !== delta.bytes.buffer)
    return { ...ledger, sent: { ...sent, messages: sent.messages + pieceBytes(piece) } };
  const from = piece.byteOffset - delta.bytes.byteOffset;
  const to = from + piece.byteLength;
  let start = 0;
  for (const { name, sizeBytes } of delta.sections) {
    const group = groupOf(name);
    sent[group] += Math.max(0, Math.min(to, start + sizeBytes) - Math.max(from, start));
    start += sizeBytes;
  }
  return { ...ledger, sent };
}

export function withReceived(ledger: Ledger, kind: keyof Ledger["received"], bytes: number): Ledger {
  const received = { ...ledger.received };
  received[kind] += bytes;
  return { ...ledger, received };
}

/** All that passed but texts. */
export function passedIn({ sent, received }: Ledger): PassedBytes {
  return {
    sentBytes: sent.theta + sent.phi + sent.psi + sent.messages,
    receivedBytes: received.theta + received.phi + received.psi + received.messages,
  };
}
