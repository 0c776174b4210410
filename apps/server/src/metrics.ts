// Figures for the host's own monitoring, at /metrics in the Prometheus format: counts and times, no names.

import type { Counts } from "@homebody/service";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

export type Metrics = ReturnType<typeof metrics>;

/** Counted when somebody asks. */
const counted: readonly (readonly [of: keyof Counts, name: string, help: string])[] = [
  ["connections", "connections", "open sockets"],
  ["volunteers", "volunteers", "volunteers connected"],
  ["remembered", "volunteers_remembered", "volunteers kept in mind, connected or not"],
  ["uploads", "uploads", "uploads under way"],
  ["spooledBytes", "spooled_bytes", "bytes of uploads under way"],
  ["blobs", "blobs", "blobs that the run needs"],
];

export function metrics(counts: () => Counts) {
  const registry = new Registry();
  const on = { registers: [registry] };
  for (const [of, name, help] of counted)
    new Gauge({
      name: `homebody_${name}`,
      help,
      ...on,
      collect() {
        this.set(counts()[of]);
      },
    });
  const seconds = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];
  let waitingBytes = () => 0;
  new Gauge({
    name: "homebody_waiting_bytes",
    help: "bytes that wait for connections to read them",
    ...on,
    collect() {
      this.set(waitingBytes());
    },
  });
  return {
    registry,
    /** Where it is asked how many bytes wait. */
    waitsIn(bytes: () => number): void {
      waitingBytes = bytes;
    },
    turnedAway: new Counter({
      name: "homebody_turned_away_total",
      help: "connections ended for asking too much, before they said a word or after",
      labelNames: ["at"] as const,
      ...on,
    }),
    round: new Gauge({ name: "homebody_round", help: "rounds published", ...on }),
    journal: new Gauge({ name: "homebody_journal_entries", help: "facts in the journal", ...on }),
    refusals: new Counter({
      name: "homebody_refusals_total",
      help: "requests refused, by word",
      labelNames: ["word"] as const,
      ...on,
    }),
    receivedBytes: new Counter({ name: "homebody_received_bytes_total", help: "bytes of chunks", ...on }),
    servedBytes: new Counter({
      name: "homebody_served_bytes_total",
      help: "bytes of bodies, outer steps and texts",
      labelNames: ["kind"] as const,
      ...on,
    }),
    commitSeconds: new Histogram({
      name: "homebody_commit_seconds",
      help: "from a commit to its acknowledgement",
      buckets: seconds,
      ...on,
    }),
    averageSeconds: new Histogram({
      name: "homebody_average_seconds",
      help: "from a closed round to its published body",
      buckets: seconds,
      ...on,
    }),
  };
}
