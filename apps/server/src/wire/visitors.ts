// From where a browser may come [P34]. The Host that it asked for must be a name of this coordinator, or another name that is
// pointed here would make its pages one origin with ours; the page that asks must be ours or one that the run file names, or any
// page would enlist whoever looks at it. What is no browser says no Origin.

import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

export interface VisitorsInputs {
  /** Names by which it is reached, beside addresses and localhost: those of its public addresses, and that it listens on. */
  readonly names: readonly string[];
  /** Other origins whose pages may take part, as the run file has them now. */
  readonly origins: () => readonly string[];
}

export interface Visitors {
  whyNot(request: { readonly headers: IncomingHttpHeaders }): Turned | undefined;
  /** Whether this is the origin of another page that may take part. */
  isGuest(origin: string | undefined): origin is string;
}

/** Why it may not come in. */
export interface Turned {
  readonly status: 403 | 421;
  readonly sentence: string;
}

export function visitorsTo({ names, origins }: VisitorsInputs): Visitors {
  const own = new Set(names.map((name) => name.toLowerCase()));
  const isOwn = (name: string) => isAddress(name) || isLocal(name) || own.has(name);
  const isGuest = (origin: string | undefined): origin is string =>
    origin !== undefined && origins().includes(origin);

  return {
    isGuest,
    whyNot({ headers: { host, origin } }) {
      const asked = host === undefined ? undefined : urlOf(`http://${host}`);
      if (host !== undefined && (asked === undefined || !isOwn(asked.hostname)))
        return {
          status: 421,
          sentence: `This coordinator is not known as ${shown(host)}: start it with --public-url and the address by which it is reached.`,
        };
      if (origin === undefined || isGuest(origin) || isSameHost(origin, host)) return undefined;
      return {
        status: 403,
        sentence: `Pages of ${shown(origin)} may not take part: name the origin under "origins" in the run file if they should.`,
      };
    },
  };
}

/** Its own page: what the browser asked for is where the page came from, by whatever scheme the way ends here. */
function isSameHost(origin: string, host: string | undefined): boolean {
  const from = urlOf(origin);
  return from !== undefined && host !== undefined && from.host === urlOf(`${from.protocol}//${host}`)?.host;
}

function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

const isAddress = (name: string) => isIP(name) !== 0 || (name.startsWith("[") && name.endsWith("]"));
const isLocal = (name: string) => name === "localhost" || name.endsWith(".localhost");
/** What a stranger wrote, in a sentence. */
const shown = (text: string) => JSON.stringify(text.slice(0, 100));
