// What went out and what came in, by kind. Words stand in the same table: counted by what was sent of their sections,
// which is nothing where they stay at home.

import type { Ledger as LedgerView } from "@homebody/volunteer/view";
import { bytes } from "../format/numbers.ts";
import type { LedgerWords } from "../run/travels.ts";
import { Section } from "../ui/pieces.tsx";

const nothing: LedgerView = {
  sent: { theta: 0, phi: 0, psi: 0, messages: 0 },
  received: { theta: 0, phi: 0, psi: 0, texts: 0, messages: 0 },
};

export function Ledger({ ledger, words }: { ledger: LedgerView | null; words: LedgerWords }) {
  const { sent, received } = ledger ?? nothing;
  return (
    <Section id="ledger" title="What left this device, and what came">
      <div className="grid items-start gap-6 sm:grid-cols-2">
        <Column
          title="Out"
          rows={[
            { what: words.sent, name: "words", size: sent.phi + sent.psi, yours: true },
            { what: "deltas: what training changed in the body", name: "deltas", size: sent.theta },
            { what: words.messages, name: "messages-out", size: sent.messages },
          ]}
        />
        <Column
          title="In"
          rows={[
            { what: "words: embeddings", name: "words-in", size: received.phi + received.psi },
            { what: "bodies: what all share", name: "bodies", size: received.theta },
            { what: words.lent, name: "texts", size: received.texts },
            { what: "messages", name: "messages-in", size: received.messages },
          ]}
        />
      </div>
      <p className="mt-4 text-sm text-muted">
        Honestly: a delta is numbers and not text, but it was computed from your text, and somebody who
        studies the deltas of a single device could learn something about it; so bring only text with which
        you would take that risk.
      </p>
    </Section>
  );
}

interface Row {
  readonly what: string;
  readonly name: string;
  readonly size: number;
  readonly yours?: boolean;
}

function Column({ title, rows }: { title: string; rows: readonly Row[] }) {
  return (
    <table className="w-full border-collapse">
      <caption className="text-left text-sm text-muted">{title}</caption>
      <tbody>
        {rows.map(({ what, name, size, yours }) => (
          <tr
            key={name}
            className={`border-t border-line ${yours ? "font-semibold text-lamp" : "font-normal"}`}
          >
            <th scope="row" className="py-2 pr-2 text-left [font-weight:inherit]">
              {what}
            </th>
            <td className="whitespace-nowrap py-2 text-right align-top">
              <data value={size} data-testid={`ledger-${name}`}>
                {bytes(size)}
              </data>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
