// TensorBoard's event files [J5]: a record for each event, which is a protocol buffer (tensorflow/core/util/event.proto):
//
//   Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5 }
//   Summary { repeated Value value = 1 }    Value { string tag = 1; float simple_value = 2 }

import { joinedBytes, type Millis } from "@homebody/base";
import { PbfWriter } from "pbf";
import { measures } from "../measures.ts";
import type { Row } from "../rows.ts";
import { maskedCrc32c } from "./crc32c.ts";

/** What a file begins with. */
export function firstRecord(at: Millis): Uint8Array {
  const event = new PbfWriter();
  event.writeDoubleField(1, at / 1000);
  event.writeStringField(3, "brain.Event:2");
  return record(event.finish());
}

/** Of the rows of one entry: an event for each of their rounds; none where there is no scalar among them. */
export function eventRecords(rows: readonly Row[]): readonly Uint8Array[] {
  const scalars = rows.filter(({ measure }) => measures[measure].of !== "volunteer");
  return [...new Set(scalars.map(({ round }) => round))].map((step) => {
    const own = scalars.filter(({ round }) => round === step);
    const event = new PbfWriter();
    event.writeDoubleField(1, own[0]!.at / 1000);
    event.writeVarintField(2, step);
    event.writeMessage(5, writeSummary, own);
    return record(event.finish());
  });
}

function writeSummary(rows: readonly Row[], to: PbfWriter): void {
  for (const row of rows) to.writeMessage(1, writeValue, row);
}

function writeValue(row: Row, to: PbfWriter): void {
  to.writeStringField(1, tagOf(row));
  to.writeFloatField(2, row.value);
}

/** `loss/es`: charts of one measure stand together. */
const tagOf = ({ measure, source }: Row) => (source === null ? measure : `${measure}/${source}`);

/** The length of the data, its checksum, the data, its checksum. */
function record(data: Uint8Array): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, data.length, true); // an event is far below 4 GiB
  return joinedBytes([length, checksum(length), data, checksum(data)]);
}

function checksum(bytes: Uint8Array): Uint8Array {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setUint32(0, maskedCrc32c(bytes), true);
  return four;
}
