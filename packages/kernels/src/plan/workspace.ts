// Storages and plans on the backend of tfjs that is running: what is kept, and plans prepared for it.

import type * as tf from "@tensorflow/tfjs";
import { assignPlaces, bytesOf } from "./memory.ts";
import {
  type Command,
  type ElementType,
  elementBytes,
  type KernelName,
  mapOperands,
  type Operand,
  type Plan,
  type Storage,
} from "./plan.ts";
import type { Bound, BoundCommand, Numbers, Prepared, Runtime } from "./runtime.ts";

/** What is kept between runs, and all memory of plans; whoever makes one disposes of it. */
export class Workspace {
  readonly #runtime: Runtime;
  readonly #kept = new Map<Storage, tf.Tensor>();
  readonly #plans = new Set<Prepared>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** A storage of zeros. */
  keep(name: string, size: number, type: ElementType = "f32"): Storage {
    const storage = { name, size, type, kept: true };
    this.#kept.set(storage, this.#runtime.allocate(bytesOf(storage)));
    return storage;
  }

  release(storage: Storage): void {
    this.#kept.get(storage)?.dispose();
    this.#kept.delete(storage);
  }

  /** Memory for the temporaries of plans that never run at a time: as much as this one takes. Released as what is kept. */
  share(plan: Plan): readonly Storage[] {
    return assignPlaces(plan).bytes.map((bytes) => this.keep("temporaries", bytes / elementBytes.f32));
  }

  /** With memory of its own for temporaries, until it is disposed of, where what is shared does not do. */
  prepare(plan: Plan, shared: readonly Storage[] = []): Prepared {
    const { bytes, placeOf } = assignPlaces(plan);
    const own: tf.Tensor[] = [];
    // The largest come first, in both.
    const places = bytes.map((size, i) => {
      const lent = shared[i];
      if (lent !== undefined && bytesOf(lent) >= size) return this.#kept.get(lent)!;
      const tensor = this.#runtime.allocate(size);
      own.push(tensor);
      return tensor;
    });
    const tensorOf = (storage: Storage) => {
      const tensor = storage.kept ? this.#kept.get(storage) : places[placeOf.get(storage)!];
      if (tensor === undefined)
        throw new Error(`${storage.name}: expected a storage of this workspace, got another's`);
      return tensor;
    };
    const bind = <N extends KernelName>(command: Command<N>): BoundCommand<N> => ({
      ...command,
      operands: mapOperands<N, Operand, Bound>(command.operands, (operand) => ({
        ...operand,
        tensor: tensorOf(operand.storage),
      })),
    });
    const prepared = this.#runtime.prepare(plan.commands.map(bind));
    const owned: Prepared = {
      dispatches: prepared.dispatches,
      submits: prepared.submits,
      run: () => prepared.run(),
      profile: () => prepared.profile(),
      dispose: () => {
        prepared.dispose();
        for (const place of own.splice(0)) place.dispose();
        this.#plans.delete(owned);
      },
    };
    this.#plans.add(owned);
    return owned;
  }

  write({ storage, offset }: Operand, values: Numbers): void {
    this.#runtime.write(this.#kept.get(storage)!, offset, values);
  }

  read({ storage, offset }: Operand, size: number): Promise<Float32Array> {
    return this.#runtime.read(this.#kept.get(storage)!, offset, size);
  }

  idle(): Promise<void> {
    return this.#runtime.idle();
  }

  dispose(): void {
    for (const plan of this.#plans) plan.dispose();
    for (const tensor of this.#kept.values()) tensor.dispose();
    this.#kept.clear();
  }
}
