// The built application, as its build compressed it: hashed assets for ever, a page always asked for again. Where there is nothing, a
// browser gets a page that says so, and a program JSON.

import { existsSync } from "node:fs";
import fastifyStatic, { type SetHeadersResponse } from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const routes = ["/", "/dashboard", "/try", "/admin"];

export async function pages(app: FastifyInstance, webRoot: string): Promise<void> {
  await app.register(existsSync(webRoot) ? (scope) => built(scope, webRoot) : unbuilt);
}

async function built(app: FastifyInstance, root: string): Promise<void> {
  app.addHook("onRequest", async (_, reply) => {
    reply.header("vary", "origin, accept-encoding");
  });
  await app.register(fastifyStatic, {
    ...{ root, index: false, cacheControl: false, preCompressed: true },
    setHeaders: keepFor,
  });
  for (const route of routes) app.get(route, async (_, reply) => reply.sendFile("index.html"));
  app.setNotFoundHandler(async (request, reply) => {
    reply.code(404).header("vary", "origin, accept, accept-encoding");
    return isForPerson(request) ? reply.sendFile("404.html") : nothingAt(request, reply);
  });
}

async function unbuilt(app: FastifyInstance): Promise<void> {
  for (const route of routes)
    app.get(route, async (_, reply) =>
      reply.code(503).type("text/plain").send("The web application is not built yet: npm run build\n"),
    );
  app.setNotFoundHandler(async (request, reply) => nothingAt(request, reply.code(404)));
}

function keepFor(response: SetHeadersResponse, path: string): void {
  const isHashed = path.includes("/assets/");
  response.setHeader("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
}

/** Only browsers that open a page ask for HTML. */
function isForPerson({ headers }: FastifyRequest): boolean {
  return /\btext\/html\b/.test(headers.accept ?? "");
}

function nothingAt({ method, url }: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.send({ error: `there is nothing at ${method} ${url}` });
}
