// Running our own WGSL inside tfjs's WebGPU backend: its tensors, its buffers, its command stream.
//
// tfjs's public way (runWebGPUProgram) has one output, nothing in place, and wants every binding to be used. So
// dispatches are encoded here, into the same command encoder that tfjs fills: order is kept, and buffers of tensors
// that are disposed of before the submit live until it. This reaches for members that tfjs 4.22.0 does not promise;
// `connect` checks that they are there. Nothing here knows an op.

import type * as tf from "@tensorflow/tfjs";
import type { Attributes } from "../dispatch.ts";

export interface Binding {
  readonly name: string;
  /** Of an element: "f32", "vec4<f32>", "i32", "u32". */
  readonly type: string;
  readonly access: "read" | "read_write";
}

export interface Program {
  /** Names the code: every number that is written into it has to be in here. */
  readonly key: string;
  /** In the order of the tensors it runs on; at most 8. */
  readonly bindings: readonly Binding[];
  /** Scalars, in the order of their values: `u.name` in the code. */
  readonly uniforms: Readonly<Record<string, "u32" | "i32" | "f32">>;
  /** Functions and a compute entry point `main`; made only when the pipeline is. */
  readonly code: () => string;
}

export type Groups = readonly [number, number, number];

/** Inputs by name to outputs, which are tfjs's from then on; what stands at the op says which. */
export type Kernel = (gpu: Gpu, inputs: Inputs, attributes: Attributes) => tf.TensorInfo[];
export type Inputs = Readonly<Record<string, tf.TensorInfo>>;

/** One invocation a row on a processor that plays graphics card; a workgroup a row on a real one. */
export type Variant = "software" | "hardware";

interface TensorData {
  values: unknown;
  resource: GPUBuffer | null;
  refCount: number;
}

/** What we use of tfjs's WebGPUBackend. */
interface Backend {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: { get(dataId: object): TensorData };
  readonly commandQueueOwnedIds: WeakSet<object>;
  readonly uniformPendingDisposal: GPUBuffer[];
  readonly bufferManager: { acquireBuffer(size: number, usage: number): GPUBuffer };
  computePassEncoder: GPUComputePassEncoder | null;
  readonly commandEncoder: GPUCommandEncoder | null;
  dispatchCountInPass: number;
  activeTimers?: { name: string; query: Promise<number> }[] | null;
  uploadToGPU(dataId: object): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  makeTensorInfo(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  disposeData(dataId: object): boolean;
}

/** Dispatches that wait for one submit. */
const submitAfter = 32;
/** Uniform buffers that are kept because the next step wants the same numbers. */
const keptUniforms = 1024;

export class Gpu {
  readonly variant: Variant;
  readonly #backend: Backend;
  readonly #pipelines = new Map<string, { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }>();
  readonly #uniforms = new Map<string, GPUBuffer>();
  /** Dispatches of ours since the start. */
  dispatches = 0;

  constructor(backend: Backend, variant: Variant) {
    this.#backend = backend;
    this.variant = variant;
  }

  /** A tensor whose values a program will write; the kernel that returns it hands it to tfjs. */
  make(shape: readonly number[], dtype: "float32" | "int32" = "float32"): tf.TensorInfo {
    return this.#backend.makeTensorInfo([...shape], dtype);
  }

  /** For what a kernel made and does not return. */
  release(...tensors: readonly tf.TensorInfo[]): void {
    for (const { dataId } of tensors) this.#backend.disposeData(dataId);
  }

  /** How many tensors share these values: above 1, writing in place would change the others too. */
  sharers(tensor: tf.TensorInfo): number {
    return this.#backend.tensorMap.get(tensor.dataId).refCount;
  }

  /**
   * Encodes one dispatch. A tensor that is written may not be bound twice. `passing` says that the uniforms will be
   * others next time, so that their buffer is not kept.
   */
  run(
    program: Program,
    tensors: readonly tf.TensorInfo[],
    values: readonly number[],
    groups: Groups,
    passing = false,
  ): void {
    if (tensors.length !== program.bindings.length)
      throw new Error(`${program.key}: expected ${program.bindings.length} tensors, got ${tensors.length}`);
    const backend = this.#backend;
    const { pipeline, layout } = this.#pipeline(program);
    const entries = tensors.map(({ dataId }, binding): GPUBindGroupEntry => {
      backend.uploadToGPU(dataId);
      backend.commandQueueOwnedIds.add(dataId);
      const data = backend.tensorMap.get(dataId);
      // tfjs keeps what was once downloaded, and would give that out again.
      if (program.bindings[binding]!.access === "read_write") data.values = null;
      return { binding, resource: { buffer: data.resource! } };
    });
    const uniforms = this.#uniformBuffer(program, values, passing);
    if (uniforms !== null) entries.push({ binding: tensors.length, resource: { buffer: uniforms } });
    const bindGroup = backend.device.createBindGroup({ layout, entries });
    backend.ensureCommandEncoderReady();
    backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
    backend.computePassEncoder.setPipeline(pipeline);
    backend.computePassEncoder.setBindGroup(0, bindGroup);
    backend.computePassEncoder.dispatchWorkgroups(...groups);
    this.dispatches += 1;
    backend.dispatchCountInPass += 1;
    if (backend.dispatchCountInPass >= submitAfter) {
      backend.endComputePassEncoder();
      backend.submitQueue();
    }
  }

