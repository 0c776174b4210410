// Everybody who is here, a row each: source, device, state, progress, speed, last seen. On a phone a row folds.

import type { Figures } from "@homebody/coordinator";
import type { PresenceReport } from "@homebody/protocol";
import type { ReactNode } from "react";
import { compact, count, plural } from "../format/numbers.ts";
import { ago } from "../format/times.ts";
import { useNow } from "../state/now.ts";
import { Badge, Meter, Section, type Tone } from "../ui/pieces.tsx";
import { SourceName } from "../ui/SourceMark.tsx";
import { shortId } from "./event-sentences.ts";
import { type Person, type PersonState, peopleOf, personWords, progressStages, shareOf } from "./people.ts";

const tones: Readonly<Record<PersonState, Tone>> = {
  gone: "calm",
  preparing: "calm",
  waits: "calm",
  "in-round": "warn",
  delivered: "good",
  ready: "good",
};

const shownAtMost = 200;

export interface PeopleProps {
  readonly figures: Figures;
  readonly presence: PresenceReport | null;
  readonly clockAheadMs: number;
  /** Something to do with a volunteer, in a last column. */
  readonly act?: (person: Person) => ReactNode;
}

export function People({ figures, presence, clockAheadMs, act }: PeopleProps) {
  const now = useNow() + clockAheadMs;
  const people = peopleOf(figures, presence);
  const shown = people.slice(0, shownAtMost);
  const all = presence?.counts?.all ?? people.length;
  const heads = [
    "Volunteer",
    "Source",
    "Device",
    "State",
    "Progress",
    "Speed",
    "Last seen",
    ...(act ? ["Act"] : []),
  ];
  return (
    <Section
      id="people"
      title={`Round ${figures.round}: who is here`}
      aside={<Delivered figures={figures} />}
    >
      {people.length === 0 ? (
        <p className="text-muted">Nobody is here. The run waits for volunteers.</p>
      ) : (
        <table className="block w-full border-collapse text-sm md:table" data-testid="volunteers">
          <thead className="sr-only md:not-sr-only md:table-header-group">
            <tr className="text-left text-muted">
              {heads.map((head) => (
                <th key={head} scope="col" className="py-1 pr-4 font-normal">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="block md:table-row-group">
            {shown.map((person) => (
              <Row key={person.volunteer} person={person} figures={figures} now={now} act={act} />
            ))}
          </tbody>
        </table>
      )}
      {all > shown.length && (
        <p className="mt-2 text-sm text-muted">and {plural(all - shown.length, "more volunteer")}</p>
      )}
    </Section>
  );
}

function Delivered({ figures }: { figures: Figures }) {
  if (figures.phase !== "training" && figures.phase !== "closing") return null;
  const assigned = figures.roundList.at(-1)?.assigned.length ?? 0;
  const delivered = figures.deltas.filter(({ round }) => round === figures.round).length;
  return (
    <span className="text-sm text-muted" data-testid="delivered">
      {count(delivered)} of {plural(assigned, "delta")} in
    </span>
  );
}

function Row({
  person,
  figures,
  now,
  act,
}: {
  person: Person;
  figures: Figures;
  now: number;
  act: PeopleProps["act"];
}) {
  const { volunteer, device, state, progress, lastSeenAt } = person;
  const index = figures.sources.findIndex(({ id }) => id === person.source);
  const source = figures.sources[index] ?? { title: person.source, language: person.source, sinceBody: null };
  const share = shareOf(person);
  const cell = "block py-0.5 md:table-cell md:py-2 md:pr-4";
  return (
    <tr
      className={`grid grid-cols-2 gap-x-4 border-t border-line py-2 md:table-row md:py-0 ${state === "gone" ? "text-muted" : ""}`}
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
        <Badge tone={tones[state]}>{personWords[state]}</Badge>
      </td>
      <td className={`${cell} md:w-48`}>
        {progress !== null && state !== "delivered" && (
          <span className="block">
            {progressStages[progress.stage]}
            {progress.of > 0 ? `, ${count(progress.step)} of ${count(progress.of)}` : ""}
          </span>
        )}
        {share !== null && <Meter label={`Progress of ${shortId(volunteer)}`} share={share} />}
      </td>
      <td className={cell}>
        {progress?.tokensPerSecond != null ? `${compact(progress.tokensPerSecond)} tokens/s` : ""}
      </td>
      <td className={cell}>{ago(lastSeenAt, now)}</td>
      {act && <td className={cell}>{act(person)}</td>}
    </tr>
  );
}
