// All parameters of a model as values, by group: what a training begins from and what it leaves.

import {
  InputError,
  type NamedTensors,
  namedTensors,
  requireSameLayout,
  slotView,
  type TensorLayout,
} from "@homebody/base";
import { type Group, groupLayout, groups, initialParameters, type ModelConfig } from "@homebody/model";
import type { Trainer } from "@homebody/train";

/** Each group in its layout (groupLayout); a group without parameters (psi of a llama) is empty. */
export type Parameters = Readonly<Record<Group, NamedTensors>>;

/** Throws an InputError that names the first tensor of a group that is not the config's. */
export function requireParameters(
  config: ModelConfig,
  group: Group,
  tensors: NamedTensors,
  where: string,
): void {
  requireSameLayout(tensors.layout, groupLayout(config, group), where);
  const at = tensors.data.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new InputError(where, "finite numbers", `${tensors.data[at]} at place ${at}`);
}

/**
 * The tensors of a layout, by name, from a file's. Names may stand under the name of their group (`phi/...`), as a
 * volunteer keeps them. Throws an InputError that names one that is missing or has another shape.
 */
export function takeTensors(
  from: NamedTensors,
  layout: TensorLayout,
  where: string,
  group?: Group,
): NamedTensors {
  const found = namedTensors(layout);
  const slots = new Map(from.layout.slots.map((slot) => [slot.name, slot]));
  for (const { name, shape, offset } of layout.slots) {
    const slot = slots.get(name) ?? (group && slots.get(`${group}/${name}`));
    const shown = (one: { readonly shape: readonly number[] }) => `[${one.shape.join(", ")}]`;
    if (slot === undefined || shown(slot) !== shown({ shape }))
      throw new InputError(`${where}, tensor ${name}`, shown({ shape }), slot ? shown(slot) : "nothing");
    found.data.set(slotView(from, slot), offset);
  }
  return found;
}

/** First values by a seed, as a run's own are made. */
export function firstParameters(config: ModelConfig, seed: string): Parameters {
  return parametersBy((group) => initialParameters(config, [group], seed));
}

export function loadParameters(trainer: Pick<Trainer, "load">, parameters: Parameters): void {
  for (const group of groups) trainer.load(group, parameters[group]);
}

/** A copy of what the trainer has now. */
export async function readParameters(trainer: Pick<Trainer, "read">): Promise<Parameters> {
  const [theta, phi, psi] = [
    await trainer.read("theta"),
    await trainer.read("phi"),
    await trainer.read("psi"),
  ];
  return { theta, phi, psi };
}

function parametersBy(make: (group: Group) => NamedTensors): Parameters {
  return { theta: make("theta"), phi: make("phi"), psi: make("psi") };
}
