// Before and behind every answer: who may ask, how often, what a browser may do with it, and what a visitor learns when
// something fails here, which is nothing but where to look [P34] [P35].

import { randomUUID } from "node:crypto";
import { buckets, counters } from "@homebody/service";
import type { FastifyError, FastifyInstance, FastifyRequest } from "fastify";
import type { HttpInputs } from "./inputs.ts";
import { networkOf } from "./network.ts";

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

/** Requests at once, in seconds of their rate: a school opens its pages together, each of some fifteen files. */
const atOnceSeconds = 20;

export function guard(app: FastifyInstance, inputs: HttpInputs): void {
  const { limits, clock, visitors, trustProxy, failed } = inputs;
  const allowed = buckets(limits.requestsPerSecond, limits.requestsPerSecond * atOnceSeconds);
  // Behind a proxy, whose connections they are, requests are counted instead.
  const underWay = counters();

  app.addHook("onRequest", async (request, reply) => {
    const { origin } = request.headers;
    const isGuest = visitors.isGuest(origin);
    reply.headers({
      "content-security-policy": contentSecurityPolicy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": isGuest ? "cross-origin" : "same-origin",
      vary: "origin",
      ...(isGuest ? { "access-control-allow-origin": origin } : {}),
    });
    const wrong = visitors.whyNot(request);
    if (wrong) return reply.code(wrong.status).send({ error: wrong.sentence });
    const network = networkOf(request.ip);
    const isFull = trustProxy && underWay.of(network) >= limits.socketsPerAddress;
    if (isFull || !allowed.take(network, clock.now()))
      return reply.code(429).header("retry-after", "1").send();
    if (!trustProxy) return;
    underWay.add(network, 1);
    reply.raw.once("close", () => underWay.add(network, -1));
  });

  app.setErrorHandler((error: FastifyError, _: FastifyRequest, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) return reply.code(statusCode).send({ error: error.message });
    const id = randomUUID();
    failed(error, id);
    return reply
      .code(500)
      .send({ error: `The coordinator has trouble of its own. Its log says more, under ${id}.` });
  });
}
