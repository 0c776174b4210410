// Everybody who is here, a row each: source, device, state, progress, speed, connection. On a phone a row folds.

import { deltasIn, type Figures } from "@homebody/coordinator";
import type { PresenceReport } from "@homebody/protocol";
import type { ReactNode } from "react";
import { compact, count, plural } from "../format/numbers.ts";
import { ago, moment } from "../format/times.ts";
import type { FeedState } from "../run/feed.ts";
import { freshnessOf } from "../run/freshness.ts";
import { useNow } from "../state/now.ts";
import { Badge, Meter, Section, type Tone } from "../ui/pieces.tsx";
import { SourceName } from "../ui/SourceMark.tsx";
import { shortId } from "./event-sentences.ts";
import { type Person, type PersonState, peopleOf, personWords, progressStages, shareOf } from "./people.ts";

const tones: Readonly<Record<PersonState, Tone>> = {
  gone: "calm",
  missing: "warn",
  preparing: "calm",
  waits: "calm",
  "in-round": "warn",
  delivered: "good",
  ready: "good",
};

const shownAtMost = 200;

const quarantinedTitle =
  "Volunteers of its source found, one after another, that what it sends makes the body worse: it does not count until one finds no harm.";

export interface PeopleProps {
  readonly run: FeedState;
  readonly figures: Figures;
  /** Something to do with a volunteer, in a last column. */
  readonly act?: (person: Person) => ReactNode;
}

export function People({ run, figures, act }: PeopleProps) {
  const now = useNow();
  const fresh = freshnessOf(run, now);
  const asOf = fresh.kind === "lost" ? (fresh.asOf ?? now) : null;
  const who = asOf === null ? "who is here" : `who was here at ${moment(asOf, now)}`;
  return (
    <Section
      id="people"
      title={`Round ${figures.round}: ${who}`}
      aside={asOf === null && <Delivered figures={figures} />}
    >
      <Rows
        {...{ figures, act }}
        presence={run.presence}
        asOf={asOf}
        now={(asOf ?? now) + run.clockAheadMs}
      />
    </Section>
  );
}

interface RowsProps extends Pick<PeopleProps, "figures"> {
  readonly act: PeopleProps["act"] | undefined;
  readonly presence: PresenceReport | null;
  /** When it was so, where that is not now. */
  readonly asOf: number | null;
  /** Of the coordinator's clock: when it is or was so. */
  readonly now: number;
}

function Rows({ presence, ...props }: RowsProps) {
  const people = peopleOf(props.figures, presence);
  const shown = people.slice(0, shownAtMost);
  const all = presence?.counts?.all ?? people.length;
  if (presence === null) return <p className="text-muted">The coordinator has not said yet who is here.</p>;
  if (people.length === 0)
    return (
      <p className="text-muted">
        {props.asOf === null ? "Nobody is here. The run waits for volunteers." : "Nobody was here."}
      </p>
    );
  return (
    <>
      <table className="block w-full border-collapse text-sm md:table" data-testid="volunteers">
        <thead className="sr-only md:not-sr-only md:table-header-group">
          <tr className="text-left text-muted">
            {[...heads, ...(props.act ? ["Act"] : [])].map((head) => (
              <th key={head} scope="col" className="whitespace-nowrap py-1 pr-4 font-normal">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="block md:table-row-group">
          {shown.map((person) => (
            <Row key={person.volunteer} person={person} {...props} />
          ))}
        </tbody>
      </table>
      {all > shown.length && (
        <p className="mt-2 text-sm text-muted">and {plural(all - shown.length, "more volunteer")}</p>
      )}
    </>
  );
}

const heads = ["Volunteer", "Source", "Device", "State", "Progress", "Speed", "Connection"];

function Delivered({ figures }: { figures: Figures }) {
  if (figures.phase !== "training" && figures.phase !== "closing") return null;
  const expected = figures.roundList.at(-1)?.assigned.length ?? 0;
  return (
    <span className="text-sm text-muted" data-testid="delivered">
      {count(deltasIn(figures).length)} of {plural(expected, "delta")} in
    </span>
  );
}

function Row({ person, figures, asOf, now, act }: Omit<RowsProps, "presence"> & { person: Person }) {
  const { volunteer, device, connected, state, progress } = person;
  const index = figures.sources.findIndex(({ id }) => id === person.source);
  const source = figures.sources[index] ?? { title: person.source, language: person.source, sinceBody: null };
  const cell = "block py-0.5 md:table-cell md:py-2 md:pr-4";
  return (
    <tr
      className={`grid grid-cols-2 gap-x-4 border-t border-line py-2 md:table-row md:py-0 ${connected && asOf === null ? "" : "text-muted"}`}
      data-testid="volunteer"
      data-volunteer={volunteer}
      data-state={state}
    >
      <th scope="row" className={`${cell} text-left font-medium`} title={volunteer}>
        <code>{shortId(volunteer)}</code>
      </th>
      <td className={cell}>
        <SourceName index={index} {...source} />
      </td>
      <td className={cell}>
        {device.backend === "webgpu" ? "WebGPU" : device.backend === "wasm" ? "WebAssembly" : "plain"},{" "}
        {device.host === "browser" ? "browser" : "headless"}
      </td>
      <td className={cell}>
        <Badge tone={asOf === null ? tones[state] : "calm"}>{personWords[state]}</Badge>
        {person.quarantined && (
          <span className="block text-muted" data-testid="quarantined" title={quarantinedTitle}>
            in quarantine
          </span>
        )}
      </td>
      <td className={`${cell} md:w-48`}>
        <Far person={person} />
      </td>
      <td className={cell}>
        {progress?.tokensPerSecond != null ? `${compact(progress.tokensPerSecond)} tokens/s` : ""}
      </td>
      <td className={cell}>{connectionWords(person, now)}</td>
      {act && <td className={cell}>{act(person)}</td>}
    </tr>
  );
}

/** How far somebody is with what it does. */
function Far({ person }: { person: Person }) {
  const { volunteer, progress } = person;
  const share = shareOf(person);
  return (
    <>
      {progress !== null && (
        <span className="block">
          {progressStages[progress.stage]}
          {progress.of > 0 ? `, ${count(progress.step)} of ${count(progress.of)}` : ""}
        </span>
      )}
      {share !== null && <Meter label={`Progress of ${shortId(volunteer)}`} share={share} />}
    </>
  );
}

/** Whoever has nothing to do says nothing; how long ago it spoke matters where a round waits for it. */
function connectionWords({ connected, state, lastSeenAt }: Person, now: number): string {
  if (!connected) return `lost ${ago(lastSeenAt, now)}`;
  return state === "in-round" ? `connected, heard ${ago(lastSeenAt, now)}` : "connected";
}
