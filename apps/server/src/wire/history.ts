// What was, over HTTP: figures, samples [P48], pages of the journal, all of it [P15]. A small request brings much here, so it is
// bounded how much an address may read in a time, how much of it is on its way at once, and for how long [P32].

import { Readable } from "node:stream";
import { type Figures, writeFigures } from "@homebody/coordinator";
import { buckets, counters, journalLines } from "@homebody/service";
import type { Journal } from "@homebody/store/ports";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { HttpInputs } from "./inputs.ts";
import { networkOf } from "./network.ts";

/** A page ends with the entry that makes it longer than this. */
const pageBytes = 1024 * 1024;
const readAtOnce = 100;
/** Answers on their way: of one address, and in all. */
const atOncePerAddress = 32;
const atOnce = 128;
/** An answer that was not read by then is not waited for; the whole journal takes as long as its reader. */
const answerMs = 120_000;
const journalMs = 3_600_000;
/** Seconds of the rate that an address may read at once. */
const atOnceSeconds = 24;
const fresh = { "cache-control": "no-store" };

export function history(app: FastifyInstance, inputs: HttpInputs): void {
  const { manifest, figures, samples, journal } = inputs;
  const budget = budgetOf(inputs);
  const written = figuresText(figures);

  const admit = budget.within(answerMs);

  app.get("/api/figures", { onRequest: admit }, async (request, reply) => {
    const text = written();
    budget.charge(request, text.length);
    return reply.headers(fresh).type(json).send(text);
  });
  app.get("/api/samples", { onRequest: admit }, async (request, reply) => {
    const text = JSON.stringify({ samples: samples() });
    budget.charge(request, text.length);
    return reply.headers(fresh).type(json).send(text);
  });
  app.get<{ Querystring: { after?: string; limit?: string } }>(
    "/api/journal",
    { onRequest: admit },
    async (request, reply) => {
      const after = count(request.query.after, 0, Number.MAX_SAFE_INTEGER);
      const limit = count(request.query.limit, 1000, 5000);
      if (after === undefined || limit === undefined)
        return reply.code(400).send({ error: "after, limit: expected whole numbers" });
      const { run } = manifest();
      const entries = await pageOf(journal, run, after, limit);
      const text = `{"entries":[${entries.join(",")}],"last":${await journal.lastSeq(run)}}`;
      budget.charge(request, text.length);
      return reply.headers(fresh).type(json).send(text);
    },
  );
  app.get("/api/journal.jsonl", { onRequest: budget.within(journalMs) }, async (request, reply) => {
    const name = `homebody-${manifest().run.slice(0, 8)}.jsonl`;
    return reply
      .headers({ ...fresh, "content-disposition": `attachment; filename="${name}"` })
      .type("application/jsonl")
      .send(Readable.from(budget.paced(request, journalLines(journal, manifest().run))));
  });
}

const json = "application/json; charset=utf-8";

/** Entries after the given one, as text: as many as were asked for, or a page of them. */
async function pageOf(
  journal: Pick<Journal, "read">,
  run: Parameters<Journal["read"]>[0],
  after: number,
  limit: number,
): Promise<readonly string[]> {
  const texts: string[] = [];
  let bytes = 0;
  while (texts.length < limit && bytes < pageBytes) {
    const wanted = Math.min(readAtOnce, limit - texts.length);
    const entries = await journal.read(run, after + texts.length, wanted);
    for (const entry of entries) {
      if (bytes >= pageBytes) break;
      const text = JSON.stringify(entry);
      texts.push(text);
      bytes += text.length;
    }
    if (entries.length < wanted) break;
  }
  return texts;
}

function budgetOf({ limits, clock }: HttpInputs) {
  const perSecond = limits.historyBytesPerSecond;
  const bytes = buckets(perSecond, perSecond * atOnceSeconds);
  const underWay = counters();
  let all = 0;

  const within = (mostMs: number) => async (request: FastifyRequest, reply: FastifyReply) => {
    const network = networkOf(request.ip);
    const isFull = all >= atOnce || underWay.of(network) >= atOncePerAddress;
    if (isFull || !bytes.take(network, clock.now()))
      return reply
        .code(429)
        .header("retry-after", "3")
        .send({ error: "too much is read: try again in a while" });
    all += 1;
    underWay.add(network, 1);
    const cancel = clock.after(mostMs, () => reply.raw.destroy());
    reply.raw.once("close", () => {
      cancel();
      all -= 1;
      underWay.add(network, -1);
    });
    return undefined;
  };

  const charge = (request: FastifyRequest, size: number) =>
    bytes.take(networkOf(request.ip), clock.now(), size);

  /** As fast as the address may read. */
  async function* paced(request: FastifyRequest, texts: AsyncIterable<string>): AsyncGenerator<string> {
    for await (const text of texts) {
      while (!charge(request, text.length)) {
        if (request.raw.destroyed) return; // nobody reads it any more
        await clock.sleep(1000);
      }
      yield text;
    }
  }

  return { within, charge, paced };
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
