// Going back to a body [C28]: which one, and without whose deltas.

import type { VolunteerId } from "@homebody/base";
import { type Figures, undoable } from "@homebody/coordinator";
import type { AdminAct } from "@homebody/protocol";
import { useState } from "react";
import { shortId } from "../dashboard/event-sentences.ts";
import { Button, Section, Select } from "../ui/pieces.tsx";
import { wordsOf } from "./acts.ts";

export interface UndoProps {
  readonly figures: Figures;
  readonly busy: boolean;
  readonly onAsk: (act: AdminAct) => void;
}

export function Undo({ figures, busy, onAsk }: UndoProps) {
  const [chosen, setChosen] = useState<number | null>(null);
  const [out, setOut] = useState<ReadonlySet<VolunteerId>>(new Set());
  const bodies = undoable(figures).toReversed();
  const body = bodies.find((one) => one.body === chosen) ?? bodies[0];
  if (body === undefined)
    return (
      <Section id="undo" title="Go back to a body">
        <p className="text-muted">There is no body to go back to yet.</p>
      </Section>
    );
  const without = body.volunteers.filter((who) => out.has(who));
  const act = { kind: "undo", to: body.body, without } as const;
  const { consequence, unavailable } = wordsOf(act, figures);
  const choose = (to: number) => {
    setChosen(to);
    setOut(new Set());
  };
  const toggle = (who: VolunteerId) => {
    const next = new Set(out);
    if (!next.delete(who)) next.add(who);
    setOut(next);
  };
  return (
    <Section id="undo" title="Go back to a body">
      <div className="flex flex-wrap items-end gap-4">
        <Select
          label="Body"
          value={String(body.body)}
          options={bodies.map(({ body: number }) => ({
            value: String(number),
            label: number === figures.published ? `${number} (the current one)` : String(number),
          }))}
          onChange={(value) => choose(Number(value))}
          testId="undo-to"
        />
        <Button
          kind="danger"
          disabled={busy || unavailable !== null}
          onClick={() => onAsk(act)}
          data-testid="act-undo"
        >
          Go back
        </Button>
      </div>
      {body.volunteers.length > 0 && (
        <fieldset className="mt-4">
          <legend className="text-sm text-muted">Averaged anew, without the deltas of</legend>
          <ul className="mt-1 flex flex-wrap gap-x-4">
            {body.volunteers.map((who) => (
              <li key={who}>
                <label className="flex min-h-11 items-center gap-2" title={who}>
                  <input type="checkbox" checked={out.has(who)} onChange={() => toggle(who)} />
                  <code>{shortId(who)}</code>
                </label>
              </li>
            ))}
          </ul>
        </fieldset>
      )}
      <p className="mt-2 text-sm text-muted">{unavailable ?? consequence}</p>
    </Section>
  );
}
