// A mixture writes a text, and one of its models at a time computes.
//
// A mixture by likelihood gives a text the mean over all ways in which models could have written it: one begins, and after each byte, with
// the share's probability, one is drawn anew and goes on (Herbster and Warmuth 1998). So to draw a text of the mixture is to draw such
// a way and to let its models write: nothing is approximated. While a model writes it is asked once a token; only when it begins
// does it read, byte by byte, what others have written since it last did.

import type { Random } from "@homebody/base";
import type { ByteModel, ByteState } from "./byte-model.ts";
import { type MixtureRule, requireRule } from "./weights.ts";

export interface WritingOptions {
  /** At most; what is cut within a character loses it. */
  readonly bytes: number;
  readonly dice: Random;
  /** Called before each token. */
  readonly breathe: () => Promise<void>;
}

export interface Written {
  readonly text: string;
  /** Whether the document ended; else it was cut. */
  readonly isWhole: boolean;
}

/** What a model has read of a text. */
interface Reader {
  state: ByteState;
  /** Bytes. */
  read: number;
}

export async function write(
  models: readonly ByteModel[],
  rule: MixtureRule,
  { bytes: most, dice, breathe }: WritingOptions,
): Promise<Written> {
  requireRule(rule);
  const share = rule.kind === "uniform" ? 1 : rule.share;
  const readers: Reader[] = models.map((model) => ({ state: model.start(), read: 0 }));
  const bytes = new Uint8Array(most);
  let size = 0;

  /** What it knows of its own tokens goes with the turn; whoever reads them later has their bytes alone. */
  async function stateNow(reader: Reader): Promise<ByteState> {
    for (; reader.read < size; reader.read++) {
      await breathe();
      reader.state = await reader.state.after(bytes[reader.read]!);
    }
    return reader.state;
  }

  /** Whether the document ended. */
  async function turn(reader: Reader, until: number): Promise<boolean> {
    let state = await stateNow(reader);
    while (size < until) {
      await breathe();
      const { bytes: rest, after } = await state.draw(dice);
      if (after === null) return true;
      for (const byte of rest) if (size < until) bytes[size++] = byte;
      state = after;
    }
    return false;
  }

  let writer = dice.below(models.length);
  let isWhole = false;
  while (size < most && !isWhole) {
    isWhole = await turn(readers[writer]!, Math.min(most, size + turnBytes(share, models.length, dice)));
    if (models.length > 1) writer = (writer + 1 + dice.below(models.length - 1)) % models.length;
  }
  const text = new TextDecoder("utf-8", { ignoreBOM: true });
  return { text: text.decode(bytes.subarray(0, size), { stream: true }), isWhole };
}

/** Up to the first byte after which another model is drawn: geometric, as each is drawn equally and one in `models` is the same. */
function turnBytes(share: number, models: number, dice: Random): number {
  const leaves = share * (1 - 1 / models);
  if (leaves === 0) return Number.POSITIVE_INFINITY;
  return 1 + Math.floor(Math.log(1 - dice.uniform()) / Math.log(1 - leaves));
}
