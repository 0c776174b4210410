// What the inbox answers where it refuses.

import type { Refusal } from "@homebody/protocol";

export const no = (refusal: Refusal) => ({ ok: false, refusal }) as const;
