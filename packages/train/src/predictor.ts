// A model that goes on from what it has read: its values alone, and caches of what was read (KV caches).
//
// A cache has one owner. A token that is read costs one row of every product and attention to those before it, and
// nothing is computed again. Another continuation of the same beginning is read after a rewind, which costs nothing.

import { InputError, type NamedTensors } from "@homebody/base";
import { type Prepared, type Storage, startRuntime, Workspace, whole } from "@homebody/kernels";
import {
  type Arrangement,
  arrange,
  dimensions,
  type Group,
  groupLayout,
  type ModelConfig,
} from "@homebody/model";
import { checkInputs } from "./check-batch.ts";
import { explained, failIfRefused } from "./device-errors.ts";
import { writeGroup } from "./flat.ts";
import type { Keep } from "./keep.ts";
import {
  keepCache,
  keepPiece,
  keepPredictor,
  type PieceStorages,
  type PredictorStorages,
  pieceSizes,
  predictionPlan,
} from "./prediction.ts";
import { writeTables } from "./tables.ts";

export interface Predictor {
  readonly config: ModelConfig;
  /** Copies values in; the layout must be groupLayout's. What caches have read by other values is not read again. */
  load(group: Group, tensors: NamedTensors): void;
  /** An empty one, which whoever asks for it disposes of. */
  cache(): Cache;
  /** With all of its caches. */
  dispose(): void;
}

export interface Cache {
  /** Most tokens that it holds: the model's context. */
  readonly capacity: number;
  /** Tokens that were read. */
  readonly length: number;
  /**
   * Reads at least one token after those before, and gives the logits [V] of the token that follows. Throws InputError
   * where there is no room for them or one is outside the vocabulary, EngineError where the device fails.
   */
  read(tokens: readonly number[]): Promise<Float32Array>;
  /** Forgets all but the first `length` tokens. */
  rewind(length: number): void;
  dispose(): void;
}

/** Tokens that are read at once; memory for their temporaries is shared by all caches, since one is read into at a time. */
interface Piece extends PieceStorages {
  readonly rows: number;
  shared: readonly Storage[] | null;
}

export function createPredictor(config: ModelConfig): Predictor {
  const { context } = dimensions(config);
  const arrangement = arrange(config);
  const space = new Workspace(startRuntime());
  const keep: Keep = (name, size, type) => space.keep(name, size, type);
  const predictor = keepPredictor(config, arrangement, keep);
  const pieces = pieceSizes({ context }).map(
    (rows): Piece => ({ rows, ...keepPiece(rows, keep), shared: null }),
  );
  writeTables(config, context, predictor, (table, values) => space.write(whole(table), values));

  function load(group: Group, tensors: NamedTensors): void {
    const { values } = predictor;
    writeGroup({ space, arrangement, values }, group, groupLayout(config, group), tensors);
  }

  const parts: Parts = { config, arrangement, space, predictor, pieces };
  return { config, load, cache: () => openCache(parts), dispose: () => space.dispose() };
}

/** What the caches of a predictor share. */
interface Parts {
  readonly config: ModelConfig;
  readonly arrangement: Arrangement;
  readonly space: Workspace;
  readonly predictor: PredictorStorages;
  readonly pieces: readonly Piece[];
}

function openCache({ config, arrangement, space, predictor, pieces }: Parts): Cache {
  const { context, vocabulary } = dimensions(config);
  const layers = keepCache(config, (name, size, type) => space.keep(name, size, type));
  const plans = new Map<Piece, Prepared>();
  let length = 0;

  function planFor(piece: Piece): Prepared {
    const known = plans.get(piece);
    if (known !== undefined) return known;
    const plan = predictionPlan({ config, arrangement, predictor, piece, cache: layers });
    piece.shared ??= space.share(plan);
    const prepared = space.prepare(plan, piece.shared);
    plans.set(piece, prepared);
    return prepared;
  }

  function start(tokens: readonly number[]): void {
    const piece = pieces.find(({ rows }) => rows >= tokens.length)!;
    const plan = planFor(piece);
    // Newest first; rows that are left over are the newest one again.
    const last = tokens.length - 1;
    const behind = Int32Array.from({ length: piece.rows }, (_, row) => (row > last ? 0 : row));
    const ids = behind.map((back) => tokens[last - back]!);
    const places = behind.map((back) => length + last - back);
    space.write(whole(piece.ids), ids);
    space.write(whole(piece.places), places);
    plan.run();
    length += tokens.length;
  }

  async function read(tokens: readonly number[]): Promise<Float32Array> {
    if (tokens.length === 0) throw new InputError("cache: tokens", "at least one", "none");
    if (length + tokens.length > context)
      throw new InputError("cache: tokens", `at most ${context - length} more`, `${tokens.length}`);
    checkInputs({ inputs: Int32Array.from(tokens), rows: 1, context: tokens.length }, vocabulary);
    const most = pieces.at(-1)!.rows;
    for (let first = 0; first < tokens.length; first += most) start(tokens.slice(first, first + most));
    const logits = await space.read(whole(predictor.logits), vocabulary);
    failIfRefused();
    return logits;
  }

  return {
    capacity: context,
    get length() {
      return length;
    },
    read: explained(read),
    rewind: (to) => {
      if (!(Number.isInteger(to) && to >= 0 && to <= length))
        throw new InputError("cache: length", `a whole number from 0 to ${length}`, `${to}`);
      length = to;
    },
    dispose: () => {
      for (const plan of plans.values()) plan.dispose();
      for (const storage of layers) space.release(storage);
    },
  };
}
