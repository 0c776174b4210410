// The ONNX file: a protobuf message (onnx.proto3 of the ONNX project), of which these fields are used.

import { InputError } from "@homebody/base";
import { version } from "@homebody/protocol";
import { PbfWriter } from "pbf";

export interface OnnxModel {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Each after those that it takes from. */
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a run of the model is given, or gives. */
export interface Port {
  readonly name: string;
  readonly type: ElementType;
  /** Numbers are fixed; words name sides that differ from run to run. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A whole number where it is one, so that 1.0 cannot be said: no operator that is used here asks for it. */
export type Attribute = number | readonly number[];

export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Asked for when they are written: they may be a copy. */
  values(): Float32Array | BigInt64Array;
}

/** As onnx.proto3 numbers them. */
const elementTypes = { float: 1, int64: 7, bool: 9 };
export type ElementType = keyof typeof elementTypes;

/** Of the file, and of the operators: the first set with LayerNormalization, which runtimes have had since 2022. */
const irVersion = 8;
const operatorSet = 17;
/** Of a protobuf message. */
const largestFile = 2 ** 31 - 1;

/** Throws an InputError where the file would be too large. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const room = roomFor(model);
  if (room > largestFile)
    throw new InputError(
      "onnx",
      "a file of at most 2 GiB, the most that it may be (gguf may be larger)",
      `${room} bytes`,
    );
  const to = new PbfWriter(new Uint8Array(room));
  to.writeVarintField(1, irVersion);
  to.writeStringField(2, "Homebody");
  to.writeStringField(3, version);
  to.writeMessage(7, writeGraph, model);
  to.writeMessage(8, (_, to) => to.writeVarintField(2, operatorSet), null);
  for (const key of Object.keys(model.metadata).sort())
    to.writeMessage(14, writeText, [key, model.metadata[key]!]);
  return to.finish();
}

/** Enough bytes, so that a large file is not moved while it grows. */
function roomFor({ nodes, constants, metadata }: OnnxModel): number {
  const numbers = constants.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const texts = Object.values(metadata).reduce((sum, text) => sum + 3 * text.length, 0);
  return 4 * numbers + texts + 512 * (nodes.length + constants.length + 8);
}

function writeText([key, value]: readonly [string, string], to: PbfWriter): void {
  to.writeStringField(1, key);
  to.writeStringField(2, value);
}

function writeGraph({ name, nodes, constants, inputs, outputs }: OnnxModel, to: PbfWriter): void {
  for (const node of nodes) to.writeMessage(1, writeNode, node);
  to.writeStringField(2, name);
  for (const constant of constants) to.writeMessage(5, writeTensor, constant);
  for (const input of inputs) to.writeMessage(11, writePort, input);
  for (const output of outputs) to.writeMessage(12, writePort, output);
}

function writeNode({ type, inputs, outputs, attributes }: OnnxNode, to: PbfWriter): void {
  for (const input of inputs) to.writeStringField(1, input);
  for (const output of outputs) to.writeStringField(2, output);
  to.writeStringField(3, outputs[0]!);
  to.writeStringField(4, type);
  for (const key of Object.keys(attributes).sort())
    to.writeMessage(5, writeAttribute, [key, attributes[key]!]);
}

const attributeTypes = { float: 1, int: 2, ints: 7 };

function writeAttribute([name, value]: readonly [string, Attribute], to: PbfWriter): void {
  to.writeStringField(1, name);
  if (typeof value !== "number") {
    for (const one of value) to.writeVarintField(8, one);
    to.writeVarintField(20, attributeTypes.ints);
  } else if (Number.isInteger(value)) {
    to.writeVarintField(3, value);
    to.writeVarintField(20, attributeTypes.int);
  } else {
    to.writeFloatField(2, value);
    to.writeVarintField(20, attributeTypes.float);
  }
}

function writeTensor({ name, type, shape, values }: OnnxTensor, to: PbfWriter): void {
  for (const side of shape) to.writeVarintField(1, side);
  to.writeVarintField(2, elementTypes[type]);
  to.writeStringField(8, name);
  const { buffer, byteOffset, byteLength } = values();
  to.writeBytesField(9, new Uint8Array(buffer, byteOffset, byteLength));
}

function writePort({ name, type, shape }: Port, to: PbfWriter): void {
  to.writeStringField(1, name);
  to.writeMessage(2, writeType, { type, shape });
}

type Typed = Pick<Port, "type" | "shape">;

const writeType = (typed: Typed, to: PbfWriter) => to.writeMessage(1, writeTensorType, typed);

function writeTensorType({ type, shape }: Typed, to: PbfWriter): void {
  to.writeVarintField(1, elementTypes[type]);
  to.writeMessage(2, writeShape, shape);
}

function writeShape(shape: Typed["shape"], to: PbfWriter): void {
  for (const side of shape) to.writeMessage(1, writeSide, side);
}

function writeSide(side: number | string, to: PbfWriter): void {
  if (typeof side === "number") to.writeVarintField(1, side);
  else to.writeStringField(2, side);
}
