// The address of a coordinator as people write it: with or without a scheme, copied from any of its pages.

import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { InputError } from "@homebody/base";

/** Pages of a coordinator, and where its manifest is: whoever names one means the coordinator. */
const pages = new Set(["/", "/dashboard", "/try", "/admin", "/api/run"]);

/** Its origin. Throws an InputError that names `where`, for what is no coordinator's address. */
export function coordinatorUrl(where: string, text: string): URL {
  const url = parsed(text);
  if (url === undefined)
    throw new InputError(where, "an address such as https://run.example.org", text === "" ? "nothing" : text);
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, "") : url.pathname;
  if (pages.has(path)) return new URL(url.origin);
  throw new InputError(
    where,
    `the coordinator alone, such as ${url.origin}`,
    `${text}, with a path of no page of its`,
  );
}

/** Where a folder may be given too: what has a scheme, a port or a page behind it, and is no folder. */
export function looksLikeAddress(text: string): boolean {
  if (/^\.{0,2}\//.test(text) || existsSync(text)) return false;
  if (schemed.test(text)) return true;
  const url = parsed(text);
  if (url === undefined) return false;
  const hasPage = url.pathname !== "/" && pages.has(url.pathname);
  return isHere(url.hostname) || url.port !== "" || hasPage;
}

/** Without a scheme: a name with a dot, an address, or localhost. HTTP for localhost and for numbers, else HTTPS. */
function parsed(text: string): URL | undefined {
  const hasScheme = schemed.test(text);
  const guess = hasScheme ? text : `https://${text}`;
  if (!URL.canParse(guess)) return undefined;
  const url = new URL(guess);
  if (hasScheme) return /^https?:$/.test(url.protocol) ? url : undefined;
  if (isHere(url.hostname)) return new URL(`http://${text}`);
  return url.hostname.includes(".") || url.port !== "" ? url : undefined;
}

const schemed = /^[a-z][a-z0-9+.-]*:\/\//i;
const isHere = (host: string) => host === "localhost" || isIP(host.replace(/^\[|\]$/g, "")) > 0;
