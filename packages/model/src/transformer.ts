// The whole transformer, forward and backward, written into a plan. N = B * T rows, C the width, V the vocabulary.
//
// gpt2 (Radford et al. 2019): learned positions, LayerNorm before each block, biases, GELU.
// llama (Touvron et al. 2023): RoPE, RMSNorm, SwiGLU, grouped key-value heads, no biases.
// Both pre-norm with residuals; the head is the token embedding again where it is tied.
//
// A layer adds its forward commands and hands back what adds its backward ones: backpropagation is these called in
// reverse. What a backward command names stays in memory until then; the rest of memory is used again (plan/memory.ts).

import {
  type AttentionShape,
  type CacheRows,
  type Chains,
  cachedAttention,
  causalAttention,
  causalAttentionGrad,
  columnSums,
  crossEntropy,
  embedding,
  embeddingGrad,
  type MatMulOptions,
  matmul,
  norm,
  normGrad,
  normWeightGrad,
  type Operand,
  type Plan,
  type RopeTables,
  rope,
  rowsOf,
  type Storage,
  swiglu,
  swigluGrad,
  whole,
} from "@homebody/kernels/plans";
import { dimensions, type ModelConfig } from "./config.ts";

/** Parameters by Hugging Face's names, and by those of arrangement.ts for what is joined. */
export interface Weights {
  /** As it is, for embeddings, norms and biases. */
  value(name: string): Operand;
  /** For products: the same, or a copy in half precision. */
  matrix(name: string): Operand;
  /** Where its gradient goes; null where it does not learn. */
  gradient(name: string): Operand | null;
}

export interface ModelOperands {
  readonly config: ModelConfig;
  readonly weights: Weights;
  readonly batch: number;
  readonly ids: Operand; // [N] int32
  /** llama: for this context. */
  readonly tables: RopeTables | null;
}

export interface LossOperands extends ModelOperands {
  readonly targets: Operand; // [N] int32
  readonly settings: Operand;
  readonly losses: Operand; // [N]
}

export interface TrainingOperands extends LossOperands {
  /** Of ids, for the gradient of the embedding. */
  readonly chains: Chains;
}

export interface TrainingOptions {
  /** Layers keep their inputs alone and run forward again when their gradient is wanted. */
  readonly recompute: boolean;
  /** Adds to losses and gradients instead of writing them: for all but the first part of a batch. */
  readonly accumulate: boolean;
  /** Activations that wait for the backward pass are kept in half precision. */
  readonly half: boolean;
}

/** Of tokens that go on from others, whose keys and values are kept. */
export interface CacheOperands {
  /** [N] int32: where each row stands, from 0. */
  readonly places: Operand;
  /** Keys and values [T, 2 G D] of each layer. */
  readonly layers: readonly Operand[];
}

interface Scope extends ModelOperands {
  readonly plan: Plan;
  readonly accumulate: boolean;
  /** Of activations that wait for the backward pass. */
  readonly kept: "f32" | "f16";
  /** Where the rows go on from others; then there is no backward pass. */
  readonly cache: CacheOperands | null;
  /** The same, of one layer. */
  readonly rows: CacheRows | null;
}

interface Layer {
  readonly y: Operand;
  /** From the gradient of y to that of x. */
  readonly backward: (dy: Operand) => Operand;
}

type MakeLayer = (x: Operand) => Layer;
/** `at`: how its parameters' names begin. */
type MakeBlock = (scope: Scope, at: string, x: Operand) => Layer;

/** Of the table of tokens, which is the head too where that is tied. */
export const embeddingName = (config: ModelConfig): string =>
  config.model_type === "gpt2" ? "transformer.wte.weight" : "model.embed_tokens.weight";
const headName = (model: ModelOperands) =>
  model.config.tie_word_embeddings ? embeddingName(model.config) : "lm_head.weight";
const positionsName = "transformer.wpe.weight";

/** The last hidden states after their norm: [N, C]; with a cache of rows that go on from what is in it. */
export function planStates(plan: Plan, model: ModelOperands, cache: CacheOperands | null = null): Operand {
  const alone = forwardAlone(plan, model);
  const scope = cache === null ? alone : { ...alone, cache, tables: tablesAt(alone, cache) };
  let x = embed(scope);
  for (const layer of layersOf(scope)) x = layer(x).y;
  return x;
}

