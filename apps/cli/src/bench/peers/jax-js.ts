// The same GPT-2 in jax-js: the whole step, AdamW and all, in one jit.
//
// jax-js counts references: an array that is used again is passed on as `x.ref`.

import { dimensions } from "@homebody/model";
import { type Device, defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { adam, type Bench, batchOf, firstParameters, type Peer } from "../configs.ts";

type Tree = Record<string, np.Array>;

export async function jaxPeer(bench: Bench, device: Device): Promise<Peer> {
  const available = await init(device);
  if (!available.includes(device)) throw new Error(`jax-js: expected ${device} to start, got ${available}`);
  defaultDevice(device);
  const { layers, heads, width, epsilon, tied, vocabulary } = dimensions(bench.config);
  const { inputs, targets, rows, context } = batchOf(bench);
  const first = firstParameters(bench.config);
  const names = first.map(({ name }) => name);
  const table = tied ? "transformer.wte.weight" : "lm_head.weight";
  const array = (values: Float32Array | Int32Array, shape: readonly number[]) =>
    np.array(values as Float32Array<ArrayBuffer>).reshape([...shape]);
  const decays = (name: string) => first.find((one) => one.name === name)!.shape.length === 2;

  function loss(parameters: Tree, ids: np.Array, goals: np.Array): np.Array {
    const at = (name: string) => parameters[name]!.ref;
    const linear = (x: np.Array, name: string) => np.matmul(x, at(`${name}.weight`)).add(at(`${name}.bias`));
    const norm = (x: np.Array, name: string) => {
      const away = x.ref.sub(x.mean(-1, { keepdims: true }));
      const variance = away.ref.mul(away.ref).mean(-1, { keepdims: true });
      const unit = away.div(np.sqrt(variance.add(epsilon)));
      return unit.mul(at(`${name}.weight`)).add(at(`${name}.bias`));
    };
    let x = np.take(at("transformer.wte.weight"), ids, 0).add(at("transformer.wpe.weight"));
    for (let layer = 0; layer < layers; layer++) {
      const here = `transformer.h.${layer}`;
      const qkv = linear(norm(x.ref, `${here}.ln_1`), `${here}.attn.c_attn`);
      const [q, k, v] = np
        .split(qkv, 3, -1)
        .map((part) => part.reshape([rows, context, heads, width / heads])) as [np.Array, np.Array, np.Array];
      const attended = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([rows, context, width]);
      x = x.add(linear(attended, `${here}.attn.c_proj`));
      const hidden = nn.gelu(linear(norm(x.ref, `${here}.ln_2`), `${here}.mlp.c_fc`), { approximate: true });
      x = x.add(linear(hidden, `${here}.mlp.c_proj`));
    }
    const logits = np.matmul(norm(x, "transformer.ln_f"), at(table).transpose());
    const oneHot = nn.oneHot(goals, vocabulary);
    for (const name of names) parameters[name]!.dispose();
    return nn.logSoftmax(logits, -1).mul(oneHot).sum(-1).mean().neg();
  }

  const step = jit(
    (state: { p: Tree; m: Tree; v: Tree }, ids: np.Array, goals: np.Array, corrections: np.Array) => {
      const parameters = Object.fromEntries(names.map((name) => [name, state.p[name]!.ref]));
      const [value, grads] = valueAndGrad(loss)(parameters, ids, goals) as unknown as [np.Array, Tree];
      let squares = np.array(0);
      for (const name of names) squares = squares.add(grads[name]!.ref.mul(grads[name]!.ref).sum());
      const scale = np.minimum(1, np.array(adam.clip).div(np.sqrt(squares)));
      const [b1, b2] = adam.betas;
      const [first, second] = [corrections.ref.slice(0), corrections.slice(1)];
      const next = { p: {} as Tree, m: {} as Tree, v: {} as Tree };
      for (const name of names) {
        const g = grads[name]!.mul(scale.ref);
        const m = state.m[name]!.mul(b1).add(g.ref.mul(1 - b1));
        const v = state.v[name]!.mul(b2).add(g.ref.mul(g).mul(1 - b2));
        const deviation = np.sqrt(v.ref.mul(second.ref)).add(adam.epsilon);
        const move = m.ref.mul(first.ref).div(deviation).mul(adam.learningRate);
        const kept = state.p[name]!.mul(decays(name) ? 1 - adam.learningRate * adam.weightDecay : 1);
        next.p[name] = kept.sub(move);
        next.m[name] = m;
        next.v[name] = v;
      }
      for (const gone of [scale, first, second]) gone.dispose();
      return { state: next, value };
    },
  );

  const tree = (make: (one: (typeof first)[number]) => np.Array): Tree =>
    Object.fromEntries(first.map((one) => [one.name, make(one)]));
  const zeros = () => tree(({ shape }) => np.zeros([...shape]));
  let state = { p: tree(({ values, shape }) => array(values, shape)), m: zeros(), v: zeros() };
  const ids = array(inputs, [rows, context]);
  const goals = array(targets, [rows, context]);
  let steps = 0;

  return {
    step: async () => {
      steps += 1;
      const corrections = np.array(adam.betas.map((beta) => 1 / (1 - beta ** steps)));
      const result = step(state, ids.ref, goals.ref, corrections) as unknown as {
        state: typeof state;
        value: np.Array;
      };
      state = result.state;
      const [now = Number.NaN] = await result.value.data();
      return now;
    },
    dispose: () => {
      for (const part of Object.values(state)) for (const one of Object.values(part)) one.dispose();
      ids.dispose();
      goals.dispose();
    },
  };
}
