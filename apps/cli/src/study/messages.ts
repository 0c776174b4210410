// What passes between a study and its workers.

import type { InputError } from "@homebody/base";
import type { ModelDial } from "@homebody/model";
import type { Job, JobResult } from "./job.ts";

export type ToWorker =
  | { readonly kind: "perform"; readonly job: Job; readonly folder: string }
  | {
      readonly kind: "calibrate";
      readonly model: ModelDial;
      readonly batch: number;
      readonly vocabularies: readonly number[];
    };

export type FromWorker =
  | { readonly kind: "progress"; readonly share: number }
  | { readonly kind: "done"; readonly result: JobResult }
  /** Tokens a second, by vocabulary. */
  | { readonly kind: "calibrated"; readonly speeds: Readonly<Record<number, number>> }
  | {
      readonly kind: "failed";
      /** Where it was an InputError: what it said. */
      readonly mistake: Pick<InputError, "where" | "expected" | "got"> | null;
      readonly message: string;
      readonly stack: string;
    };
