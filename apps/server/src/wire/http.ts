// HTTP: pages, the manifest, the journal, and what is large on its way down (rules P14 and P15).
//
// Blobs are served by hash: immutable, cacheable for ever, in ranges, so a proxy in front of the coordinator can
// serve a million volunteers. Only hashes that the run names are served; a delta never is.

import { existsSync } from "node:fs";
import { Readable } from "node:stream";
import fastifyStatic from "@fastify/static";
import type { Sha256 } from "@homebody/base";
import { type BlobKind, type Figures, writeFigures } from "@homebody/coordinator";
import { type RunManifest, version } from "@homebody/protocol";
import { buckets, journalLines, type Limits } from "@homebody/service";
import type { Blobs, Journal } from "@homebody/store/ports";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Metrics } from "../metrics.ts";
import { parseRange } from "./range.ts";

export interface HttpInputs {
  readonly manifest: () => RunManifest;
  readonly figures: () => Figures;
  readonly journal: Journal;
  readonly blobs: Blobs;
  /** What a blob of this run is; undefined for what the run does not name. */
  readonly kindOf: (hash: Sha256) => Promise<BlobKind | undefined>;
  /** Where the built web application is. */
  readonly webRoot: string;
  readonly metrics: Metrics;
  readonly limits: Limits;
  readonly served: (kind: Download, bytes: number) => void;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly trustProxy: boolean;
  readonly clock: () => number;
}

// wasm-unsafe-eval lets WebAssembly compile; scripts, styles and workers come from here alone, except workers
// that a bundler makes from a blob of our own script.
const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export async function openHttp(inputs: HttpInputs): Promise<FastifyInstance> {
  const options = {
    bodyLimit: 4096, // nothing is ever posted
    connectionTimeout: 120_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 20_000,
    routerOptions: { maxParamLength: 128 },
    // One proxy, our own: its word on the last address is taken.
    trustProxy: inputs.trustProxy ? (_: string, hop: number) => hop < 1 : false,
    forceCloseConnections: true as const,
  };
  // One type for both: what is used of the app is the same over TLS.
  const app = (inputs.tls
    ? fastify({ ...options, https: inputs.tls })
    : fastify(options)) as unknown as FastifyInstance;
  app.server.maxHeadersCount = 100;
  app.server.maxConnections = inputs.limits.connections * 2; // a page has a socket and its downloads
  guard(app, inputs);
  describe(app, inputs);
  download(app, "/bodies/:hash", "body", inputs);
  download(app, "/texts/:hash", "text", inputs);
  download(app, "/tokenizers/:hash", "tokenizer", inputs);
  await pages(app, inputs.webRoot);
  return app;
}

function guard(app: FastifyInstance, { limits, clock }: HttpInputs): void {
  const allowed = buckets(limits.requestsPerSecond, limits.requestsPerSecond * 5);
  app.addHook("onRequest", async (request, reply) => {
    reply.headers({
      "content-security-policy": contentSecurityPolicy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
    });
    if (!allowed.take(request.ip, clock())) return reply.code(429).header("retry-after", "1").send();
  });
}

function describe(app: FastifyInstance, { manifest, figures, journal, metrics }: HttpInputs): void {
  const fresh = { "cache-control": "no-store" };
  app.get("/healthz", async (_, reply) =>
    reply.headers(fresh).send({ ok: true, run: manifest().run, homebody: version }),
  );
  app.get("/metrics", async (_, reply) =>
    reply
      .headers(fresh)
      .type(metrics.registry.contentType)
      .send(await metrics.registry.metrics()),
  );
  app.get("/api/run", async (_, reply) => reply.headers(fresh).send(manifest()));
  const written = figuresText(figures);
  app.get("/api/figures", async (_, reply) =>
    reply.headers(fresh).type("application/json; charset=utf-8").send(written()),
  );
  app.get<{ Querystring: { after?: string; limit?: string } }>("/api/journal", async (request, reply) => {
    const after = count(request.query.after, 0, Number.MAX_SAFE_INTEGER);
    const limit = count(request.query.limit, 1000, 5000);
    if (after === undefined || limit === undefined)
      return reply.code(400).send({ error: "after, limit: expected whole numbers" });
    const { run } = manifest();
    const entries = await journal.read(run, after, limit);
    return reply.headers(fresh).send({ entries, last: await journal.lastSeq(run) });
  });
  app.get("/api/journal.jsonl", async (_, reply) => {
    const name = `homebody-${manifest().run.slice(0, 8)}.jsonl`;
    return reply
      .headers({ ...fresh, "content-disposition": `attachment; filename="${name}"` })
      .type("application/jsonl")
      .send(Readable.from(journalLines(journal, manifest().run)));
  });
}

/** Written once for all who ask before the next entry: figures that were read never change. */
function figuresText(figures: () => Figures): () => string {
  let last: { readonly figures: Figures; readonly text: string } | undefined;
  return () => {
    const now = figures();
    if (last?.figures !== now) last = { figures: now, text: JSON.stringify(writeFigures(now)) };
    return last.text;
  };
}

function count(text: string | undefined, otherwise: number, most: number): number | undefined {
  if (text === undefined) return otherwise;
  return /^\d{1,15}$/.test(text) ? Math.min(Number(text), most) : undefined;
}

/** What is downloaded by its hash, as what. */
const contentTypes = {
  body: "application/octet-stream",
  text: "application/jsonl; charset=utf-8",
  tokenizer: "application/json; charset=utf-8",
};
type Download = keyof typeof contentTypes;

/** [P14] */
function download(app: FastifyInstance, path: string, kind: Download, inputs: HttpInputs): void {
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
  app.route({ method: ["GET", "HEAD"], url: path, handler: answer });
}

async function* counted(bytes: AsyncIterable<Uint8Array>, tell: (size: number) => void) {
  for await (const piece of bytes) {
    tell(piece.length);
    yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  }
}

/** The built application: hashed assets for ever, the page itself always asked for again. */
async function pages(app: FastifyInstance, webRoot: string): Promise<void> {
  const routes = ["/", "/dashboard", "/try", "/admin"];
  if (!existsSync(webRoot)) {
    for (const route of routes)
      app.get(route, async (_, reply) =>
        reply.code(503).type("text/plain").send("The web application is not built yet: npm run build\n"),
      );
    return;
  }
  await app.register(fastifyStatic, {
    root: webRoot,
    index: false,
    cacheControl: false,
    setHeaders: (response, path) => {
      const hashed = path.includes("/assets/");
      response.setHeader("cache-control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  for (const route of routes)
    app.get(route, async (_, reply) => reply.header("cache-control", "no-cache").sendFile("index.html"));
}
