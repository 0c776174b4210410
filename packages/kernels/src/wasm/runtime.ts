// Plans on tfjs's wasm backend: a prepared command is a call of a kernel's simd.ts with addresses that are known.

import * as tf from "@tensorflow/tfjs";
import { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { costOf } from "../plan/cost.ts";
import { elementBytes, type KernelName, mapOperands } from "../plan/plan.ts";
import type { Bound, BoundCommand, KernelTime, Numbers, Prepared, Runtime } from "../plan/runtime.ts";
import type { Call, WasmKernels } from "./kernel.ts";
import * as listed from "./kernels.ts";
import { type SimdModule, simdOf } from "./module.ts";

const kernels: WasmKernels = listed;

export class WasmRuntime implements Runtime {
  readonly #backend: BackendWasm;
  readonly #simd: SimdModule;

  /** Of the backend that runs; loadSimd comes first. */
  constructor() {
    const backend = tf.backend();
    if (!(backend instanceof BackendWasm))
      throw new Error(`wasm: expected tfjs's wasm backend to run, got ${tf.getBackend()}`);
    this.#backend = backend;
    this.#simd = simdOf(backend);
  }

  allocate(bytes: number): tf.Tensor {
    const info = this.#backend.makeOutput([Math.max(1, bytes / 4)], "float32");
    const tensor = tf.keep(tf.engine().makeTensorFromTensorInfo(info));
    if (this.#addressOf(tensor) === 0)
      throw new Error(`wasm: expected ${bytes} bytes of memory, got none: the model is too large for it`);
    this.#numbers(tensor, 0, tensor.size).fill(0);
    return tensor;
  }

  write(tensor: tf.Tensor, offset: number, values: Numbers): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const to = this.#numbers(tensor, offset, values.length);
    new Uint8Array(to.buffer, to.byteOffset, to.byteLength).set(bytes);
  }

  async read(tensor: tf.Tensor, offset: number, size: number): Promise<Float32Array> {
    return this.#numbers(tensor, offset, size).slice();
  }

  async idle(): Promise<void> {}

  prepare(commands: readonly BoundCommand[]): Prepared {
    const address = ({ tensor, offset, storage: { type } }: Bound) => {
      if (type === "f16")
        throw new Error("wasm: expected float32, got halves: WebAssembly has no numbers so short");
      return this.#addressOf(tensor) + offset * elementBytes[type];
    };
    const call = <N extends KernelName>({ kernel, operands, sizes, attributes }: BoundCommand<N>): Call => {
      const at = mapOperands<N, Bound, number>(operands, address);
      return kernels[kernel]({ simd: this.#simd, at, sizes, attributes });
    };
    return new Calls(commands, commands.map(call));
  }

  #addressOf(tensor: tf.Tensor): number {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** A view that holds until the memory grows. */
  #numbers(tensor: tf.Tensor, offset: number, size: number): Float32Array {
    return new Float32Array(this.#simd.memory.buffer, this.#addressOf(tensor) + 4 * offset, size);
  }
}

class Calls implements Prepared {
  readonly dispatches: number;
  readonly submits = 0;
  readonly #commands: readonly BoundCommand[];
  readonly #calls: readonly Call[];

  constructor(commands: readonly BoundCommand[], calls: readonly Call[]) {
    this.#commands = commands;
    this.#calls = calls;
    this.dispatches = calls.length;
  }

  run(): void {
    for (const call of this.#calls) call();
  }

  async profile(): Promise<readonly KernelTime[]> {
    return this.#commands.map((command, i) => {
      const began = performance.now();
      this.#calls[i]!();
      const { kernel, region } = command;
      return { kernel, region, ms: performance.now() - began, ...costOf(command) };
    });
  }

  dispose(): void {}
}