const forwardAlone = (plan: Plan, model: ModelOperands): Scope => ({
  ...model,
  plan,
  accumulate: false,
  kept: "f32",
  cache: null,
  rows: null,
});

/** RoPE's angles of just these places. */
function tablesAt({ plan, tables }: Scope, { places }: CacheOperands): RopeTables | null {
  if (tables === null) return null;
  plan.region("embedding");
  return { cos: embedding(plan, places, tables.cos), sin: embedding(plan, places, tables.sin) };
}

/** From hidden states [n, C] to logits [n, V]. */
export function planLogits(plan: Plan, model: ModelOperands, states: Operand, logits: Storage): void {
  const table = model.weights.matrix(headName(model));
  const into = whole(logits, [states.shape[0]!, table.shape[0]!]);
  matmul(plan, states, table, { transposeB: true, into });
}

/** Each position's loss, times the share in settings. */
export function planLosses(plan: Plan, model: LossOperands): void {
  head(forwardAlone(plan, model), planStates(plan, model), model, null);
}

/** Losses, and the gradient of their sum for every parameter that learns. */
export function planGradients(plan: Plan, model: TrainingOperands, options: TrainingOptions): void {
  const { recompute, accumulate, half } = options;
  const scope: Scope = { ...model, plan, accumulate, kept: half ? "f16" : "f32", cache: null, rows: null };
  let x = embed(scope);
  const backwards: Layer["backward"][] = [];
  for (const layer of layersOf(scope)) {
    const { y, backward } = recompute ? runAgain(layer, x) : layer(x);
    backwards.push(backward);
    x = y;
  }
  let dx = plan.temporary(x.shape);
  head(scope, x, model, dx);
  for (const backward of backwards.reverse()) dx = backward(dx);
  embedGrad(scope, model.chains, dx);
}

/** A layer whose insides are computed again when its gradient is wanted (Chen et al. 2016). */
function runAgain(layer: MakeLayer, x: Operand): Layer {
  return { y: layer(x).y, backward: (dy) => layer(x).backward(dy) };
}

function embed(scope: Scope): Operand {
  const { plan, weights, config } = scope;
  plan.region("embedding");
  const positions = config.model_type === "gpt2" ? positionsOf(scope) : undefined;
  return embedding(plan, scope.ids, weights.value(embeddingName(config)), positions);
}

function positionsOf(scope: Scope): Operand {
  const { plan, weights, cache } = scope;
  return cache === null
    ? contextPositions(scope, weights.value)
    : embedding(plan, cache.places, weights.value(positionsName));
}

/** The first T rows of the positions, for a batch that is shorter than the context. */
function contextPositions({ ids, batch }: Scope, of: (name: string) => Operand): Operand {
  return rowsOf(of(positionsName), 0, ids.shape[0]! / batch);
}

function embedGrad(scope: Scope, chains: Chains, dx: Operand): void {
  const { plan, weights, config, accumulate, batch } = scope;
  plan.region("embedding");
  const table = weights.gradient(embeddingName(config));
  // A tied head has written its part already.
  if (table !== null)
    embeddingGrad(plan, chains, dx, table, accumulate || headName(scope) === embeddingName(config));
  if (config.model_type !== "gpt2" || weights.gradient(positionsName) === null) return;
  const positions = contextPositions(scope, (name) => weights.gradient(name)!);
  const size = positions.shape[0]! * positions.shape[1]!;
  columnSums(plan, { ...dx, shape: [batch, size] }, { ...positions, shape: [size] }, accumulate);
}