  #pipeline(program: Program) {
    let found = this.#pipelines.get(program.key);
    if (found === undefined) {
      found = this.#compile(program);
      this.#pipelines.set(program.key, found);
    }
    return found;
  }

  /** The layout is stated, not derived: a binding that the code does not use is then no error. */
  #compile({ key, bindings, uniforms, code }: Program) {
    const { device } = this.#backend;
    const entries = bindings.map(({ access }, binding): GPUBindGroupLayoutEntry => {
      const type = access === "read" ? "read-only-storage" : "storage";
      return { binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } };
    });
    const declarations = bindings.map(
      ({ name, type, access }, i) =>
        `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${type}>;`,
    );
    const fields = Object.entries(uniforms).map(([name, type]) => `${name}: ${type}`);
    if (fields.length > 0) {
      entries.push({
        binding: bindings.length,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: "uniform" },
      });
      declarations.push(
        `struct Uniforms { ${fields.join(", ")} }`,
        `@group(0) @binding(${bindings.length}) var<uniform> u: Uniforms;`,
      );
    }
    const layout = device.createBindGroupLayout({ label: key, entries });
    const pipeline = device.createComputePipeline({
      label: key,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: {
        module: device.createShaderModule({ label: key, code: `${declarations.join("\n")}\n${code()}` }),
        entryPoint: "main",
      },
    });
    return { pipeline, layout };
  }

  #uniformBuffer(program: Program, values: readonly number[], passing: boolean): GPUBuffer | null {
    const types = Object.values(program.uniforms);
    if (types.length !== values.length)
      throw new Error(`${program.key}: expected ${types.length} uniforms, got ${values.length}`);
    if (types.length === 0) return null;
    const key = `${types.join()}:${values.join()}`;
    const kept = this.#uniforms.get(key);
    if (kept !== undefined) return kept;
    const { device, queue, bufferManager, uniformPendingDisposal } = this.#backend;
    const bytes = new DataView(new ArrayBuffer(16 * Math.ceil(types.length / 4)));
    types.forEach((type, i) => {
      if (type === "f32") bytes.setFloat32(4 * i, values[i]!, true);
      else bytes.setInt32(4 * i, values[i]!, true);
    });
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    if (passing) {
      const buffer = bufferManager.acquireBuffer(bytes.byteLength, usage);
      uniformPendingDisposal.push(buffer);
      queue.writeBuffer(buffer, 0, bytes.buffer);
      return buffer;
    }
    // Those that are forgotten are freed by the browser once no command needs them.
    if (this.#uniforms.size >= keptUniforms) this.#uniforms.clear();
    const buffer = device.createBuffer({ size: bytes.byteLength, usage });
    queue.writeBuffer(buffer, 0, bytes.buffer);
    this.#uniforms.set(key, buffer);
    return buffer;
  }
}

const connected = new WeakMap<object, Gpu>();
let forced: Variant | null = null;

/** The Gpu of a tfjs backend; one for each, for as long as it lives. */
export function connect(backend: unknown): Gpu {
  const ours = backend as Backend & object;
  let gpu = connected.get(ours);
  if (gpu === undefined || (forced !== null && gpu.variant !== forced)) {
    checkMembers(ours);
    gpu = new Gpu(ours, forced ?? variantOf(ours.device));
    connected.set(ours, gpu);
  }
  return gpu;
}

/** Chooses a variant against the adapter's nature, for tests and benchmarks; null lets the adapter decide. */
export function forceVariant(variant: Variant | null): void {
  forced = variant;
}

function variantOf({ adapterInfo }: GPUDevice): Variant {
  const software =
    adapterInfo.isFallbackAdapter ||
    /swiftshader|llvmpipe/i.test(
      `${adapterInfo.architecture} ${adapterInfo.device} ${adapterInfo.description}`,
    );
  return software ? "software" : "hardware";
}

function checkMembers(backend: Backend & object): void {
  const wanted = [
    "device",
    "queue",
    "tensorMap",
    "commandQueueOwnedIds",
    "uniformPendingDisposal",
    "bufferManager",
    "computePassEncoder",
    "commandEncoder",
    "dispatchCountInPass",
    "uploadToGPU",
    "ensureCommandEncoderReady",
    "endComputePassEncoder",
    "submitQueue",
    "makeTensorInfo",
    "disposeData",
  ];
  const missing = wanted.filter((member) => !(member in backend));
  if (missing.length > 0)
    throw new Error(`tfjs's WebGPU backend: expected 4.22.0, got one without ${missing.join(", ")}`);
}
