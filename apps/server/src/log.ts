// What is told of a run goes to the log and to the metrics.

import { InputError } from "@homebody/base";
import type { RunState } from "@homebody/coordinator";
import { bucket, type Notices } from "@homebody/service";
import { type Logger, pino } from "pino";
import type { Part } from "./health.ts";
import type { Metrics } from "./metrics.ts";

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** Logs are lines of JSON on stderr: stdout belongs to whoever started the server. */
export function stderrLog(level = process.env.LOG_LEVEL ?? "info"): Logger {
  if (!levels.includes(level)) throw new InputError("LOG_LEVEL", `one of ${levels.join(", ")}`, level);
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
}

export interface HostNotices extends Notices {
  /** A request ended in an error of ours; the answer has the id. */
  unanswered(error: unknown, id: string): void;
  unwell(part: Part, error: unknown): void;
}

export function noticesFor(log: Logger, metrics: Metrics, state: () => RunState): HostNotices {
  const failed = sparing(log);
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
    troubled: (error) => failed({ err: error }, "the world failed; it is tried again"),
    unanswered: (error, id) => failed({ err: error, id }, "a request could not be answered"),
    unwell: (part, error) => failed({ err: error, part }, "the coordinator is not well"),
    failed: (error) => log.fatal({ err: error, state: phaseOf(state()) }, "the run cannot go on"),
  };
}

const linesAtOnce = 30;
const linesPerSecond = 0.5;

/** What strangers can make happen as often as they like is logged so often and no more: a log may not fill the disk [P36]. */
export function sparing(log: Pick<Logger, "error">, now: () => number = () => performance.now()) {
  const lines = bucket(linesPerSecond, linesAtOnce);
  let left = 0;
  return (what: object, sentence: string): void => {
    if (!lines.take(now())) {
      left += 1;
      return;
    }
    log.error(left === 0 ? what : { ...what, leftOut: left }, sentence);
    left = 0;
  };
}

function phaseOf({ phase }: RunState): string {
  return "round" in phase ? `${phase.kind} ${phase.round}` : phase.kind;
}
