// A reader of TensorBoard's event files that has nothing in common with their writer: protobufjs over the published definitions
// (tensorflow/core/util/event.proto, framework/summary.proto), and a checksum bit by bit.

import protobuf from "protobufjs";

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what { string file_version = 3; bytes graph_def = 4; Summary summary = 5; }
  }
  message Summary {
    message Value { string node_name = 7; string tag = 1; oneof value { float simple_value = 2; } }
    repeated Value value = 1;
  }
`);
const eventType = root.lookupType("Event");

export interface ReadEvent {
  readonly wallTime: number;
  /** Left out where it is 0. */
  readonly step?: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly { readonly tag: string; readonly simpleValue: number }[] };
}

/** Throws an Error where a record is cut off or is not what its checksum promises. */
export function readEvents(bytes: Uint8Array): readonly ReadEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    check(bytes.subarray(at, at + 8), view.getUint32(at + 8, true));
    const data = bytes.subarray(at + 12, at + 12 + length);
    check(data, view.getUint32(at + 12 + length, true));
    events.push(eventType.toObject(eventType.decode(data), { longs: Number }) as ReadEvent);
    at += 16 + length;
  }
  return events;
}

function check(bytes: Uint8Array, masked: number): void {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ ((crc & 1n) * 0x82f63b78n);
  }
  crc ^= 0xffffffffn;
  const turned = ((crc >> 15n) | (crc << 17n)) & 0xffffffffn;
  const expected = (turned + 0xa282ead8n) & 0xffffffffn;
  if (BigInt(masked) !== expected) throw new Error(`record: expected checksum ${expected}, got ${masked}`);
}
