// What the server and the thread that averages say to each other: one round at a time.

import type { Aggregation } from "@homebody/coordinator";
import type { RunManifest } from "@homebody/protocol";
import type { FaultPoint, Published } from "@homebody/service";

export type ToThread =
  | {
      readonly kind: "average";
      /** Where the blobs are. */
      readonly folder: string;
      readonly work: Aggregation;
      readonly manifest: RunManifest;
    }
  /** The point that it waits at is passed. */
  | { readonly kind: "passed" };

export type FromThread =
  | { readonly kind: "published"; readonly published: Published }
  | { readonly kind: "failed"; readonly message: string; readonly stack: string | undefined }
  /** It is at this point, and goes on when it is told to. */
  | { readonly kind: "point"; readonly point: FaultPoint };
