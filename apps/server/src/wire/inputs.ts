// What is served over HTTP, and by which rules.

import type { Sha256 } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import type { BlobKind, Figures } from "@homebody/coordinator";
import type { Download, RunManifest, RunSample } from "@homebody/protocol";
import type { Limits } from "@homebody/service";
import type { Blobs, Journal } from "@homebody/store/ports";
import type { Health } from "../health.ts";
import type { Metrics } from "../metrics.ts";
import type { Visitors } from "./visitors.ts";

export interface HttpInputs {
  readonly manifest: () => RunManifest;
  readonly figures: () => Figures;
  readonly samples: () => readonly RunSample[];
  readonly journal: Journal;
  readonly blobs: Blobs;
  /** What a blob of this run is; undefined for what the run does not name. */
  readonly kindOf: (hash: Sha256) => Promise<BlobKind | undefined>;
  /** Where the built web application is. */
  readonly webRoot: string;
  readonly metrics: Metrics;
  readonly limits: Limits;
  readonly served: (kind: Download, bytes: number) => void;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly trustProxy: boolean;
  readonly clock: Clock;
  readonly visitors: Visitors;
  readonly health: Pick<Health, "look">;
  /** A connection was let go before it could ask. */
  readonly turnedAway: () => void;
  /** What went wrong here while a request was answered: the log says it under the id, the answer says the id. */
  readonly failed: (error: unknown, id: string) => void;
}
