// A report as data: what a study says, before it becomes a page.

/** Plain text; nothing of it is read as markup. */
export interface Report {
  readonly title: string;
  /** What was asked, in a sentence or two. */
  readonly lead: string;
  /** What came out, the most important first: a claim, and what holds it. */
  readonly findings: readonly Finding[];
  /** Numbers that say how large the study is, beside those of every study. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly sections: readonly Section[];
}

export interface Finding {
  /** For what is not a comparison: `note`. */
  readonly verdict: Verdict | "note";
  readonly text: string;
}

/** Against what the paper found: as it says, the other way round, or not to be told from chance here. */
export type Verdict = "as in the paper" | "not as in the paper" | "undecided";

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block = Prose | Terms | Table | Figure;

export interface Prose {
  readonly kind: "prose";
  readonly text: string;
}

export interface Terms {
  readonly kind: "terms";
  readonly terms: readonly (readonly [term: string, meaning: string])[];
}

export interface Table {
  readonly kind: "table";
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A first column says what the row is; `strong`: the best of its column. */
export interface Cell {
  readonly text: string;
  /** Smaller, beneath it. */
  readonly detail?: string;
  readonly strong?: boolean;
}

export interface Figure {
  readonly kind: "figure";
  /** Of the file, and of what refers to it. */
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly plot: DotPlot | LinePlot;
}

/** Which colour: what is compared, what it is compared with, and what is there to be beaten. */
export type Family = "dept" | "baseline" | "control" | "floor";

export interface DotPlot {
  readonly kind: "dots";
  readonly axis: string;
  readonly digits: number;
  readonly isLogarithmic?: boolean;
  /** What colours stand for, where it is not what they usually do. */
  readonly families?: Partial<Readonly<Record<Family, string>>>;
  readonly rows: readonly {
    readonly label: string;
    readonly family: Family;
    /** One a seed. */
    readonly values: readonly number[];
  }[];
}

export interface LinePlot {
  readonly kind: "lines";
  readonly xAxis: string;
  readonly yAxis: string;
  readonly series: readonly {
    readonly label: string;
    /** 0 to 7: a colour of the source palette. */
    readonly colour: number;
    readonly dashed?: boolean;
    readonly points: readonly { readonly x: number; readonly y: number }[];
  }[];
}
