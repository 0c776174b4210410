// Plans on tfjs's WebGPU backend: its device, its tensors' buffers, and WGSL of our own.
//
// tfjs's public way (runWebGPUProgram) has one output, nothing in place, and makes a bind group and writes uniforms
// anew for each dispatch. Here everything is made once: a run is a walk over pipelines and bind groups that are ready.
// This reaches for members that tfjs 4.22.0 does not promise; the constructor checks that they are there.

import * as tf from "@tensorflow/tfjs";
import { costOf } from "../plan/cost.ts";
import { elementBytes, type KernelName, sizeOf } from "../plan/plan.ts";
import type { Bound, BoundCommand, KernelTime, Numbers, Prepared, Runtime } from "../plan/runtime.ts";
import { type Design, designFor } from "./design.ts";
import type { Gpu, WebgpuKernels } from "./kernel.ts";
import * as listed from "./kernels.ts";
import { declare, type Groups, type Program } from "./wgsl.ts";

const kernels: WebgpuKernels = listed;

/** What we use of tfjs's WebGPUBackend. */
interface Backend {
  readonly device: GPUDevice;
  readonly tensorMap: { get(dataId: object): { values: unknown; resource: GPUBuffer | null } };
  uploadToGPU(dataId: object): void;
  submitQueue(): void;
  endComputePassEncoder(): void;
  readonly commandEncoder: GPUCommandEncoder | null;
  makeTensorInfo(shape: number[], dtype: tf.DataType): tf.TensorInfo;
}

const members = [
  "device",
  "tensorMap",
  "uploadToGPU",
  "submitQueue",
  "endComputePassEncoder",
  "commandEncoder",
];

interface Dispatch {
  readonly command: BoundCommand;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: Groups;
}

/** Dispatches that the queue is handed at once: a long queue of work must not keep a device from its other duties. */
const submitAfter = 32;
const uniformStride = 256;

interface Compiled {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}
const compiledOn = new WeakMap<GPUDevice, Map<string, Compiled>>();

export class WebgpuRuntime implements Runtime {
  readonly design: Design;
  readonly #backend: Backend;
  readonly #compiled: Map<string, Compiled>;

