// From commands to calls of packages/kernels/assembly. What operands and attributes are stands in the folders' index.ts.

import { attentionSizes } from "../causal-attention/index.ts";
import { activations } from "../matmul/index.ts";
import { type Attributes, sizeOf } from "../plan/plan.ts";
import type { BoundOperands } from "../plan/runtime.ts";
import type { SimdModule } from "./module.ts";

export type Call = () => void;

interface Prepare {
  readonly simd: SimdModule;
  readonly operands: BoundOperands;
  /** Addresses of the operands. */
  readonly at: Readonly<Record<string, number>>;
  readonly attributes: Attributes;
}

const shapeOf = ({ operands }: Prepare, name: string) => operands[name]!.shape as [number, number];
const sizeAt = ({ operands }: Prepare, name: string) => sizeOf(operands[name]!.shape);
/** 0 stands for an operand that is not there. */
const or0 = ({ at }: Prepare, name: string) => at[name] ?? 0;

export const kernels: Readonly<Record<string, (prepare: Prepare) => Call>> = {
  AdamW: (prepare) => {
    const { simd, at, attributes } = prepare;
    const { beta1, beta2, epsilon, decays } = attributes as Record<string, number>;
    const size = sizeAt(prepare, "parameter");
    const states = [at.parameter!, at.gradient!, at.first!, at.second!, at.control!, at.settings!];
    return () =>
      simd.kernels.adamw(...states, size, beta1!, 1 - beta1!, beta2!, 1 - beta2!, epsilon!, decays!);
  },
  Add: (prepare) => {
    const { simd, at } = prepare;
    const size = sizeAt(prepare, "x");
    return () => simd.kernels.blend(at.y!, at.x!, 1, 1, size);
  },
  CausalAttention: (prepare) => {
    const { simd, at } = prepare;
    const { sizes, scratches } = attention(prepare);
    return () => simd.kernels.attention(at.qkv!, at.y!, at.lse!, ...sizes, ...scratches());
  },
  CausalAttentionGrad: (prepare) => {
    const { simd, at } = prepare;
    const { sizes, scratches } = attention(prepare);
    return () =>
      simd.kernels.attentionGrad(at.qkv!, at.y!, at.lse!, at.dy!, at.dqkv!, ...sizes, ...scratches());
  },
  ColumnSums: (prepare) => {
    const { simd, at, attributes } = prepare;
    const [rows, columns] = shapeOf(prepare, "x");
    return () => simd.kernels.columnSums(at.x!, at.y!, rows, columns, attributes.accumulate!);
  },
  CrossEntropy: (prepare) => {
    const { simd, at, attributes } = prepare;
    const [rows, columns] = shapeOf(prepare, "logits");
    const operands = [at.targets!, at.settings!, at.losses!, at.logits!];
    const { gradient, accumulate } = attributes;
    return () => simd.kernels.crossEntropy(...operands, rows, columns, gradient!, accumulate!);
  },
  Embedding: (prepare) => {
    const { simd, at, operands } = prepare;
    const [rows, columns] = shapeOf(prepare, "y");
    const context = operands.positions?.shape[0] ?? 1;
    const positions = or0(prepare, "positions");
    return () => simd.kernels.embedding(at.ids!, at.table!, positions, at.y!, rows, columns, context);
  },
  EmbeddingGrad: (prepare) => {
    const { simd, at, attributes } = prepare;
    const [entries, columns] = shapeOf(prepare, "dtable");
    const { accumulate } = attributes;
    return () =>
      simd.kernels.embeddingGrad(at.heads!, at.links!, at.dy!, at.dtable!, entries, columns, accumulate!);
  },
  GradientNorm: (prepare) => {
    const { simd, at, attributes } = prepare;
    const [size, count] = [sizeAt(prepare, "gradients"), sizeAt(prepare, "losses")];
    return () =>
      simd.kernels.gradientNorm(at.gradients!, size, at.losses!, count, at.control!, attributes.clip!);
  },
  MatMul: matmul,
  Norm: (prepare) => {
    const { simd, at, attributes } = prepare;
    const [rows, columns] = shapeOf(prepare, "x");
    const operands = [at.x!, at.weight!, or0(prepare, "bias"), at.y!, at.stats!];
    return () => simd.kernels.norm(...operands, rows, columns, attributes.epsilon!);
  },
  NormGrad: (prepare) => {
    const { simd, at, attributes } = prepare;
    const [rows, columns] = shapeOf(prepare, "x");
    const operands = [at.x!, at.weight!, at.stats!, at.dy!, or0(prepare, "skip"), at.dx!];
    return () => simd.kernels.normGrad(...operands, rows, columns, attributes.centred!);
  },
  NormWeightGrad: (prepare) => {
    const { simd, at, attributes } = prepare;
    const [rows, columns] = shapeOf(prepare, "x");
    const operands = [at.x!, at.stats!, at.dy!, at.dweight!, or0(prepare, "dbias")];
    return () => simd.kernels.normWeightGrad(...operands, rows, columns, attributes.accumulate!);
  },
  Normalize: (prepare) => {
    const { simd, at, attributes } = prepare;
    const size = sizeAt(prepare, "x");
    return () => simd.kernels.normalize(at.x!, at.y!, size, attributes.epsilon!);
  },
  Rope: (prepare) => {
    const { simd, at, attributes } = prepare;
    const [rows, columns] = shapeOf(prepare, "x");
    const [context, half] = shapeOf(prepare, "cos");
    const { heads, sign } = attributes;
    return () => simd.kernels.rope(at.cos!, at.sin!, at.x!, rows, columns, context, heads!, half, sign!);
  },
  SwiGlu: (prepare) => {
    const { simd, at } = prepare;
    const [rows, columns] = shapeOf(prepare, "y");
    return () => simd.kernels.swiglu(at.x!, at.y!, rows, columns);
  },
  SwiGluGrad: (prepare) => {
    const { simd, at } = prepare;
    const [rows, columns] = shapeOf(prepare, "dy");
    return () => simd.kernels.swigluGrad(at.x!, at.dy!, at.dx!, rows, columns);
  },
};