function layersOf(scope: Scope): MakeLayer[] {
  const { plan, config, cache } = scope;
  const { layers } = dimensions(config);
  const gpt2 = config.model_type === "gpt2";
  const named =
    (scope: Scope, region: string, make: MakeBlock, at: string): MakeLayer =>
    (x) => {
      plan.region(region);
      const { y, backward } = make(scope, at, x);
      const goBack: Layer["backward"] = (dy) => {
        plan.region(region);
        return backward(dy);
      };
      return { y, backward: goBack };
    };
  const all = Array.from({ length: layers }, (_, i) => {
    const at = gpt2 ? `transformer.h.${i}` : `model.layers.${i}`;
    const rows = cache && { places: cache.places, cache: cache.layers[i]! };
    return [
      named({ ...scope, rows }, `layer ${i} attention`, gpt2 ? gpt2Attention : llamaAttention, at),
      named(scope, `layer ${i} MLP`, gpt2 ? gpt2Mlp : llamaMlp, at),
    ];
  }).flat();
  return [...all, named(scope, "last norm", normed, gpt2 ? "transformer.ln_f" : "model.norm")];
}

function gpt2Attention(scope: Scope, at: string, x: Operand): Layer {
  const { kept } = scope;
  const seen = normed(scope, `${at}.ln_1`, x);
  const qkv = linear(scope, seen.y, `${at}.attn.c_attn`, { type: kept });
  const attended = attention(scope, qkv);
  const y = linear(scope, attended.y, `${at}.attn.c_proj`, { residual: x });
  return {
    y,
    backward: (dy) => {
      const dattended = linearGrad(scope, attended.y, `${at}.attn.c_proj`, dy);
      const dqkv = attended.backward(dattended);
      return seen.backward(linearGrad(scope, seen.y, `${at}.attn.c_attn`, dqkv), dy);
    },
  };
}

function gpt2Mlp(scope: Scope, at: string, x: Operand): Layer {
  const { plan, kept, config } = scope;
  const { hidden } = dimensions(config);
  const seen = normed(scope, `${at}.ln_2`, x);
  const pre = plan.temporary([x.shape[0]!, hidden], kept);
  const inner = linear(scope, seen.y, `${at}.mlp.c_fc`, { activation: { kind: "gelu", pre }, type: kept });
  const y = linear(scope, inner, `${at}.mlp.c_proj`, { residual: x });
  return {
    y,
    backward: (dy) => {
      const activation = { kind: "geluGrad", pre } as const;
      const dpre = linearGrad(scope, inner, `${at}.mlp.c_proj`, dy, { activation });
      return seen.backward(linearGrad(scope, seen.y, `${at}.mlp.c_fc`, dpre), dy);
    },
  };
}

function llamaAttention(scope: Scope, at: string, x: Operand): Layer {
  const { plan, tables } = scope;
  if (tables === null) throw new Error("llama: expected tables of RoPE, got none");
  const { heads, kvHeads } = attentionShape(scope);
  const turning = heads + kvHeads;
  const seen = normed(scope, `${at}.input_layernorm`, x);
  const qkv = linear(scope, seen.y, `${at}.self_attn.qkv_proj`);
  rope(plan, qkv, tables, turning, 1);
  const attended = attention(scope, qkv);
  const y = linear(scope, attended.y, `${at}.self_attn.o_proj`, { residual: x });
  return {
    y,
    backward: (dy) => {
      const dattended = linearGrad(scope, attended.y, `${at}.self_attn.o_proj`, dy);
      const dqkv = attended.backward(dattended);
      rope(plan, dqkv, tables, turning, -1);
      return seen.backward(linearGrad(scope, seen.y, `${at}.self_attn.qkv_proj`, dqkv), dy);
    },
  };
}

function llamaMlp(scope: Scope, at: string, x: Operand): Layer {
  const { plan, kept } = scope;
  const seen = normed(scope, `${at}.post_attention_layernorm`, x);
  const both = linear(scope, seen.y, `${at}.mlp.gate_up_proj`, { type: kept });
  const inner = swiglu(plan, both, kept);
  const y = linear(scope, inner, `${at}.mlp.down_proj`, { residual: x });
  return {
    y,
    backward: (dy) => {
      const dinner = linearGrad(scope, inner, `${at}.mlp.down_proj`, dy);
      const dboth = swigluGrad(plan, both, dinner);
      return seen.backward(linearGrad(scope, seen.y, `${at}.mlp.gate_up_proj`, dboth), dy);
    },
  };
}