  /** Of the backend that runs; `design` against the adapter's nature is for tests and tuning. */
  constructor(design?: Design) {
    const backend = tf.backend() as unknown as Backend & object;
    const missing = members.filter((member) => !(member in backend));
    if (missing.length > 0)
      throw new Error(`tfjs's WebGPU backend: expected 4.22.0, got one without ${missing.join(", ")}`);
    this.#backend = backend;
    this.design = design ?? designFor(backend.device);
    const known = compiledOn.get(backend.device);
    this.#compiled = known ?? new Map();
    if (known === undefined) compiledOn.set(backend.device, this.#compiled);
  }

  allocate(bytes: number): tf.Tensor {
    const backend = this.#backend;
    const info = backend.makeTensorInfo([Math.max(1, bytes / 4)], "float32");
    backend.uploadToGPU(info.dataId);
    const tensor = tf.keep(tf.engine().makeTensorFromTensorInfo(info));
    // Buffers of tensors that are gone are used again, with what was in them.
    const encoder = backend.device.createCommandEncoder();
    encoder.clearBuffer(this.#bufferOf(tensor));
    this.#flush();
    backend.device.queue.submit([encoder.finish()]);
    return tensor;
  }

  write(tensor: tf.Tensor, offset: number, values: Numbers): void {
    this.#flush();
    const { buffer, byteOffset, byteLength } = values;
    const { queue } = this.#backend.device;
    queue.writeBuffer(this.#bufferOf(tensor), 4 * offset, buffer as ArrayBuffer, byteOffset, byteLength);
  }

  async read(tensor: tf.Tensor, offset: number, size: number): Promise<Float32Array> {
    if (size === 0) return new Float32Array(0);
    const { device } = this.#backend;
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    const staging = device.createBuffer({ size: 4 * size, usage });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#bufferOf(tensor), 4 * offset, staging, 0, 4 * size);
    this.#flush();
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return values;
  }

  async idle(): Promise<void> {
    await this.#backend.device.queue.onSubmittedWorkDone();
  }

  prepare(commands: readonly BoundCommand[]): Prepared {
    const { design } = this;
    const recorder = new Recorder(this.#backend.device, this.#compiled, (tensor) => this.#bufferOf(tensor));
    const record = <N extends KernelName>(command: BoundCommand<N>, dispatch: Gpu["dispatch"]) =>
      kernels[command.kernel]({ design, dispatch }, command);
    for (const command of commands)
      record(command, (...dispatched) => recorder.dispatch(command, ...dispatched));
    return recorder.finish(() => this.#flush());
  }

  #bufferOf(tensor: tf.Tensor): GPUBuffer {
    return this.#backend.tensorMap.get(tensor.dataId).resource!;
  }

  /** Hands over what tfjs has not handed to the queue yet, so that order is kept. */
  #flush(): void {
    if (this.#backend.commandEncoder === null) return;
    this.#backend.endComputePassEncoder();
    this.#backend.submitQueue();
  }
}

interface Recorded {
  readonly command: BoundCommand;
  readonly compiled: Compiled;
  readonly entries: GPUBindGroupEntry[];
  readonly uniforms: number | null;
  readonly groups: Groups;
}

class Recorder {
  readonly #device: GPUDevice;
  readonly #compiled: Map<string, Compiled>;
  readonly #bufferOf: (tensor: tf.Tensor) => GPUBuffer;
  readonly #recorded: Recorded[] = [];
  readonly #uniforms: ArrayBuffer[] = [];

  constructor(
    device: GPUDevice,
    compiled: Map<string, Compiled>,
    bufferOf: (tensor: tf.Tensor) => GPUBuffer,
  ) {
    this.#device = device;
    this.#compiled = compiled;
    this.#bufferOf = bufferOf;
  }

  dispatch(
    command: BoundCommand,
    ...[program, operands, uniforms, groups]: Parameters<Gpu["dispatch"]>
  ): void {
    const { bindings, key } = program;
    if (operands.length !== bindings.length)
      throw new Error(`${key}: expected ${bindings.length} operands, got ${operands.length}`);
    const entries = operands.map(
      ({ tensor, offset, shape, storage: { type } }, binding): GPUBindGroupEntry => ({
        binding,
        resource: {
          buffer: this.#bufferOf(tensor),
          offset: offset * elementBytes[type],
          size: 4 * Math.ceil((sizeOf(shape) * elementBytes[type]) / 4),
        },
      }),
    );
    const compiled = this.#compile(program, operands);
    const at = this.#keepUniforms(program, uniforms);
    this.#recorded.push({ command, compiled, entries, uniforms: at, groups });
  }

  finish(flush: () => void): Prepared {
    const device = this.#device;
    const uniforms = device.createBuffer({
      size: Math.max(16, this.#uniforms.length * uniformStride),
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.#uniforms.forEach((bytes, i) => {
      device.queue.writeBuffer(uniforms, i * uniformStride, bytes);
    });
    const dispatches = this.#recorded.map(
      ({ command, compiled, entries, uniforms: at, groups }): Dispatch => {
        const own = { buffer: uniforms, offset: (at ?? 0) * uniformStride };
        const size = at === null ? 0 : this.#uniforms[at]!.byteLength;
        const all =
          at === null ? entries : [...entries, { binding: entries.length, resource: { ...own, size } }];
        const bindGroup = device.createBindGroup({ layout: compiled.layout, entries: all });
        return { command, pipeline: compiled.pipeline, bindGroup, groups };
      },
    );
    return new Recording(device, dispatches, uniforms, flush);
  }

  #keepUniforms({ key, uniforms }: Program, values: readonly number[]): number | null {
    const types = Object.values(uniforms);
    if (types.length !== values.length)
      throw new Error(`${key}: expected ${types.length} uniforms, got ${values.length}`);
    if (types.length === 0) return null;
    const bytes = new DataView(new ArrayBuffer(16 * Math.ceil(types.length / 4)));
    types.forEach((type, i) => {
      if (type === "f32") bytes.setFloat32(4 * i, values[i]!, true);
      else bytes.setUint32(4 * i, values[i]!, true);
    });
    return this.#uniforms.push(bytes.buffer) - 1;
  }

  /** The layout is stated, not derived: a binding that the code does not use is then no error. */
  #compile({ key, bindings, uniforms, code }: Program, operands: readonly Bound[]): Compiled {
    const types = operands.map(({ storage }) => storage.type);
    const label = `${key} ${types.join()}`;
    const known = this.#compiled.get(label);
    if (known !== undefined) return known;
    const device = this.#device;
    const entries = bindings.map(({ access }, binding): GPUBindGroupLayoutEntry => {
      const type = access === "read" ? "read-only-storage" : "storage";
      return { binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } };
    });
    const declarations = bindings.map((binding, i) => declare(binding, i, types[i]!));
    const fields = Object.entries(uniforms).map(([name, type]) => `${name}: ${type}`);
    if (fields.length > 0) {
      const binding = bindings.length;
      entries.push({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform" } });
      declarations.push(
        `struct Uniforms { ${fields.join(", ")} }`,
        `@group(0) @binding(${binding}) var<uniform> u: Uniforms;`,
      );
    }
    const layout = device.createBindGroupLayout({ label, entries });
    const pipeline = device.createComputePipeline({
      label,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: {
        module: device.createShaderModule({ label, code: `${declarations.join("\n")}\n${code()}` }),
        entryPoint: "main",
      },
    });
    const compiled = { pipeline, layout };
    this.#compiled.set(label, compiled);
    return compiled;
  }
}

class Recording implements Prepared {
  readonly #device: GPUDevice;
  readonly #dispatches: readonly Dispatch[];
  readonly #uniforms: GPUBuffer;
  readonly #flush: () => void;

  constructor(device: GPUDevice, dispatches: readonly Dispatch[], uniforms: GPUBuffer, flush: () => void) {
    this.#device = device;
    this.#dispatches = dispatches;
    this.#uniforms = uniforms;
    this.#flush = flush;
  }

  get dispatches(): number {
    return this.#dispatches.length;
  }

  get submits(): number {
    return Math.ceil(this.#dispatches.length / submitAfter);
  }

  run(): void {
    this.#flush();
    const { queue } = this.#device;
    for (let start = 0; start < this.#dispatches.length; start += submitAfter) {
      const encoder = this.#device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      const end = Math.min(start + submitAfter, this.#dispatches.length);
      for (let i = start; i < end; i++) {
        const { pipeline, bindGroup, groups } = this.#dispatches[i]!;
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...groups);
      }
      pass.end();
      queue.submit([encoder.finish()]);
    }
  }

  /** Each dispatch in a pass of its own, between two timestamps. */
  async profile(): Promise<readonly KernelTime[] | null> {
    const device = this.#device;
    if (!device.features.has("timestamp-query")) return null;
    this.#flush();
    const count = 2 * this.#dispatches.length;
    const times: KernelTime[] = [];
    // A query set holds at most 4,096 queries.
    for (let start = 0; start < count; start += 4096) {
      const queries = Math.min(4096, count - start);
      const part = this.#dispatches.slice(start / 2, (start + queries) / 2);
      const querySet = device.createQuerySet({ type: "timestamp", count: queries });
      const encoder = device.createCommandEncoder();
      part.forEach(({ pipeline, bindGroup, groups }, i) => {
        const timestampWrites = {
          querySet,
          beginningOfPassWriteIndex: 2 * i,
          endOfPassWriteIndex: 2 * i + 1,
        };
        const pass = encoder.beginComputePass({ timestampWrites });
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...groups);
        pass.end();
      });
      const size = 8 * queries;
      const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
      const resolved = device.createBuffer({ size, usage });
      const staging = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
      encoder.resolveQuerySet(querySet, 0, queries, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(staging.getMappedRange());
      part.forEach(({ command }, i) => {
        const ms = Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6;
        const isFirst = this.#dispatches[start / 2 + i - 1]?.command !== command;
        const cost = isFirst ? costOf(command) : { flops: 0, bytes: 0 };
        times.push({ kernel: command.kernel, region: command.region, ms, ...cost });
      });
      for (const gone of [resolved, staging, querySet]) gone.destroy();
    }
    return times;
  }

  dispose(): void {
    this.#uniforms.destroy();
  }
}
