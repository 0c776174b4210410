// A certificate and its key, read before anything else happens: what is wrong with them is said in a sentence.

import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { InputError } from "@homebody/base";

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Throws an InputError for files that are not these two, or do not belong together. */
export async function readCertificate(certPath: string, keyPath: string): Promise<Certificate> {
  const pair = {
    cert: await readPem("--tls-cert", certPath),
    key: await readPem("--tls-key", keyPath),
  };
  const failure = refused(pair);
  if (failure === undefined) return pair;
  if (refused({ cert: pair.key, key: pair.cert }) === undefined)
    throw new InputError("--tls-cert, --tls-key", "certificate and key", "them the other way round");
  if (!pair.cert.includes("-----BEGIN CERTIFICATE-----"))
    throw new InputError("--tls-cert", "a certificate (-----BEGIN CERTIFICATE-----)", `none in ${certPath}`);
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pair.key.toString("latin1")))
    throw new InputError("--tls-key", "a private key (-----BEGIN PRIVATE KEY-----)", `none in ${keyPath}`);
  if (/ENCRYPTED/.test(pair.key.toString("latin1")))
    throw new InputError("--tls-key", "a key without a passphrase (openssl pkey writes one)", keyPath);
  throw new InputError("--tls-key", `the key of the certificate in ${certPath}`, `${keyPath} (${failure})`);
}

/** Why HTTPS cannot be spoken with them. */
function refused(pair: Certificate): string | undefined {
  try {
    createSecureContext(pair);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function readPem(option: string, path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(option, `a readable file at ${path}`, error.code ?? error.message);
  });
  if (bytes.includes("-----BEGIN ")) return bytes;
  throw new InputError(option, "a file in PEM (-----BEGIN ...)", `${bytes.length} bytes of something else`);
}
