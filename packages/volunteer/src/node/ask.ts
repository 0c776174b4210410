// What a coordinator answers to a request, or why none came, in words that say what to do.

import { InputError } from "@homebody/base";
import { systemClock } from "@homebody/clock";

/** No coordinator answers now; it may later. */
export class Unreached extends InputError {
  constructor(base: string, why: string) {
    super(base, "a coordinator that answers", why);
    this.name = "Unreached";
  }
}

/**
 * The answer to GET; where the coordinator asks to wait, that is done. Throws an InputError that names the coordinator where none
 * answers (Unreached), or another site does.
 */
export async function askCoordinator(base: string, path: string): Promise<Response> {
  const response = await fetch(new URL(path, base)).catch((error: Error) => {
    throw new Unreached(base, whyUnreached(error));
  });
  if (response.status === 429) {
    await systemClock.sleep(1000 * Number(response.headers.get("retry-after") ?? 1));
    return askCoordinator(base, path);
  }
  if (response.status >= 500) throw new Unreached(base, `status ${response.status} at ${path}`);
  const isPage = response.headers.get("content-type")?.startsWith("text/html") ?? false;
  if (response.ok && !isPage) return response;
  const got = response.ok ? "a page of another site" : `status ${response.status}`;
  throw new InputError(base, "a coordinator's answer (is the address right?)", `${got} at ${path}`);
}

/** The same as JSON. */
export async function askJson(base: string, path: string): Promise<unknown> {
  const response = await askCoordinator(base, path);
  const text = await response.text().catch((error: Error) => {
    throw new Unreached(base, whyUnreached(error));
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(base, "a coordinator's answer (is the address right?)", `no JSON at ${path}`);
  }
}

const untrusted =
  "a certificate that this computer does not trust (with NODE_EXTRA_CA_CERTS=cert.pem in the environment it trusts that one)";

const reasons: readonly (readonly [code: RegExp, reason: string])[] = [
  [/^ECONNREFUSED$/, "nobody listening there (is it at work, and is the port right?)"],
  [/^(ENOTFOUND|EAI_AGAIN)$/, "a name that is not known (is it written right, and is the network there?)"],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/,
    "no answer in time (is the network there?)",
  ],
  [/^(SELF_SIGNED|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_)/, untrusted],
  [/^CERT_HAS_EXPIRED$/, "a certificate that has expired (the host has to renew it)"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, "a certificate of another name (use the name that it has)"],
  [/^(ERR_SSL_|EPROTO)/, "no HTTPS (try http://)"],
  [/^(ECONNRESET|UND_ERR_SOCKET)$/, "a connection that was closed at once (try https://)"],
];

/** Of an error of fetch. */
function whyUnreached(error: Error): string {
  const cause = (error.cause ?? error) as Error & {
    readonly code?: string;
    readonly errors?: readonly Error[];
  };
  // Where a name has several addresses, each has its own reason.
  const one = (cause.errors?.[0] ?? cause) as typeof cause;
  const { code = "" } = one;
  const known = reasons.find(([pattern]) => pattern.test(code));
  return known?.[1] ?? (one.message || code);
}
