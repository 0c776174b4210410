// What facts and their fields mean, in words: for docs/journal.md and the JSON schema. A test holds them to the fields that there are.

import type { Fact } from "../facts.ts";

export interface FieldWords {
  readonly meaning: string;
  /** Of its number; none for ids, hashes, words and lists. */
  readonly unit?: string;
}

export interface FactWords {
  /** When it is written. */
  readonly when: string;
  /** By path (`assigned[].slot`): those that mean here something else than in `commonWords`, or are here alone. */
  readonly fields: Readonly<Record<string, FieldWords>>;
}

const unixMs = "ms since 1970 (UTC)";
const said = (meaning: string, unit?: string): FieldWords =>
  unit === undefined ? { meaning } : { meaning, unit };

/** Of an entry. */
export const entryWords: Readonly<Record<"seq" | "at" | "fact", FieldWords>> = {
  seq: said("Its place in the journal, from 1, without gaps.", "entry"),
  at: said("When it was written, by the coordinator's clock, which may be set back.", unixMs),
  fact: said("What happened."),
};

/** Fields that mean the same wherever they come. */
export const commonWords: Readonly<Record<string, FieldWords>> = {
  kind: said("Which fact it is."),
  round: said("Number of the round, from 1. Round r trains from body r - 1 and makes body r.", "round"),
  body: said("Number of the body: 0 is what the run starts from, r is what round r made.", "body"),
  volunteer: said("Id of the volunteer: a hash of the secret that its device keeps."),
  source: said("Id of the source."),
  sources: said("Ids of sources."),
  sections: said("Files in the exchange's order."),
  "sections[].name": said("Name of the section: `theta`; `phi/es` where it is one source's alone."),
  "sections[].sha256": said("SHA-256 of its bytes, by which it is downloaded."),
  "sections[].sizeBytes": said("Size of the file.", "bytes"),
  schema: said("Version of the manifest's form.", "version"),
  manifest: said("The run file without paths, with every default filled in, and texts by their hash."),
};

