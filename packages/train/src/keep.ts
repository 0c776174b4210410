// Where plans get their storages from.

import type { Storage } from "@homebody/kernels/plans";

/** Of a workspace, or of none. */
export type Keep = (name: string, size: number, type?: Storage["type"]) => Storage;
