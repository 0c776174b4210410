// Every measure that a journal gives, by its name [J3].

/** Whose a number is. */
export type Level = "run" | "source" | "volunteer";

export interface Measure {
  readonly of: Level;
  readonly unit: string;
  readonly meaning: string;
}

const ofRun = (unit: string, meaning: string): Measure => ({ of: "run", unit, meaning });
const ofSource = (unit: string, meaning: string): Measure => ({ of: "source", unit, meaning });
const ofVolunteer = (unit: string, meaning: string): Measure => ({ of: "volunteer", unit, meaning });

export const measures = {
  "learning-rate": ofRun("1", "At the round's first step."),
  "round-seconds": ofRun("s", "From the round's last opening to the body that it made."),
  "mean-norm": ofRun("1", "Euclidean norm of the mean of the round's deltas."),
  "body-bytes": ofRun("bytes", "Of the body that the round made."),
  "bytes-down": ofRun("bytes", "Of bodies that volunteers downloaded since the body before."),
  "tokens-total": ofRun("tokens", "Trained on so far, of all accepted deltas."),
  "steps-total": ofRun("steps", "Local steps so far, of all accepted deltas."),
  volunteers: ofSource("volunteers", "Assigned to the round."),
  deltas: ofSource("deltas", "Averaged into the body."),
  loss: ofSource("nats/token", "Mean training loss over the tokens of these deltas."),
  tokens: ofSource("tokens", "Trained on for these deltas."),
  "bytes-up": ofSource("bytes", "Of these deltas, as they were sent."),
  "bits-per-byte": ofSource(
    "bits/byte",
    "Of the body on held-out text, as the dashboard shows it: the median of the source's volunteers, weighted by bytes. `round` is the body's number; the row comes with the next body.",
  ),
  "delta-loss": ofVolunteer("nats/token", "Mean training loss of the local steps behind the delta."),
  "delta-norm": ofVolunteer("1", "Euclidean norm of the delta."),
  "delta-tokens": ofVolunteer("tokens", "Trained on for the delta."),
  "delta-steps": ofVolunteer("steps", "Local steps behind the delta."),
  "delta-bytes": ofVolunteer("bytes", "Of the delta, as it was sent."),
  "delta-staleness": ofVolunteer(
    "bodies",
    "How many bodies before that of its round the delta starts from. No row where it starts from that one.",
  ),
  "delta-cosine": ofVolunteer("1", "Of the angle between the delta and the mean of its round."),
  "delta-cosine-to-others": ofVolunteer(
    "1",
    "Of the angle between the delta and what the others of its round make of the weighted mean. No row where there are none.",
  ),
  "delta-kept": ofVolunteer(
    "1",
    "Norm of what counted of the delta, over that of the whole: below 1 where it was clipped.",
  ),
  "heldout-bits-per-byte": ofVolunteer(
    "bits/byte",
    "Of the body whose number is `round`, on this volunteer's held-out text.",
  ),
  "heldout-tokens": ofVolunteer("tokens", "Of that text."),
  "heldout-bytes": ofVolunteer("bytes", "UTF-8 bytes of that text."),
} as const satisfies Readonly<Record<string, Measure>>;

export type MeasureName = keyof typeof measures;
