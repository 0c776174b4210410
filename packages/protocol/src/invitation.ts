// Invitations: the host's leave to train on a source, as a link that holds a code. Of a code the coordinator keeps a hash
// alone, since its journal is public; whoever has the code itself is let in [P38].

import { type Sha256, type SourceId, sha256OfText } from "@homebody/base";
import { hex, source } from "./fields.ts";

export interface Invitation {
  readonly source: SourceId;
  /** 32 hex digits. */
  readonly code: string;
}

/** Bytes of a code: what nobody guesses. */
export const codeBytes = 16;
export const code = hex(2 * codeBytes);

export function isCode(text: unknown): text is string {
  return code.safeParse(text).success;
}

/** What is known of a code. */
export function hashOfCode(code: string): Sha256 {
  return sha256OfText(`homebody invitation ${code}`);
}

/** The code stands behind the #, which browsers do not send: so it is in no log of a server or proxy. */
export function linkOf(origin: string, { source, code }: Invitation): string {
  return `${origin}/#source=${source}&code=${code}`;
}

/** What stands behind an address's #; `broken` where it begins as an invitation and is none. */
export function invitationIn(fragment: string): Invitation | "broken" | undefined {
  const pairs = fragment.replace(/^#/, "").split("&");
  const value = (key: string) => pairs.find((pair) => pair.startsWith(`${key}=`))?.slice(key.length + 1);
  const [id, given] = [value("source"), value("code")];
  if (id === undefined && given === undefined) return undefined;
  const known = source.safeParse(id);
  return known.success && isCode(given) ? { source: known.data, code: given } : "broken";
}
