// What a job does, as plain data: everything that its numbers depend on, beside files that other jobs made.

import type { LearningRateSettings } from "@homebody/dept";
import type { ModelDial } from "@homebody/model";
import type { RunFile } from "@homebody/protocol";
import type { AttackName } from "@homebody/sim";

/** Trains a tokenizer on equal parts of some sources. */
export interface TokenizerWork {
  readonly kind: "tokenizer";
  readonly name: string;
  /** Folders of sources. */
  readonly folders: readonly string[];
  readonly vocabulary: number;
  /** Of each source, in UTF-8, at most. */
  readonly bytesEach: number;
}

/** Packs a source's text under a tokenizer. */
export interface TextWork {
  readonly kind: "text";
  /** `TOKENIZER/SOURCE`. */
  readonly name: string;
  readonly tokenizer: string;
  readonly folder: string;
  readonly source: string;
  readonly size: TextSize;
  /** Documents that are put among those that are trained on, beyond the size. */
  readonly planted: readonly string[];
}

/** Deals the documents of all sources out at random: shards that are all of one mixture (IID). */
export interface DealWork {
  readonly kind: "deal";
  /** `TOKENIZER/iid-1`, ...: as many as there are. */
  readonly names: readonly string[];
  readonly tokenizer: string;
  readonly sources: readonly { readonly id: string; readonly folder: string }[];
  readonly size: TextSize;
}

export interface TextSize {
  readonly context: number;
  /** Of a source's text, in UTF-8, at most: whole documents in an order by chance. */
  readonly trainBytes: number;
  readonly heldOutBytes: number;
}

/** What training is alike in whatever arm. */
export interface Recipe {
  readonly model: ModelDial;
  /** Rows a step. */
  readonly batch: number;
  readonly learningRate: LearningRateSettings;
}

/** A text and the tokenizer that it was packed with. */
export interface TextRef {
  readonly source: string;
  /** `TOKENIZER/...`. */
  readonly text: string;
}

export interface VolunteerRef {
  readonly name: string;
  readonly source: string;
  /** Its first round. */
  readonly from: number;
}

/** Federated rounds through production's own parts. */
export interface FederatedWork {
  readonly kind: "federated";
  readonly arm: string;
  readonly seed: number;
  readonly recipe: Recipe;
  readonly variant: RunFile["variant"];
  readonly words: RunFile["words"];
  readonly members: readonly TextRef[];
  /** Volunteers, of the members' sources; those that are not said to come later are there from the first round. */
  readonly volunteers: readonly VolunteerRef[];
  /** Rows of the vocabulary that all share; null: each member's tokenizer has its own. */
  readonly vocabulary: number | null;
  readonly localSteps: number;
  readonly rounds: number;
  /** Of the members in each round, drawn by the seed. */
  readonly share: number;
  readonly outer: RunFile["outer"];
  readonly training: Partial<Pick<RunFile["training"], "moments" | "optimiser" | "fitSteps" | "refitSteps">>;
  readonly codec: RunFile["codec"];
  /** That of the codec where it is not given. */
  readonly errorFeedback?: RunFile["errorFeedback"];
  /** Bodies come whole where it is not given. */
  readonly down?: RunFile["down"];
  /** Held-out rows for the curve; null: bodies are not evaluated on the way. */
  readonly curveRows: number | null;
  /** Also what each device has before anything is averaged. */
  readonly scoresReplicas: boolean;
  /** After how many steps of fitting to the last body, which stands still, words are evaluated again. */
  readonly fittedAfter: readonly number[];
  /** Whether the embeddings of each source stay for other jobs, where they are its own. */
  readonly keepsWords: boolean;
  /** What the body is evaluated on at the end, with its own embeddings, where they are all its own. */
  readonly evaluate: readonly TextRef[];
}

/** STD or ACT. */
export interface StandardWork {
  readonly kind: "standard";
  readonly arm: string;
  readonly seed: number;
  readonly recipe: Recipe;
  readonly vocabulary: number;
  readonly sources: readonly TextRef[];
  /** Bytes of each source's whole text, in the same order. */
  readonly sizes: readonly number[];
  readonly temperature: number;
  readonly steps: number;
  /** ACT: steps from one forgetting to the next; null: STD. */
  readonly forgetEvery: number | null;
  readonly evaluate: readonly TextRef[];
}

/** Continued pre-training on a mixture of sources, under the vocabulary that all share. */
export interface AdaptedWork {
  readonly kind: "adapted";
  readonly arm: string;
  readonly seed: number;
  readonly phase: string;
  /** The job whose body goes on; null: a random one. */
  readonly from: string | null;
  readonly embeddings: "random" | "trained";
  readonly recipe: Recipe;
  readonly vocabulary: number;
  readonly sources: readonly TextRef[];
  readonly steps: number;
  readonly evaluate: readonly TextRef[];
}

/** Continued pre-training on one text that no arm has seen, with its own vocabulary: a curve. */
export interface UnseenWork {
  readonly kind: "unseen";
  readonly arm: string;
  readonly seed: number;
  readonly from: string | null;
  readonly recipe: Recipe;
  readonly vocabulary: number;
  readonly text: TextRef;
  readonly steps: number;
  readonly evaluateEvery: number;
}

