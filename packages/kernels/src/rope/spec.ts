// Rotary position embedding (Su et al. 2021), rotate-half as in Hugging Face's Llama, in place.
//
// Row b T + t of x is turned by the angles of position t; of each of the first `heads` heads of D = 2 H, elements i < H and
// i + H are a pair, turned by t * theta^(-2i/D). What is to the right of these heads stays. `sign` is 1 forward; the
// gradient is the turn back, -1.

import { input, kernel, update } from "../plan/spec.ts";

export const Rope = kernel({
  operands: { cos: input("T", "H"), sin: input("T", "H"), x: update("N", "W") },
  attributes: { heads: "number", sign: "number" },
  flops: ({ N, H }, { heads }) => 6 * N * heads * H,
});
