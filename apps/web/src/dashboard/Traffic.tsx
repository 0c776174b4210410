// What was sent beside what exchanging the whole model at every step would have taken (DEPT's comparison).

import { type Figures, savingFactor } from "@homebody/coordinator";
import { declaresRows } from "@homebody/dept";
import { bytes, factor } from "../format/numbers.ts";
import { sectionTitle } from "../run/section-names.ts";
import { Section } from "../ui/pieces.tsx";

export function Traffic({ figures }: { figures: Figures }) {
  const { traffic } = figures;
  const saving = savingFactor(traffic);
  const groups = (["phi", "psi"] as const).filter((group) => traffic.sectionBytes[group] > 0);
  const embeddings = groups.reduce((sum, group) => sum + traffic.sectionBytes[group], 0);
  return (
    <Section id="traffic" title="Traffic">
      <p className="mb-4">
        {saving === null ? (
          <span className="text-muted">No delta was sent{figures.finished ? "" : " yet"}.</span>
        ) : (
          <>
            <data value={saving} data-testid="figure-saving" className="text-title font-semibold text-run">
              {factor(saving)} times
            </data>{" "}
            fewer bytes went up than if every step had exchanged the whole model.
          </>
        )}
      </p>
      <dl className="space-y-4">
        <Bar
          label="Deltas sent up"
          value={traffic.deltaBytes}
          most={traffic.wouldHaveSentBytes}
          testId="figure-delta-bytes"
          fill="bg-run-fill"
        />
        <Bar
          label="Whole model at every step would have sent"
          value={traffic.wouldHaveSentBytes}
          most={traffic.wouldHaveSentBytes}
          testId="figure-would-have-sent"
          fill="bg-edge"
        />
        <div>
          <dt className="text-sm text-muted">Bodies sent down</dt>
          <dd>
            <data value={traffic.bodyBytes} data-testid="figure-body-bytes">
              {bytes(traffic.bodyBytes)}
            </data>
          </dd>
        </div>
        <div>
          <dt className="text-sm text-muted">Embeddings sent up, counted in the deltas</dt>
          <dd className="font-semibold text-lamp">
            <data value={embeddings} data-testid="figure-words">
              {bytes(embeddings)}
            </data>
          </dd>
          {groups.map((group) => (
            <dd key={group} className="text-sm text-muted">
              <data value={traffic.sectionBytes[group]} data-testid={`figure-words-${group}`}>
                {bytes(traffic.sectionBytes[group])}
              </data>{" "}
              of {sectionTitle(group)}
            </dd>
          ))}
        </div>
      </dl>
      <p className="mt-4 text-sm text-muted">
        The comparison: body, the source's vocabulary rows and positions, 4 bytes each, once a local step, one
        way. Text and vocabularies have no place in any message
        {declaresRows(figures.manifest)
          ? "; which rows of the vocabulary a device holds is said when it connects, unless the host lent the text."
          : "."}
      </p>
    </Section>
  );
}

function Bar({
  label,
  value,
  most,
  testId,
  fill,
}: {
  label: string;
  value: number;
  most: number;
  testId: string;
  fill: string;
}) {
  const share = most > 0 ? Math.min(1, value / most) : 0;
  return (
    <div>
      <dt className="text-sm text-muted">{label}</dt>
      <dd>
        <data value={value} data-testid={testId} className="font-semibold">
          {bytes(value)}
        </data>
        <div className="mt-1 h-3 w-full rounded-sm bg-sunk" aria-hidden="true">
          <div
            className={`h-full rounded-sm ${fill}`}
            style={{ width: `${share * 100}%`, minWidth: value > 0 ? 2 : 0 }}
          />
        </div>
      </dd>
    </div>
  );
}
