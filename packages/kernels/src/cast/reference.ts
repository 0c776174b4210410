import type { Reference } from "../plan/reference.ts";

/** Of tensors in float32 nothing is rounded: those who compare know how wide a half is. */
export const Cast: Reference<"Cast"> = ({ x }) => ({ y: x });
