// Every number as it is: 4 bytes each, after the header.

import { type NamedTensors, namedTensors, type TensorLayout } from "@homebody/base";
import type { Codec } from "./codec.ts";
import { requireFinite } from "./finite.ts";
import { checkHeader, headerBytes, writeHeader } from "./header.ts";

const mostBytes = ({ size }: TensorLayout) => headerBytes + size * 4;

export const fp32: Codec = {
  name: "fp32",
  exact: true,
  mostBytes,
  encode(numbers: NamedTensors, dropped?: Float32Array) {
    const { layout, data } = numbers;
    requireFinite(numbers);
    const bytes = new Uint8Array(mostBytes(layout));
    writeHeader(bytes, "fp32", layout);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), headerBytes);
    dropped?.fill(0);
    return bytes;
  },
  decode(bytes, layout, into) {
    const sizeBytes = mostBytes(layout);
    checkHeader(bytes, "fp32", layout, sizeBytes);
    const numbers = namedTensors(layout, into);
    new Uint8Array(numbers.data.buffer, numbers.data.byteOffset).set(bytes.subarray(headerBytes, sizeBytes));
    requireFinite(numbers);
    return { numbers, sizeBytes };
  },
};
