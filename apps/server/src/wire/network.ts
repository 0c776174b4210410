// Whom a limit counts: an IPv4 address, or the /64 of an IPv6 address, which is what one household is given [P33].

import { isIP, isIPv4 } from "node:net";

/** What is no address stays what it is, and is counted as one. */
export function networkOf(remote: string | undefined): string {
  const address = withoutPort(remote ?? "unknown");
  if (isIP(address) !== 6) return address;
  const groups = groupsOf(address);
  const mapped = groups.slice(0, 6).join(":") === "0:0:0:0:0:ffff";
  if (!mapped) return `${groups.slice(0, 4).join(":")}::/64`;
  return groups
    .slice(6)
    .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
    .join(".");
}

/** Some proxies write the port too. */
function withoutPort(address: string): string {
  const bracketed = /^\[(.*)\](:\d+)?$/.exec(address);
  if (bracketed) return bracketed[1]!;
  const [before, port, ...more] = address.split(":");
  return port !== undefined && more.length === 0 && isIPv4(before!) ? before! : address;
}

/** The eight groups of an IPv6 address, in hex digits without leading zeros. */
function groupsOf(address: string): string[] {
  const { hostname } = new URL(`http://[${address.split("%")[0]}]`);
  const [head, tail] = hostname.slice(1, -1).split("::");
  const parts = (text: string | undefined) => (text ? text.split(":") : []);
  const [first, last] = [parts(head), parts(tail)];
  return [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last];
}
