// homebody invite: links by which volunteers come into a source that asks for an invitation.

import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { InputError, type SourceId } from "@homebody/base";
import { codeBytes, hashOfCode, linkOf, mostUses, refusalSentences } from "@homebody/protocol";
import { coordinatorUrl, looksLikeAddress } from "./address.ts";
import { coordinatorAt } from "./coordinator-at.ts";
import { onlyArgument, wholeNumber } from "./options.ts";

export const usage = `
homebody invite DATA|URL --source ID [--count N] [--uses N] [--link URL] [--token TOKEN]

Prints links to a source whose admission is code, one a line. The coordinator, which has to be at work, keeps no more of a
link's code than a hash: nobody can print it again. On its own machine give the data folder; elsewhere its address, and the token
by --token or, unseen by others on this machine, by HOMEBODY_ADMIN_TOKEN.

  --source ID   the source
  --count N     links (default: 1)
  --uses N      volunteers that each link lets in (default: 1)
  --link URL    what links begin with, where a data folder is given: the address that volunteers use
`;

/** One message holds no more than the channel in the data folder takes. */
const codesAtOnce = 100;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      source: { type: "string" },
      count: { type: "string", default: "1" },
      uses: { type: "string", default: "1" },
      link: { type: "string" },
      token: { type: "string" },
    },
  });
  const where = onlyArgument("invite", "one data folder or address", positionals);
  if (values.source === undefined) throw new InputError("--source", "the id of a source", "none");
  const source = values.source as SourceId;
  const count = wholeNumber("--count", values.count, 1, 10_000);
  const uses = wholeNumber("--uses", values.uses, 1, mostUses);
  const origin = originOf(where, values.link);
  const coordinator = coordinatorAt(where, values.token ?? process.env.HOMEBODY_ADMIN_TOKEN);
  for (let made = 0; made < count; made += codesAtOnce) {
    const codes = Array.from({ length: Math.min(codesAtOnce, count - made) }, () =>
      randomBytes(codeBytes).toString("hex"),
    );
    const offered = codes.map((code) => ({ sha256: hashOfCode(code), uses }));
    const reply = await coordinator.act({ kind: "invite", source, codes: offered });
    if (!reply.ok) {
      process.stderr.write(
        `homebody invite: refused (${reply.refusal}). ${refusalSentences[reply.refusal]}\n`,
      );
      return 1;
    }
    // Those that count already, whatever becomes of the next.
    process.stdout.write(codes.map((code) => `${linkOf(origin, { source, code })}\n`).join(""));
  }
  return 0;
}

function originOf(where: string, link: string | undefined): string {
  if (link !== undefined) return coordinatorUrl("--link", link).origin;
  if (looksLikeAddress(where)) return coordinatorUrl("address", where).origin;
  throw new InputError("--link", "the address that volunteers use, which links begin with", "none");
}
