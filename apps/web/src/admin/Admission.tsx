// Who is let into sources that are not open: links to those by invitation, and whoever waits for the host.

import { toHex } from "@homebody/base";
import type { Figures } from "@homebody/coordinator";
import {
  type AdminAct,
  type Applicant,
  codeBytes,
  hashOfCode,
  linkOf,
  type ManifestSource,
} from "@homebody/protocol";
import { type ReactNode, useState } from "react";
import { shortId } from "../dashboard/event-sentences.ts";
import { count, plural } from "../format/numbers.ts";
import { ago } from "../format/times.ts";
import { useNow } from "../state/now.ts";
import { Button, Section } from "../ui/pieces.tsx";
import { SourceName } from "../ui/SourceMark.tsx";
import { type DescribedAct, turningAway, wordsOf } from "./acts.ts";

export interface AdmissionProps {
  readonly figures: Figures;
  readonly clockAheadMs: number;
  readonly busy: boolean;
  /** Null until the coordinator has said. */
  readonly applicants: readonly Applicant[] | null;
  /** Resolves with whether it was done. */
  readonly perform: (act: AdminAct) => Promise<boolean>;
  /** Done once the host has read what follows from it. */
  readonly onAsk: (described: DescribedAct) => void;
}

export function Admission(props: AdmissionProps) {
  const { sources } = props.figures.manifest;
  const byCode = sources.filter(({ admission }) => admission === "code");
  const byApproval = sources.some(({ admission }) => admission === "approval");
  return (
    <>
      {byCode.length > 0 && (
        <Section id="invitations" title="Invitations">
          <p className="mb-4 max-w-prose text-sm text-muted">
            A link lets its volunteer in once, and for good: send each by a way that only the right one reads.
            The coordinator keeps no more of it than a hash, so it can be copied only now. Removing a
            volunteer takes its link back too.
          </p>
          <ul className="divide-y divide-line">
            {byCode.map((source) => (
              <Inviting key={source.id} source={source} {...props} />
            ))}
          </ul>
        </Section>
      )}
      {byApproval && <Applying {...props} />}
    </>
  );
}

function Inviting({ source, figures, busy, perform }: AdmissionProps & { readonly source: ManifestSource }) {
  const [uses, setUses] = useState(1);
  const [link, setLink] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  const { invited, admitted } = figures.admissions[source.id] ?? { invited: 0, admitted: 0 };

  const copy = async (text: string) => setCopied(await copyText(text));
  const make = async () => {
    const code = toHex(crypto.getRandomValues(new Uint8Array(codeBytes)));
    const made = await perform({
      kind: "invite",
      source: source.id,
      codes: [{ sha256: hashOfCode(code), uses }],
    });
    if (!made) return;
    const text = linkOf(location.origin, { source: source.id, code });
    setLink(text);
    await copy(text);
  };

  return (
    <li className="py-4 first:pt-0 last:pb-0" data-testid="inviting" data-source={source.id}>
      <div className="flex flex-wrap items-end gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-48">
          <Named source={source} figures={figures} />
          <p className="text-sm text-muted">
            {invited === 0
              ? "Nobody is invited yet."
              : `${count(admitted)} of ${plural(invited, "invited volunteer")} came.`}
          </p>
        </div>
        <label className="text-sm text-muted">
          Volunteers
          <input
            type="number"
            min={1}
            max={1000}
            value={uses}
            onChange={(event) =>
              setUses(Math.min(1000, Math.max(1, Math.floor(event.target.valueAsNumber || 1))))
            }
            className="mt-1 block min-h-11 w-24 rounded-lg border border-edge bg-paper px-3 text-base text-ink"
          />
        </label>
        <Button
          disabled={busy || figures.finished}
          aria-label={`Make a link to ${source.title}`}
          onClick={() => void make()}
        >
          Make a link
        </Button>
      </div>
      {link !== null && (
        <div className="mt-3 flex flex-wrap items-end gap-2">
          <label className="min-w-0 flex-1 basis-60 text-sm text-muted">
            {copied ? "The link, which is copied" : "The link"}
            <input
              readOnly
              value={link}
              data-testid="link"
              onFocus={(event) => event.target.select()}
              className="mt-1 block min-h-11 w-full rounded-lg border border-edge bg-paper px-3 text-sm text-ink"
            />
          </label>
          <Button onClick={() => void copy(link)}>Copy</Button>
          {isOnlyHere() && (
            <p className="basis-full text-sm text-lamp">
              It begins with the address of this page, which leads here from this machine alone. Open this
              page by the address that volunteers use.
            </p>
          )}
        </div>
      )}
    </li>
  );
}

const isOnlyHere = () => ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

/** Whether the browser let the page do so. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function Named({ source, figures }: { source: ManifestSource; figures: Figures }): ReactNode {
  const index = figures.sources.findIndex(({ id }) => id === source.id);
  return <SourceName index={index} title={source.title} language={source.language} />;
}

function Applying({ figures, clockAheadMs, busy, applicants, onAsk }: AdmissionProps) {
  const now = useNow() + clockAheadMs;
  return (
    <Section id="applicants" title="Waiting to be let in">
      {applicants === null || applicants.length === 0 ? (
        <p className="text-muted">Nobody waits. A volunteer that comes is shown here until you approve it.</p>
      ) : (
        <ul className="divide-y divide-line">
          {applicants.map(({ volunteer, source, device, since }) => {
            const known = figures.manifest.sources.find(({ id }) => id === source);
            return (
              <li
                key={volunteer}
                data-testid="applicant"
                data-volunteer={volunteer}
                className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3 first:pt-0 last:pb-0"
              >
                <div className="min-w-0 flex-1 basis-48">
                  <span className="flex flex-wrap items-center gap-x-3" title={volunteer}>
                    <code className="font-medium">{shortId(volunteer)}</code>
                    {known && <Named source={known} figures={figures} />}
                  </span>
                  <span className="block text-sm text-muted">
                    {device.host === "browser" ? "in a browser" : "headless"}, came {ago(since, now)}
                  </span>
                </div>
                <Button
                  kind="primary"
                  disabled={busy}
                  aria-label={`Approve ${shortId(volunteer)}`}
                  onClick={() => onAsk(wordsOf({ kind: "approve", volunteer, source }, figures))}
                >
                  Approve
                </Button>
                <Button
                  kind="danger"
                  disabled={busy}
                  aria-label={`Turn ${shortId(volunteer)} away`}
                  onClick={() => onAsk(turningAway(volunteer, figures))}
                >
                  Turn away
                </Button>
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}
