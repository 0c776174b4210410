// Browsers give WebGPU, local storage of files, locks and cryptography to secure contexts alone: HTTPS, or a page of
// this very computer.

export interface Listening {
  readonly host?: string;
  readonly tls?: unknown;
  readonly trustProxy?: boolean;
}

const ownNames = new Set(["localhost", "::1"]);

export function isOwnComputer(host: string): boolean {
  return ownNames.has(host) || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** What a host must be told before others visit; undefined where nothing is missing. */
export function withoutSecureContext({ host = "127.0.0.1", tls, trustProxy }: Listening): string | undefined {
  if (tls !== undefined || trustProxy || isOwnComputer(host)) return undefined;
  return (
    `  Listening on ${host} without HTTPS. Browsers on other computers can look at the dashboard but cannot take\n` +
    "  part: off localhost they give WebGPU, storage, locks and cryptography to HTTPS pages alone. Give a certificate\n" +
    "  (--tls-cert, --tls-key), or put a proxy with one in front (--trust-proxy,\n  --public-url; the README has an example)."
  );
}