/** Over the rows of the batch; of rows that go on from others over those, without a gradient. */
function attention(scope: Scope, qkv: Operand): Layer {
  const { plan, kept, rows } = scope;
  const shape = attentionShape(scope);
  if (rows !== null) return { y: cachedAttention(plan, qkv, rows, shape), backward: noGradient };
  const attended = causalAttention(plan, qkv, shape, kept);
  return { y: attended.y, backward: (dy) => causalAttentionGrad(plan, qkv, attended, dy, shape) };
}

function noGradient(): never {
  throw new Error("attention: expected a batch where a gradient is wanted, got rows that go on from a cache");
}

function attentionShape({ config, batch }: Scope): AttentionShape {
  const { heads, kvHeads } = dimensions(config);
  return { batch, heads, kvHeads };
}

/** A norm; its backward adds `skip`, the gradient that goes around the block. */
function normed(scope: Scope, name: string, x: Operand) {
  const { plan, weights, config, kept, accumulate } = scope;
  const centred = config.model_type === "gpt2";
  const biasName = `${name}.bias`;
  const weight = weights.value(`${name}.weight`);
  const bias = centred ? weights.value(biasName) : undefined;
  const { y, stats } = norm(plan, x, { weight, bias }, dimensions(config).epsilon, kept);
  const backward = (dy: Operand, skip?: Operand): Operand => {
    const dweight = weights.gradient(`${name}.weight`);
    const dbias = centred ? weights.gradient(biasName)! : undefined;
    if (dweight !== null)
      normWeightGrad(plan, { x, stats }, dy, { weight: dweight, bias: dbias }, accumulate);
    return normGrad(plan, { x, stats, weight, centred, skip }, dy);
  };
  return { y, backward };
}

/** gpt2's weights are [in, out] and come with a bias, llama's are [out, in]. */
function linear(scope: Scope, x: Operand, name: string, options: MatMulOptions = {}): Operand {
  const { plan, weights, config } = scope;
  const gpt2 = config.model_type === "gpt2";
  const bias = gpt2 ? weights.value(`${name}.bias`) : undefined;
  return matmul(plan, x, weights.matrix(`${name}.weight`), { ...options, transposeB: !gpt2, bias });
}

/** Gradients of a linear layer's parameters, and of what came in. */
function linearGrad(
  scope: Scope,
  x: Operand,
  name: string,
  dy: Operand,
  options: MatMulOptions = {},
): Operand {
  const { plan, weights, config, accumulate } = scope;
  const gpt2 = config.model_type === "gpt2";
  const into = weights.gradient(`${name}.weight`);
  if (into !== null) {
    const [left, right] = gpt2 ? [x, dy] : [dy, x];
    matmul(plan, left, right, { transposeA: true, into, accumulate });
    if (gpt2) columnSums(plan, dy, weights.gradient(`${name}.bias`)!, accumulate);
  }
  return matmul(plan, dy, weights.matrix(`${name}.weight`), { ...options, transposeB: gpt2 });
}

/** Logits in memory at once: 16 MB of them. */
const logitsAtOnce = 2 ** 22;
/** A slice begins where kernels may begin to read. */
const sliceStep = 128;

/**
 * Logits, their loss and (where dstates is given) its gradient by slices of rows, so that no more than a slice of the
 * logits is ever in memory. (After Liger's fused linear cross-entropy: Hsu et al. 2024.)
 */
function head(scope: Scope, states: Operand, inputs: LossOperands, dstates: Operand | null): void {
  const { plan, weights, accumulate } = scope;
  plan.region("head");
  const [rows = 0] = states.shape;
  const table = weights.matrix(headName(scope));
  const into = weights.gradient(headName(scope));
  const most = sliceStep * Math.max(1, Math.floor(logitsAtOnce / table.shape[0]! / sliceStep));
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    const slice = (x: Operand) => rowsOf(x, first, count);
    const part = slice(states);
    const logits = matmul(plan, part, table, { transposeB: true });
    const operands = {
      targets: slice(inputs.targets),
      losses: slice(inputs.losses),
      settings: inputs.settings,
    };
    crossEntropy(plan, logits, operands, { gradient: dstates !== null, accumulate });
    if (dstates === null) continue;
    if (into !== null)
      matmul(plan, logits, part, { transposeA: true, into, accumulate: accumulate || first > 0 });
    matmul(plan, logits, table, { into: slice(dstates) });
  }
}