/** The product, then what follows it, each where it is wanted. */
function matmul(prepare: Prepare): Call {
  const { simd, at, attributes } = prepare;
  const { transposeA, transposeB, alpha, beta, activation, accumulate } = attributes as Record<
    string,
    number
  >;
  const { gemm, gelu, geluGrad, blend, copy } = simd.kernels;
  const [m, n] = shapeOf(prepare, "c");
  const [a0, a1] = shapeOf(prepare, "a");
  const [, ldb] = shapeOf(prepare, "b");
  const k = transposeA ? a0 : a1;
  const scratch = simd.kernels.gemmScratchBytes();
  const product = (to: number, add: number) =>
    gemm(
      transposeA!,
      transposeB!,
      m,
      n,
      k,
      at.a!,
      a1,
      at.b!,
      ldb,
      to,
      n,
      add,
      or0(prepare, "bias"),
      simd.scratch("gemm", scratch),
    );
  const [c, residual] = [at.c!, or0(prepare, "residual")];
  if (activation === activations.gelu)
    return () => {
      product(at.pre!, 0);
      gelu(at.pre!, c, m * n);
    };
  if (activation === activations.geluGrad)
    return () => {
      product(c, 0);
      geluGrad(at.pre!, c, c, m * n);
    };
  if (alpha !== 1 || beta !== 1)
    return () => {
      product(c, 0);
      blend(c, residual, alpha!, beta!, m * n);
    };
  return () => {
    if (residual !== 0) copy(residual, c, m * n);
    product(c, residual !== 0 ? 1 : accumulate!);
  };
}

function attention(prepare: Prepare) {
  const { simd, operands, attributes } = prepare;
  const { batch, heads, kvHeads, context, headSize } = attentionSizes(operands.qkv!, attributes);
  const bytes = [simd.kernels.attentionScratchBytes(context), simd.kernels.gemmScratchBytes()] as const;
  return {
    sizes: [batch, context, heads, kvHeads, headSize],
    scratches: () => [simd.scratch("attention", bytes[0]), simd.scratch("gemm", bytes[1])],
  };
}
