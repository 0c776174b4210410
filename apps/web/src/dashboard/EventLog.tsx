// What just happened: the journal's latest facts as sentences, newest first, filtered by kind and by words.

import type { Entry, Figures } from "@homebody/coordinator";
import { useMemo, useState } from "react";
import { plural } from "../format/numbers.ts";
import { moment } from "../format/times.ts";
import { keptEntries } from "../run/feed.ts";
import { namesOf } from "../run/source-names.ts";
import { useNow } from "../state/now.ts";
import { Button, Section } from "../ui/pieces.tsx";
import { type EventGroup, eventWords, groupOf, groupWords } from "./event-sentences.ts";

const groups = Object.keys(groupWords) as EventGroup[];
const step = 12;

export interface EventLogProps {
  readonly entries: readonly Entry[];
  readonly sources: Figures["sources"];
  readonly earlier: () => void;
}

export function EventLog({ entries, sources, earlier }: EventLogProps) {
  const now = useNow();
  const [hidden, setHidden] = useState<ReadonlySet<EventGroup>>(new Set());
  const [words, setWords] = useState("");
  const [most, setMost] = useState(step);
  const wanted = words.trim().toLowerCase();
  const nameOf = useMemo(() => namesOf(sources), [sources]);
  const found = useMemo(
    () =>
      entries.filter(
        ({ fact }) =>
          !hidden.has(groupOf(fact)) &&
          (wanted === "" ||
            eventWords(fact, nameOf).toLowerCase().includes(wanted) ||
            ("volunteer" in fact && fact.volunteer.startsWith(wanted)) ||
            ("source" in fact && fact.source === wanted)),
      ),
    [entries, hidden, wanted, nameOf],
  );
  const shown = found.slice(-most).reverse();
  const hasEarlier = (entries[0]?.seq ?? 1) > 1 && entries.length < keptEntries;
  return (
    <Section
      id="events"
      title="What happened"
      aside={
        <a
          href="/api/journal.jsonl"
          download
          data-testid="export-journal"
          className="inline-flex min-h-11 items-center"
        >
          Export the whole journal (journal.jsonl)
        </a>
      }
    >
      <div className="mb-3 flex flex-wrap items-center gap-x-4 gap-y-1">
        {groups.map((group) => (
          <label key={group} className="inline-flex min-h-11 items-center gap-2">
            <input
              type="checkbox"
              checked={!hidden.has(group)}
              onChange={(event) => {
                const next = new Set(hidden);
                if (event.target.checked) next.delete(group);
                else next.add(group);
                setHidden(next);
              }}
              className="size-5 accent-(--run)"
            />
            {groupWords[group]}
          </label>
        ))}
        <input
          type="search"
          value={words}
          onChange={(event) => setWords(event.target.value)}
          placeholder="Volunteer, source, round 3"
          aria-label="Filter the events by words"
          className="min-h-11 min-w-0 flex-1 basis-56 rounded-lg border border-edge bg-paper px-3 placeholder:text-muted"
        />
      </div>
      {shown.length === 0 ? (
        <p className="text-muted">{entries.length === 0 ? "Nothing yet." : "No event fits the filter."}</p>
      ) : (
        <ol className="divide-y divide-line text-sm" data-testid="events" aria-label="Events, newest first">
          {shown.map(({ seq, at, fact }) => (
            <li key={seq} data-seq={seq} data-kind={fact.kind} className="flex gap-x-4 py-2">
              <time dateTime={new Date(at).toISOString()} className="w-20 shrink-0 text-muted sm:w-36">
                {moment(at, now)}
              </time>
              <span className="min-w-0">{eventWords(fact, nameOf)}</span>
            </li>
          ))}
        </ol>
      )}
      {found.length > most && (
        <Button className="mt-3" onClick={() => setMost(most + 10 * step)}>
          Show more of {plural(found.length - most, "older event")}
        </Button>
      )}
      {found.length <= most && hasEarlier && (
        <Button className="mt-3" onClick={earlier}>
          Read earlier events
        </Button>
      )}
    </Section>
  );
}
