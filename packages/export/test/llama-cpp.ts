// llama.cpp by way of node-llama-cpp, which loads its program into this process.

import { consumer } from "../../../test/consumers.ts";

/** What is used of the package. */
interface LlamaCpp {
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<{
      tokenize(text: string, specialTokens: boolean): number[];
      createContext(options: object): Promise<{ getSequence(): Sequence }>;
      readonly tokens: {
        readonly bos: number;
        readonly eos: number;
        readonly shouldPrependBosToken: boolean;
      };
    }>;
    dispose(): Promise<void>;
  }>;
}

interface Sequence {
  evaluate(tokens: readonly number[], options: { temperature: 0 }): AsyncIterable<number>;
  controlledEvaluate(
    input: readonly (number | [number, object])[],
  ): Promise<{ next: { probabilities: ReadonlyMap<number, number> } }[]>;
  clearHistory(): Promise<void>;
}

export interface LoadedModel {
  /** Where a text begins and ends, and whether a prompt is to begin so. */
  readonly ends: { readonly bos: number; readonly eos: number; readonly shouldPrependBosToken: boolean };
  /** `<|endoftext|>` in it is text. */
  encode(text: string): readonly number[];
  /** So many tokens after these, each the likeliest; fewer where a document ends. */
  greedily(ids: readonly number[], tokens: number): Promise<readonly number[]>;
  /** Of each token after the first: -ln of its probability after all before it. */
  nats(ids: readonly number[]): Promise<readonly number[]>;
  dispose(): Promise<void>;
}

/** On one thread of the processor, with float32 keys and values for so many positions. */
export async function loadModel(modelPath: string, positions: number): Promise<LoadedModel> {
  const { getLlama } = await consumer<LlamaCpp>("node-llama-cpp/dist/index.js");
  const asShipped = { gpu: false, build: "never", skipDownload: true, maxThreads: 1 };
  const llama = await getLlama({ ...asShipped, progressLogs: false, logLevel: "error" });
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  const context = await model.createContext({
    contextSize: positions,
    batchSize: positions,
    threads: 1,
    flashAttention: false,
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
  });
  const sequence = context.getSequence();
  return {
    ends: model.tokens,
    encode: (text) => model.tokenize(text, false),
    async greedily(ids, tokens) {
      await sequence.clearHistory();
      const made: number[] = [];
      for await (const token of sequence.evaluate(ids, { temperature: 0 })) {
        made.push(token);
        if (made.length === tokens) break;
      }
      return made;
    },
    async nats(ids) {
      await sequence.clearHistory();
      const asked = { generateNext: { probabilities: true } };
      const results = await sequence.controlledEvaluate(ids.map((id) => [id, asked]));
      return ids.slice(1).map((id, i) => -Math.log(results[i]!.next.probabilities.get(id)!));
    },
    dispose: () => llama.dispose(),
  };
}
