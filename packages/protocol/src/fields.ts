// The fields that messages are made of, as schemas; a brand is minted by its form here.

import type { RunId, Sha256, SourceId, UploadId, VolunteerId } from "@homebody/base";
import { z } from "zod";
import type { SectionName } from "./body.ts";

export const whole = (most = Number.MAX_SAFE_INTEGER) => z.number().int().min(0).max(most);
export const hex = (digits: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `${digits} hex digits`);
export const finite = z.number().refine(Number.isFinite, "a finite number");
export const sha = hex(64) as unknown as z.ZodType<Sha256>;
export const run = hex(64) as unknown as z.ZodType<RunId>;
export const volunteer = hex(32) as unknown as z.ZodType<VolunteerId>;
export const upload = hex(32) as unknown as z.ZodType<UploadId>;
export const source = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/) as unknown as z.ZodType<SourceId>;
export const sectionName = z
  .string()
  .regex(
    /^(theta|(phi|psi)(\/[a-z0-9][a-z0-9-]{0,31})?)$/,
    "a section's name",
  ) as unknown as z.ZodType<SectionName>;
