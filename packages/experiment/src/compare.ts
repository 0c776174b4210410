// The same continued pre-training from several beginnings: what a body has learnt shows against one that has not.
//
// All arms see the same batches and the same held-out rows, on one trainer: they take turns from evaluation to
// evaluation, and what an arm has reached is put aside in between. So no more memory is taken on the device than one
// takes, helpers work for both, and their curves grow side by side.

import type { PreparedText } from "@homebody/text";
import type { Moments } from "@homebody/train";
import { type AdaptingTrainer, type AdaptProgress, type AdaptSettings, adapt } from "./adapt.ts";
import { loadParameters, type Parameters, readParameters } from "./parameters.ts";
import type { Cancel } from "./training.ts";

export type CompareProgress<Arm extends string> = AdaptProgress & { readonly arm: Arm };

/** Where each arm ended; as for adapt, the same inputs give the same numbers, whatever other arms there are. */
export async function* compare<Arm extends string>(
  trainer: AdaptingTrainer,
  text: PreparedText,
  beginnings: Readonly<Record<Arm, Parameters>>,
  settings: AdaptSettings,
  cancel?: Cancel,
): AsyncGenerator<CompareProgress<Arm>, Readonly<Record<Arm, Parameters>>> {
  const names = Object.keys(beginnings) as Arm[];
  const under = names.map((arm) => ({
    arm,
    work: adapt(trainer, text, beginnings[arm], settings, cancel),
    reached: undefined as { readonly parameters: Parameters; readonly moments: Moments } | undefined,
  }));
  try {
    for (let turn = 0; turn <= Math.ceil(settings.steps / settings.evaluateEvery); turn++)
      for (const one of under) {
        if (one.reached !== undefined) {
          loadParameters(trainer, one.reached.parameters);
          trainer.loadMoments(one.reached.moments);
        }
        for (;;) {
          const { value, done } = await one.work.next();
          if (done) break;
          yield { arm: one.arm, ...value };
          if (value.heldOut !== null) break;
        }
        one.reached = { parameters: await readParameters(trainer), moments: await trainer.readMoments() };
      }
  } finally {
    for (const { work } of under) await work.return();
  }
  return Object.fromEntries(under.map(({ arm, reached }) => [arm, reached!.parameters])) as Record<
    Arm,
    Parameters
  >;
}