export const factWords: Readonly<Record<Fact["kind"], FactWords>> = {
  created: {
    when: "Once, first: the run is there.",
    fields: {
      homebody: said("Version of Homebody that created the run."),
      parameters: said("Parameters of the model, by group."),
      "parameters.theta": said("Of the transformer without its embeddings.", "parameters"),
      "parameters.phi": said("Of the token embedding and the head, by source id.", "parameters"),
      "parameters.psi": said("Of the position embedding.", "parameters"),
      sections: said("Body 0, in the exchange's order."),
    },
  },
  opened: {
    when: "A round opens: enough volunteers are ready. Again with the same number where the round before it lapsed.",
    fields: {
      assigned: said("Who is to train in it."),
      "assigned[].volunteer": said("Id of the volunteer."),
      "assigned[].source": said("Id of the source whose text it trains on."),
      "assigned[].slot": said(
        "Its place among the volunteers of its source, from 0: which batches are its.",
        "slot",
      ),
      "assigned[].slots": said("Volunteers of its source in this round.", "volunteers"),
      "assigned[].rows": said("SHA-256 of its row map, where rows are a matter of the text; else null."),
      localSteps: said("Steps that each of them trains; in a run with time boxes, at most.", "steps"),
      stepsBefore: said(
        "Steps of the run that lie behind: the learning rate follows from it. With time boxes a round is as many as the median of its deltas claims.",
        "steps",
      ),
      totalSteps: said(
        "Steps of the run in all, as it is planned now; with time boxes, as the rounds before make it on average.",
        "steps",
      ),
      deadline: said("When it closes whatever is missing.", unixMs),
    },
  },
  accepted: {
    when: "A delta is checked and durable; only then its sender is told.",
    fields: {
      delta: said("SHA-256 of the delta."),
      sections: said("Its sections, in the exchange's order."),
      "sections[].sizeBytes": said("Bytes of the section as it was sent.", "bytes"),
      rows: said("SHA-256 of the row map of the device that made it, where there is one; else null."),
      steps: said("Local steps behind it: the volunteer's claim, never above those of the round.", "steps"),
      tokens: said(
        "Tokens that were trained on: the volunteer's claim, never above what its steps have.",
        "tokens",
      ),
      loss: said("Mean training loss of its local steps: the volunteer's claim.", "nats/token"),
      body: said(
        "Body that it starts from, where it is not that of the round (`overlap: eager`): the volunteer's claim.",
        "body",
      ),
      norm: said("Euclidean norm of the delta over all of its sections.", "1"),
      numbers: said(
        "SHA-256 of its numbers, whatever bytes they came in; null in journals of older versions.",
      ),
      seniority: said(
        "What it weighs beside others of its source: which of its sender's deltas it is, up to `newcomerRounds`.",
        "deltas",
      ),
      passed: said(
        "What passed at the volunteer's socket since its last delta that was accepted, this one included and texts left out: its claim; not there in journals of older versions.",
      ),
      "passed.sentBytes": said("Bytes that it sent.", "bytes"),
      "passed.receivedBytes": said("Bytes that it received, from a cache too.", "bytes"),
      carriesFrom: said(
        "Round of its sender's delta before: what that one left out may be in this one; null where nothing is, and in journals of older versions.",
        "round",
      ),
    },
  },
  evaluated: {
    when: "A volunteer measured a body on its held-out text, with its words where they stay at home, before it trained from it.",
    fields: {
      nats: said("Sum of -ln p over the held-out tokens. Bits per byte are nats / ln 2 / bytes.", "nats"),
      tokens: said("Held-out tokens, each document's end included.", "tokens"),
      bytes: said("UTF-8 bytes of that text.", "bytes"),
    },
  },
  closed: {
    when: "A round takes no more deltas; those that are in are averaged.",
    fields: {
      reason: said("`all` are in, `quorum` and grace, `deadline`, or the `admin`."),
      averaged: said("Ids of the volunteers whose deltas are averaged, in that order: by source, then id."),
      quarantined: said(
        "Ids of the volunteers whose deltas are in and not averaged, since they are in quarantine; not there where nobody is.",
      ),
    },
  },
  reviewed: {
    when: "A volunteer measured a peer's delta of the last round, as it was drawn to, on held-out text of its source.",
    fields: {
      round: said("Number of the round that the delta is of.", "round"),
      volunteer: said("Id of the volunteer whose delta it is."),
      reviewer: said("Id of the volunteer that measured it."),
      natsWithout: said(
        "Sum of -ln p over some held-out rows, of the body that the delta started from: the reviewer's claim.",
        "nats",
      ),
      natsWith: said("The same, of that body with a share of the delta.", "nats"),
      bytes: said("UTF-8 bytes of that text.", "bytes"),
      harmful: said("Whether the delta makes the body worse by more than the run's tolerance."),
    },
  },
  quarantined: {
    when: "So many peers in a row found a volunteer's deltas harmful; from now on they are in, and are not averaged.",
    fields: {
      round: said("Number of the round whose review made it so.", "round"),
      reviewers: said("Ids of the peers that found it, in the order in which they did."),
    },
  },
  cleared: {
    when: "A peer found that a quarantined volunteer's delta does no harm; from now on its deltas count again.",
    fields: {
      round: said("Number of the round that the delta is of.", "round"),
      reviewer: said("Id of the peer that found it."),
    },
  },
  dropped: {
    when: "An accepted delta of the open or closing round is lost on the coordinator's disk; it is not averaged.",
    fields: { reason: said("What became of it: `missing`, or `damaged`.") },
  },
  published: {
    when: "A body is made, durable, and from now on the current one.",
    fields: {
      sections: said("The body whose number is the round, in the exchange's order."),
      outer: said(
        "What outer optimisers keep after this step, and what outer steps leave out, of the sections where there is anything.",
      ),
      "outer[].name": said("Name of the section."),
      "outer[].sha256": said("SHA-256 of its bytes."),
      "outer[].sizeBytes": said("Size of the file.", "bytes"),
      steps: said("The outer steps that made these sections, where the run sends them as such (`down`)."),
      "steps[].name": said("Name of the section."),
      "steps[].sha256": said("SHA-256 of the step's bytes."),
      "steps[].sizeBytes": said("Size of the step.", "bytes"),
      "steps[].from": said("SHA-256 of the section's file that the step is added to."),
      cosines: said("Of each averaged delta."),
      "cosines[].volunteer": said("Id of the volunteer."),
      "cosines[].cosine": said("Of the angle between its delta and the mean that the body takes.", "1"),
      "cosines[].others": said(
        "Of the angle between its delta and what the others make of the weighted mean; null where there are none.",
        "1",
      ),
      clipped: said("Deltas that were longer than the run lets count."),
      "clipped[].volunteer": said("Id of the volunteer."),
      "clipped[].kept": said("Norm of what counts of it, over that of the whole.", "1"),
      meanNorm: said("Euclidean norm of the mean of the deltas.", "1"),
      servedBytes: said(
        "Bytes of bodies, and of what leads to them, that volunteers downloaded since the publication before.",
        "bytes",
      ),
    },
  },
  lapsed: {
    when: "A round ended without a delta; the same number opens again.",
    fields: {},
  },
  left: {
    when: "A volunteer that the open round or the last evaluation waited for left for good.",
    fields: {},
  },
  held: {
    when: "The run holds itself: its body got much worse, and it waits for its host.",
    fields: { sources: said("Ids of the sources that find the body much worse.") },
  },
  undone: {
    when: "The host goes back to a body; the round that was open is over.",
    fields: {
      round: said("Number of the body that comes of it.", "body"),
      to: said("Number of the body that it goes back to.", "body"),
      without: said(
        "Ids of the volunteers whose deltas in that body are left out; none: it is published as it was.",
      ),
      averaged: said("Ids of the volunteers whose deltas of it are averaged anew, in that order."),
    },
  },
  invited: {
    when: "The host made invitations to a source.",
    fields: {
      codes: said("One for each invitation."),
      "codes[].sha256": said("SHA-256 of its code, which the coordinator does not know."),
      "codes[].uses": said("How many it lets in.", "volunteers"),
    },
  },
  admitted: {
    when: "A volunteer is let into a source that is not open, from now on.",
    fields: { code: said("SHA-256 of the code that it came with; null where the host approved it.") },
  },
  ending: { when: "The host ends the run: no further round opens.", fields: {} },
  evaluating: {
    when: "The last body is to be evaluated.",
    fields: {
      expected: said("Ids of the volunteers that are waited for."),
      deadline: said("When the run is finished whatever is missing.", unixMs),
    },
  },
  finished: {
    when: "The run is over.",
    fields: { reason: said("Its `rounds` are done, or the `admin` ended it.") },
  },
  restarted: {
    when: "The coordinator came back after it was down or stood still.",
    fields: { deadline: said("The deadline that runs, moved by that time; null where none does.", unixMs) },
  },
  "source-added": {
    when: "A source joined the run.",
    fields: {
      source: said("The source, as in a manifest."),
      phi: said("Parameters of its token embedding and head.", "parameters"),
      sections: said(
        "Its own sections as they begin; none where its words stay on devices, or all share them.",
      ),
    },
  },
  changed: {
    when: "The host changed what may change in a run: description, host, origins, deadlines, number of rounds.",
    fields: { manifest: said("The whole of it as it is from now on.") },
  },
  reopened: { when: "A run that was over goes on: it has more rounds now.", fields: {} },
  paused: { when: "The host pauses the run: no round opens, and no deadline runs.", fields: {} },
  resumed: {
    when: "The run goes on after a pause.",
    fields: { deadline: said("The deadline that runs, moved by the pause; null where none does.", unixMs) },
  },
  removed: { when: "The host removes a volunteer: from now on it is refused.", fields: {} },
  restored: { when: "A removal is taken back.", fields: {} },
};