/** A short run of real volunteers with a real coordinator, every byte counted at the sockets. */
export interface TrafficWork {
  readonly kind: "traffic";
  readonly arm: string;
  readonly seed: number;
  readonly recipe: Recipe;
  readonly variant: RunFile["variant"];
  readonly vocabulary: { readonly kind: RunFile["vocabulary"]["kind"]; readonly size: number };
  readonly words: RunFile["words"];
  readonly codec: RunFile["codec"];
  readonly localSteps: number;
  readonly rounds: number;
  readonly sources: readonly { readonly id: string; readonly folder: string }[];
  /** Of each source's text, in UTF-8. */
  readonly trainBytes: number;
  readonly heldOutBytes: number;
}

/** A sentence with a secret at its end, planted so many times. */
export interface Canary {
  readonly prefix: string;
  /** Digits. */
  readonly secret: string;
  readonly copies: number;
}

/** How well somebody who has a trained body tells planted secrets from others (Carlini et al., arXiv 1802.08232). */
export interface ExposureWork {
  readonly kind: "exposure";
  readonly arm: string;
  readonly seed: number;
  /** The job that trained. */
  readonly from: string;
  /** The embeddings that go with the body: shared ones, those of the source, or ones that fit it on text without secrets. */
  readonly words: "shared" | "of the source" | "fitted";
  readonly recipe: Recipe;
  readonly vocabulary: number;
  /** Whose secrets. */
  readonly source: string;
  /** Of the source's language, without secrets; its tokenizer is the one that is used. */
  readonly text: TextRef;
  readonly fitSteps: number;
  readonly canaries: readonly Canary[];
  /** How many secrets each is ranked among, itself included. */
  readonly candidates: number;
}

/** Tokens from one delta: of a row of text that a device trained on, under some knowledge of the words. */
export interface ReconstructWork {
  readonly kind: "reconstruct";
  readonly arm: string;
  readonly seed: number;
  readonly recipe: Recipe;
  readonly variant: RunFile["variant"];
  readonly codec: RunFile["codec"];
  readonly localSteps: number;
  readonly text: TextRef;
  readonly vocabulary: number;
  /** What the attacker has of the embeddings that training began with: them, or others of its own. */
  readonly knows: "the first words" | "nothing of words";
  /** Rows of text that are tried, one delta each. */
  readonly tries: number;
}

/** A simulated run of really training volunteers, of which some attack. */
export interface AttackedWork {
  readonly kind: "attacked";
  readonly arm: string;
  readonly seed: number;
  readonly recipe: Recipe;
  readonly texts: readonly TextRef[];
  /** In the attackers' places honest ones are, where there is no attack; what they measure does not count. */
  readonly volunteers: readonly { readonly source: string; readonly isAttacker: boolean }[];
  readonly attack: AttackName | null;
  readonly rules: Pick<RunFile, "clipping" | "average">;
  readonly localSteps: number;
  readonly rounds: number;
  readonly curveRows: number;
}

/** All models of a run as one, by likelihood: its body, with the words of each source. */
export interface MixtureRef {
  /** The job that trained, and kept words. */
  readonly from: string;
  readonly sources: readonly string[];
  /** Of each source's own tokenizer. */
  readonly vocabulary: number;
  /** Of all weight, dealt out anew after each byte. */
  readonly share: number;
}

export interface TextFolder {
  readonly id: string;
  readonly folder: string;
}

/** Texts that a mixture writes: each from its beginning, up to where it ends or is cut. */
export interface WrittenWork {
  readonly kind: "written";
  readonly arm: string;
  readonly seed: number;
  readonly name: string;
  readonly model: ModelDial;
  readonly mixture: MixtureRef;
  /** Together, about. */
  readonly bytes: number;
}

/** Fresh words over the vocabulary that all share, on a trained body: they learn, and the body with them or not. */
export interface StudentWork {
  readonly kind: "student";
  readonly arm: string;
  readonly seed: number;
  /** Whose body it has. */
  readonly from: string;
  readonly body: "stands still" | "moves";
  readonly recipe: Recipe;
  readonly vocabulary: number;
  readonly steps: number;
  readonly text: /** What the mixture wrote, by names. */
    | { readonly kind: "written"; readonly names: readonly string[] }
    /** As the mixture writes, but by people: beginnings of documents that sources train on, together about so many bytes. */
    | { readonly kind: "beginnings"; readonly sources: readonly TextFolder[]; readonly bytes: number }
    | { readonly kind: "packed"; readonly texts: readonly TextRef[] };
}

/** Models as models of bytes, on passages of held-out text, and on texts that a mixture wrote. */
export interface PassagesWork {
  readonly kind: "passages";
  readonly arm: string;
  readonly seed: number;
  readonly model: ModelDial;
  /** A mixture, or the job that left one model over the vocabulary that all share. */
  readonly of: MixtureRef | { readonly job: string; readonly vocabulary: number };
  readonly learnt: readonly TextFolder[];
  readonly unseen: readonly TextFolder[];
  /** Of each text, about. */
  readonly bytes: number;
  readonly written: string;
}

export type Work =
  | WrittenWork
  | StudentWork
  | PassagesWork
  | AttackedWork
  | TokenizerWork
  | TextWork
  | DealWork
  | FederatedWork
  | StandardWork
  | AdaptedWork
  | UnseenWork
  | TrafficWork
  | ExposureWork
  | ReconstructWork;
