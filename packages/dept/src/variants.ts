// The variants of DEPT (Iacob et al., arXiv 2410.05021): which of the three groups of parameters travels.
//
// Theta is the body, phi the token embedding (with the head, if it is not tied), psi the position embedding. GLOB sends
// everything, TRIM the rows of phi that the source's vocabulary has, SPEC the body alone.

export type Variant = "spec" | "glob" | "trim";
export type Group = "theta" | "phi" | "psi";

/** Whether a group leaves the device, whole or (phi under TRIM) by the source's rows. */
export function travels(variant: Variant, group: Group): boolean {
  return group === "theta" || variant !== "spec";
}
