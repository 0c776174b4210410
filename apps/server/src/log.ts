// What is told of a run goes to the log and to the metrics.

import type { RunState } from "@homebody/coordinator";
import type { Notices } from "@homebody/service";
import { type Logger, pino } from "pino";
import type { Metrics } from "./metrics.ts";

/** Logs are lines of JSON on stderr: stdout belongs to whoever started the server. */
export function stderrLog(level = process.env.LOG_LEVEL ?? "info"): Logger {
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
}

export function noticesFor(log: Logger, metrics: Metrics, state: () => RunState): Notices {
  return {
    appended(entries, { body, contributors }) {
      for (const { seq, fact } of entries) {
        log.debug({ seq, fact: fact.kind }, "fact");
        if (fact.kind === "published")
          log.info({ round: fact.round, deltas: contributors.size }, "published");
        if (fact.kind === "dropped") {
          const { round, volunteer, reason } = fact;
          log.warn({ round, volunteer, reason }, "an accepted delta is lost and not averaged");
        }
      }
      metrics.journal.set(entries.at(-1)!.seq);
      metrics.round.set(body.number);
    },
    averaged: (seconds) => metrics.averageSeconds.observe(seconds),
    committed: (seconds) => metrics.commitSeconds.observe(seconds),
    received: (bytes) => metrics.receivedBytes.inc(bytes),
    refused: (word) => metrics.refusals.inc({ word }),
    acted: ({ kind }) => log.info({ act: kind }, "admin act"),
    stays: (hash, error) => log.warn({ err: error, hash }, "a blob stays"),
    troubled: (error) => log.error({ err: error }, "the world failed; it is tried again"),
    failed: (error) => log.fatal({ err: error, state: phaseOf(state()) }, "the run cannot go on"),
  };
}

function phaseOf({ phase }: RunState): string {
  return "round" in phase ? `${phase.kind} ${phase.round}` : phase.kind;
}
