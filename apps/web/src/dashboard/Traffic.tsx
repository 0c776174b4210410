// What was sent beside what exchanging the whole model at every step would have taken (DEPT's comparison).

import {
  type Figures,
  passedBytes,
  savingBothWays,
  savingFactor,
  type TrafficFigures,
} from "@homebody/coordinator";
import { declaresRows } from "@homebody/dept";
import { bytes, factor } from "../format/numbers.ts";
import { sectionTitle } from "../run/section-names.ts";
import { Section } from "../ui/pieces.tsx";

export function Traffic({ figures }: { figures: Figures }) {
  const { traffic } = figures;
  const [saving, both] = [savingFactor(traffic), savingBothWays(traffic)];
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
            fewer bytes went up than if every step had exchanged the whole model, and{" "}
            <data value={both ?? 0} data-testid="figure-saving-both" className="font-semibold">
              {factor(both ?? 0)} times
            </data>{" "}
            fewer both ways.
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
      <BothWays traffic={traffic} />
      <p className="mt-4 text-sm text-muted">
        The whole model: body, the source's vocabulary rows and positions, 4 bytes each. Counted at
        volunteers' sockets, as they say it with each delta, behind a cache too; text and vocabularies do not
        count. Text and vocabularies have no place in any message
        {declaresRows(figures.manifest)
          ? "; which rows of the vocabulary a device holds is said when it connects, unless the host lent the text."
          : "."}
      </p>
    </Section>
  );
}

/** What passed, beside what other ways would have taken, uncompressed. */
function BothWays({ traffic }: { readonly traffic: TrafficFigures }) {
  const { up, down } = passedBytes(traffic);
  const same = (name: string, what: string, each: number) => ({ name, what, up: each, down: each });
  const rows = [
    { name: "passed", what: "This run", up, down },
    same("spec", "The body alone, once a round (SPEC)", traffic.specBytes),
    same("glob", "The whole model, once a round (GLOB)", traffic.globBytes),
    same("std", "The whole model, at every step (STD)", traffic.wouldHaveSentBytes),
  ];
  return (
    <table className="mt-4 w-full border-collapse">
      <caption className="text-left text-sm text-muted">Both ways; the others uncompressed</caption>
      <thead>
        <tr className="text-sm text-muted">
          <th scope="col" className="text-left font-normal">
            <span className="sr-only">Way</span>
          </th>
          <th scope="col" className="text-right font-normal">
            up
          </th>
          <th scope="col" className="text-right font-normal">
            down
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, what, up, down }) => (
          <tr key={name} className={`border-t border-line ${name === "passed" ? "font-semibold" : ""}`}>
            <th scope="row" className="py-2 pr-2 text-left [font-weight:inherit]">
              {what}
            </th>
            <Amount value={up} testId={`figure-${name}-up`} />
            <Amount value={down} testId={`figure-${name}-down`} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Amount({ value, testId }: { readonly value: number; readonly testId: string }) {
  return (
    <td className="whitespace-nowrap py-2 pl-2 text-right align-top">
      <data value={value} data-testid={testId}>
        {bytes(value)}
      </data>
    </td>
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
