// Registers our kernels for tfjs's wasm backend: each takes addresses from tensors and calls packages/kernels/assembly.

import * as tf from "@tensorflow/tfjs";
import { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { type KernelName, kernelNames } from "../dispatch.ts";
import { instantiate, type SimdModule } from "./module.ts";

type Inputs = Readonly<Record<string, tf.TensorInfo>>;
type Attributes = Readonly<Record<string, number | boolean>>;

interface Call {
  readonly backend: BackendWasm;
  readonly simd: SimdModule;
  readonly inputs: Inputs;
  readonly attributes: Attributes;
}

type Kernel = (call: Call) => tf.TensorInfo[];

/**
 * For the running wasm backend. False where this machine has no SIMD or the memory cannot be reached: ops then use
 * their references. Registering again, after a backend was replaced, takes the new one's memory.
 */
export async function registerWasmKernels(): Promise<boolean> {
  const backend = tf.backend();
  if (!(backend instanceof BackendWasm) || !(await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"))) return false;
  const simd = await instantiate(backend);
  if (simd === undefined) return false;
  for (const name of kernelNames) {
    if (tf.getKernel(name, "wasm") !== undefined) tf.unregisterKernel(name, "wasm");
    tf.registerKernel({
      kernelName: name,
      backendName: "wasm",
      kernelFunc: ({ inputs, attrs }) => {
        const attributes = attrs as unknown as Attributes;
        const outputs = kernels[name]({ backend, simd, inputs: inputs as Inputs, attributes });
        return outputs.length === 1 ? outputs[0]! : outputs;
      },
    });
  }
  return true;
}

const kernels: Readonly<Record<KernelName, Kernel>> = {
  HomebodyMatMul: (call) => {
    const { simd, inputs, attributes } = call;
    const [a, b] = [inputs.a!, inputs.b!];
    const { transposeA, transposeB } = attributes;
    const [aRows, aColumns] = a.shape as [number, number];
    const [bRows, bColumns] = b.shape as [number, number];
    const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
    const n = transposeB ? bRows : bColumns;
    const c = make(call, [m, n]);
    simd.kernels.gemm(
      Number(transposeA),
      Number(transposeB),
      m,
      n,
      k,
      at(call, a),
      aColumns,
      at(call, b),
      bColumns,
      at(call, c),
      n,
      0,
      inputs.bias === undefined ? 0 : at(call, inputs.bias),
      gemmScratch(simd),
    );
    return [c];
  },
  HomebodyLayerNorm: (call) => {
    const [x, weight, bias] = tensors(call, "x", "weight", "bias");
    const [rows, width] = x.shape as [number, number];
    const y = make(call, x.shape);
    const { kernels } = call.simd;
    kernels.layerNorm(at(call, x), at(call, weight), at(call, bias), at(call, y), rows, width, epsilon(call));
    return [y];
  },
  HomebodyLayerNormGrad: (call) => {
    const [x, weight, dy] = tensors(call, "x", "weight", "dy");
    const [rows, width] = x.shape as [number, number];
    const outputs = [make(call, x.shape), make(call, [width]), make(call, [width])];
    const [dx, dweight, dbias] = outputs.map((output) => at(call, output)) as [number, number, number];
    call.simd.kernels.layerNormGrad(
      at(call, x),
      at(call, weight),
      at(call, dy),
      dx,
      dweight,
      dbias,
      rows,
      width,
      epsilon(call),
    );
    return outputs;
  },
  HomebodyRmsNorm: (call) => {
    const [x, weight] = tensors(call, "x", "weight");
    const [rows, width] = x.shape as [number, number];
    const y = make(call, x.shape);
    call.simd.kernels.rmsNorm(at(call, x), at(call, weight), at(call, y), rows, width, epsilon(call));
    return [y];
  },
  HomebodyRmsNormGrad: (call) => {
    const [x, weight, dy] = tensors(call, "x", "weight", "dy");
    const [rows, width] = x.shape as [number, number];
    const outputs = [make(call, x.shape), make(call, [width])];
    const [dx, dweight] = outputs.map((output) => at(call, output)) as [number, number];
    const { kernels } = call.simd;
    kernels.rmsNormGrad(at(call, x), at(call, weight), at(call, dy), dx, dweight, rows, width, epsilon(call));
    return outputs;
  },
  HomebodyGelu: (call) => {
    const [x] = tensors(call, "x");
    const y = make(call, x.shape);
    call.simd.kernels.gelu(at(call, x), at(call, y), tf.util.sizeFromShape(x.shape));
    return [y];
  },
  HomebodyGeluGrad: (call) => {
    const [x, dy] = tensors(call, "x", "dy");
    const dx = make(call, x.shape);
    call.simd.kernels.geluGrad(at(call, x), at(call, dy), at(call, dx), tf.util.sizeFromShape(x.shape));
    return [dx];
  },
  HomebodySwiGlu: (call) => {
    const [gate, up] = tensors(call, "gate", "up");
    const y = make(call, gate.shape);
    call.simd.kernels.swiglu(at(call, gate), at(call, up), at(call, y), tf.util.sizeFromShape(gate.shape));
    return [y];
  },
  HomebodySwiGluGrad: (call) => {
    const [gate, up, dy] = tensors(call, "gate", "up", "dy");
    const outputs = [make(call, gate.shape), make(call, gate.shape)];
    const [dgate, dup] = outputs.map((output) => at(call, output)) as [number, number];
    const size = tf.util.sizeFromShape(gate.shape);
    call.simd.kernels.swigluGrad(at(call, gate), at(call, up), at(call, dy), dgate, dup, size);
    return outputs;
  },
  HomebodyRope: (call) => {
    const [x, cos, sin] = tensors(call, "x", "cos", "sin");
    const [context, half] = cos.shape as [number, number];
    const y = make(call, x.shape);
    const { heads, back } = call.attributes;
    call.simd.kernels.rope(
      at(call, x),
      at(call, cos),
      at(call, sin),
      at(call, y),
      x.shape[0]!,
      context,
      Number(heads),
      half,
      back ? -1 : 1,
    );
    return [y];
  },
  HomebodyCausalAttention: (call) => {
    const [q, k, v] = tensors(call, "q", "k", "v");
    const { batch, context, heads, kvHeads, size } = headsOf(call, q);
    const outputs = [make(call, q.shape), make(call, [batch * heads, context])];
    const [y, lse] = outputs.map((output) => at(call, output)) as [number, number];
    call.simd.kernels.attention(
      at(call, q),
      at(call, k),
      at(call, v),
      y,
      lse,
      batch,
      context,
      heads,
      kvHeads,
      size,
      attentionScratch(call.simd, context),
      gemmScratch(call.simd),
    );
    return outputs;
  },
  HomebodyCausalAttentionGrad: (call) => {
    const [q, k, v] = tensors(call, "q", "k", "v");
    const [y, lse, dy] = tensors(call, "y", "lse", "dy");
    const { batch, context, heads, kvHeads, size } = headsOf(call, q);
    const outputs = [make(call, q.shape), make(call, k.shape), make(call, v.shape)];
    const [dq, dk, dv] = outputs.map((output) => at(call, output)) as [number, number, number];
    call.simd.kernels.attentionGrad(
      at(call, q),
      at(call, k),
      at(call, v),
      at(call, y),
      at(call, lse),
      at(call, dy),
      dq,
      dk,
      dv,
      batch,
      context,
      heads,
      kvHeads,
      size,
      attentionScratch(call.simd, context),
      gemmScratch(call.simd),
    );
    return outputs;
  },
  HomebodyEmbedding: (call) => {
    const [ids, table] = tensors(call, "ids", "table");
    const [rows, width] = [ids.shape[0]!, table.shape[1]!];
    const y = make(call, [rows, width]);
    call.simd.kernels.embedding(at(call, ids), at(call, table), at(call, y), rows, width);
    return [y];
  },
  HomebodyEmbeddingGrad: (call) => {
    const [ids, dy] = tensors(call, "ids", "dy");
    const [rows, width] = dy.shape as [number, number];
    const entries = Number(call.attributes.rows);
    const dtable = make(call, [entries, width]);
    call.simd.kernels.embeddingGrad(at(call, ids), at(call, dy), at(call, dtable), rows, width, entries);
    return [dtable];
  },
  HomebodyCrossEntropy: (call) => {
    const [logits, targets] = tensors(call, "logits", "targets");
    const [rows, width] = logits.shape as [number, number];
    const outputs = [make(call, [rows])];
    if (call.attributes.gradient) outputs.push(make(call, logits.shape));
    const [losses, dlogits = 0] = outputs.map((output) => at(call, output)) as [number, number?];
    const share = 1 / Number(call.attributes.count);
    call.simd.kernels.crossEntropy(at(call, logits), at(call, targets), losses, dlogits, rows, width, share);
    return outputs;
  },
  HomebodyAdamW: (call) => {
    const [parameter, gradient] = tensors(call, "parameter", "gradient");
    const [first, second] = tensors(call, "first", "second");
    const setting = (name: string) => Number(call.attributes[name]);
    const [learningRate, step] = [setting("learningRate"), setting("step")];
    const [beta1, beta2] = [setting("beta1"), setting("beta2")];
    call.simd.kernels.adamw(
      at(call, parameter),
      at(call, gradient),
      at(call, first),
      at(call, second),
      tf.util.sizeFromShape(parameter.shape),
      beta1,
      beta2,
      setting("epsilon"),
      1 - learningRate * setting("decay"),
      learningRate / (1 - beta1 ** step),
      1 / (1 - beta2 ** step),
      setting("scale"),
    );
    return [make(call, [])];
  },
  HomebodySumOfSquares: (call) => {
    const [x] = tensors(call, "x");
    const sum = call.simd.kernels.sumOfSquares(at(call, x), tf.util.sizeFromShape(x.shape));
    const output = make(call, []);
    call.backend.typedArrayFromHeap(output as tf.Tensor)[0] = sum;
    return [output];
  },
  HomebodyColumnSums: (call) => {
    const [x] = tensors(call, "x");
    const [rows, width] = x.shape as [number, number];
    const y = make(call, [width]);
    call.simd.kernels.columnSums(at(call, x), at(call, y), rows, width);
    return [y];
  },
};

type Some<N extends readonly string[]> = { [K in keyof N]: tf.TensorInfo };

function tensors<const N extends readonly string[]>({ inputs }: Call, ...names: N): Some<N> {
  return names.map((name) => inputs[name]!) as Some<N>;
}

function at({ backend }: Call, { dataId }: tf.TensorInfo): number {
  return backend.dataIdMap.get(dataId).memoryOffset;
}

function make({ backend }: Call, shape: readonly number[]): tf.TensorInfo {
  return backend.makeOutput([...shape], "float32");
}

function headsOf({ attributes }: Call, q: tf.TensorInfo) {
  const [batch, heads, kvHeads] = [
    Number(attributes.batch),
    Number(attributes.heads),
    Number(attributes.kvHeads),
  ];
  return { batch, heads, kvHeads, context: q.shape[0]! / batch, size: q.shape[1]! / heads };
}

const epsilon = ({ attributes }: Call) => Number(attributes.epsilon);

const gemmScratch = ({ kernels, scratch }: SimdModule) => scratch("gemm", kernels.gemmScratchBytes());

const attentionScratch = ({ kernels, scratch }: SimdModule, context: number) =>
  scratch("attention", kernels.attentionScratchBytes(context));
