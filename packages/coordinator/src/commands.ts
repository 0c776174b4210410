// Commands: all that can be asked of a run. A command may be refused; a fact has happened.
//
// They come from volunteers (accept, evaluate, leave), from the admin, from the clock (tick) and from the shell's
// own work (published, restart, change, add-source). Whatever a command needs to know is in it: decide looks nothing up.

import type { Millis, Sha256, SourceId, VolunteerId } from "@homebody/base";
import type { AdminAct, PassedBytes, RunManifest, SectionSize, Verdict } from "@homebody/protocol";
import type { Entrant } from "./admission.ts";
import type { Assigned, Fact } from "./facts.ts";
import type { ReadyVolunteers, Scored } from "./state.ts";

export type Command =
  /** A delta that was checked and is durable in the blobs. */
  | {
      readonly kind: "accept";
      readonly round: number;
      readonly volunteer: VolunteerId;
      readonly source: SourceId;
      readonly delta: Sha256;
      readonly sections: readonly SectionSize[];
      readonly steps: number;
      readonly tokens: number;
      readonly loss: number;
      /** The number of the body that it starts from; that of the round where it is not said. */
      readonly body?: number | undefined;
      readonly norm: number;
      /** Hash of its numbers. */
      readonly numbers: Sha256;
      readonly passed?: PassedBytes | undefined;
    }
  | ({ readonly kind: "evaluate" } & Scored & Pick<Assigned, "volunteer" | "source">)
  | ({ readonly kind: "review"; readonly reviewer: VolunteerId } & Verdict)
  | { readonly kind: "leave"; readonly volunteer: VolunteerId }
  /** It has said hello; `code` is the hash of its invitation's. */
  | ({ readonly kind: "admit" } & Entrant)
  /** Time passed, somebody came or went, or a command was carried out: whatever is due, is done. */
  | { readonly kind: "tick"; readonly ready: ReadyVolunteers }
  /** The shell has averaged the closing round, and its body is durable in the blobs. */
  | ({ readonly kind: "published" } & Omit<Extract<Fact, { kind: "published" }>, "kind">)
  /** The shell cannot read this accepted delta any more. */
  | ({ readonly kind: "drop" } & Omit<Extract<Fact, { kind: "dropped" }>, "kind">)
  /** The shell cannot read what the closing round is averaged with, and nobody can mend it. */
  | { readonly kind: "abandon"; readonly round: number }
  /** The coordinator came back; it was last alive at `aliveAt`. */
  | { readonly kind: "restart"; readonly aliveAt: Millis }
  | { readonly kind: "change"; readonly manifest: RunManifest }
  /** The host adds a source; its texts, tokenizer and first sections are durable in the blobs. */
  | ({ readonly kind: "add-source" } & Omit<Extract<Fact, { kind: "source-added" }>, "kind" | "schema">)
  | ({ readonly kind: "admin" } & { readonly act: AdminAct });
