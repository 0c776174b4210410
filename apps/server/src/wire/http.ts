// HTTP: pages, the manifest, the journal, and what is large on its way down (rules P14 and P15).
//
// Blobs are served by hash: immutable, cacheable for ever, in ranges, so a proxy in front of the coordinator can
// serve a million volunteers. Only hashes that the run names are served; of deltas those alone
// that a peer is to measure, where the run has reviews.

import { Readable } from "node:stream";
import type { Sha256 } from "@homebody/base";
import { type Download, downloadFolders, downloads, version } from "@homebody/protocol";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { parts } from "../health.ts";
import { keepGate, overdueEveryMs } from "./gate.ts";
import { guard } from "./guard.ts";
import { history } from "./history.ts";
import type { HttpInputs } from "./inputs.ts";
import { pages } from "./pages.ts";
import { parseRange } from "./range.ts";

export async function openHttp(inputs: HttpInputs): Promise<FastifyInstance> {
  const { tls, limits, trustProxy, turnedAway } = inputs;
  const options = {
    bodyLimit: 4096, // nothing is ever posted
    connectionTimeout: 120_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 20_000,
    routerOptions: { maxParamLength: 128, ignoreTrailingSlash: true },
    // One proxy, our own: its word on the last address is taken.
    trustProxy: trustProxy ? (_: string, hop: number) => hop < 1 : false,
    forceCloseConnections: true as const,
  };
  const heads = { connectionsCheckingInterval: overdueEveryMs };
  // One type for both: what is used of the app is the same over TLS.
  const app = (tls
    ? fastify({ ...options, https: { ...tls, ...heads, handshakeTimeout: limits.headMs } })
    : fastify({ ...options, http: heads })) as unknown as FastifyInstance;
  app.server.maxHeadersCount = 100;
  keepGate(app.server, { limits, trustProxy, turnedAway });
  guard(app, inputs);
  describe(app, inputs);
  history(app, inputs);
  for (const kind of downloads) download(app, kind, inputs);
  await pages(app, inputs.webRoot);
  return app;
}

function describe(app: FastifyInstance, { manifest, metrics, health }: HttpInputs): void {
  const fresh = { "cache-control": "no-store" };
  app.get("/healthz", async (_, reply) => {
    const found = await health.look();
    const ok = parts.every((part) => found[part]);
    return reply
      .code(ok ? 200 : 503)
      .headers(fresh)
      .send({ ok, run: manifest().run, homebody: version, well: found });
  });
  app.get("/metrics", async (_, reply) =>
    reply
      .headers(fresh)
      .type(metrics.registry.contentType)
      .send(await metrics.registry.metrics()),
  );
  app.get("/api/run", async (_, reply) => reply.headers(fresh).send(manifest()));
}

const contentTypes: Readonly<Record<Download, string>> = {
  body: "application/octet-stream",
  step: "application/octet-stream",
  review: "application/octet-stream",
  text: "application/jsonl; charset=utf-8",
  tokenizer: "application/json; charset=utf-8",
};

/** [P14] */
function download(app: FastifyInstance, kind: Download, inputs: HttpInputs): void {
  const { blobs, kindOf, served } = inputs;
  const answer = async (request: FastifyRequest<{ Params: { hash: string } }>, reply: FastifyReply) => {
    const hash = request.params.hash.replace(/\.(safetensors|jsonl|json)$/, "") as Sha256;
    const known = /^[0-9a-f]{64}$/.test(hash) && (await kindOf(hash)) === kind;
    const sizeBytes = known ? await blobs.size(hash) : undefined;
    if (sizeBytes === undefined) return reply.code(404).send({ error: `no such ${kind}` });
    const etag = `"${hash}"`;
    reply.headers({
      "cache-control": "public, max-age=31536000, immutable",
      etag,
      "accept-ranges": "bytes",
    });
    if (request.headers["if-none-match"]?.includes(etag)) return reply.code(304).send();
    const condition = request.headers["if-range"];
    const wanted = condition === undefined || condition === etag ? request.headers.range : undefined;
    const range = parseRange(wanted, sizeBytes);
    if (range === "unsatisfiable")
      return reply.code(416).header("content-range", `bytes */${sizeBytes}`).send();
    const { start, end } = range ?? { start: 0, end: sizeBytes };
    if (range) reply.code(206).header("content-range", `bytes ${start}-${end - 1}/${sizeBytes}`);
    reply.header("content-length", String(end - start)).type(contentTypes[kind]);
    if (request.method === "HEAD") return reply.send();
    const bytes = await blobs.stream(hash, { start, end });
    if (bytes === undefined) return reply.code(404).send({ error: `no such ${kind}` });
    return reply.send(Readable.from(counted(bytes, (size) => served(kind, size))));
  };
  app.route({ method: ["GET", "HEAD"], url: `/${downloadFolders[kind]}/:hash`, handler: answer });
}

async function* counted(bytes: AsyncIterable<Uint8Array>, tell: (size: number) => void) {
  for await (const piece of bytes) {
    tell(piece.length);
    yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  }
}
