// What the processes of a shaped line are asked, and what they answer.

export interface Bytes {
  readonly up: number;
  readonly down: number;
}

export type ToVolunteer =
  | { readonly kind: "probe"; readonly url: string; readonly bytes: Bytes }
  /** To the run's end. */
  | {
      readonly kind: "play";
      readonly url: string;
      readonly text: string;
      readonly dataDir: string;
      readonly threads: number;
    };

/** As an HTTP client finds the line. */
export interface Probed {
  readonly roundTripMs: number;
  readonly upMegabits: number;
  readonly downMegabits: number;
}

/** Something that was done, by the volunteer's own clock. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What a volunteer did between the beginning of its first step and the end of its last. */
export interface Played {
  readonly steps: readonly Span[];
  /** Of a batch each. */
  readonly evaluations: readonly Span[];
  /** By what it said that it did. */
  readonly doingMs: Readonly<Record<string, number>>;
  /** From the first step to the end of the run, without texts. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export type FromVolunteer = Probed | Played;

/** To an end of the line: that it is there, and works from then on. */
export interface ToEnd {
  readonly kind: "stand" | "work";
}
