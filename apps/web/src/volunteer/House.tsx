// The house and the road: the one picture that explains DEPT. Text lives in the house, the body travels; whether words do is
// the run's to say. It is live: the window is lit while this device computes, and the body is where it is.

import type { View } from "@homebody/volunteer/view";
import { bytes, plural } from "../format/numbers.ts";
import type { HouseWords } from "../run/travels.ts";
import { bodyPlace } from "./sentences.ts";

/** The road is a quadratic curve from the door to the hall. */
const road = { from: [232, 196], over: [398, 236], to: [566, 196] } as const;

function onRoad(t: number): [number, number] {
  const along = (axis: 0 | 1) =>
    (1 - t) ** 2 * road.from[axis] + 2 * t * (1 - t) * road.over[axis] + t ** 2 * road.to[axis];
  return [along(0), along(1)];
}

export interface HouseProps {
  readonly view: View | null;
  readonly words: HouseWords;
  readonly volunteers: number;
}

export function House({ view, words, volunteers }: HouseProps) {
  const place = bodyPlace(view);
  const [x, y] = onRoad(0.04 + place * 0.92);
  const task = view?.activity.kind === "working" ? view.activity.task.kind : null;
  const lit = task !== null && task !== "download-body" && task !== "send";
  return (
    <div>
      <svg viewBox="0 0 720 250" role="img" aria-labelledby="house-title" className="h-auto w-full">
        <title id="house-title">{sentence(words.title, place, lit)}</title>
        <path d="M0 214 Q180 196 360 212 T720 208 V250 H0Z" fill="var(--sunk)" />
        <path
          d={`M${road.from.join(" ")} Q${road.over.join(" ")} ${road.to.join(" ")}`}
          fill="none"
          stroke="var(--line)"
          strokeWidth="26"
          strokeLinecap="round"
        />
        <path
          d={`M${road.from.join(" ")} Q${road.over.join(" ")} ${road.to.join(" ")}`}
          fill="none"
          stroke="var(--edge)"
          strokeWidth="2"
          strokeDasharray="10 12"
        />
        <Home lit={lit} />
        <Hall />
        <g transform={`translate(${x.toFixed(1)} ${(y - 14).toFixed(1)})`}>
          <rect x="-24" y="-24" width="48" height="34" rx="6" fill="var(--run)" />
          {[-16, -8, 0].map((line) => (
            <rect key={line} x="-15" y={line - 1} width="30" height="4" rx="2" fill="var(--on-run)" />
          ))}
          <circle cx="-13" cy="13" r="6" fill="var(--ink)" />
          <circle cx="13" cy="13" r="6" fill="var(--ink)" />
        </g>
      </svg>
      <dl className="grid grid-cols-3 gap-3 text-sm">
        <div>
          <dt className="font-semibold text-lamp">Your house</dt>
          <dd className="text-muted">
            {words.stays}: {kept(words, view)}.
          </dd>
        </div>
        <div className="text-center">
          <dt className="font-semibold">The road</dt>
          <dd className="text-muted">{words.road}</dd>
        </div>
        <div className="text-right">
          <dt className="font-semibold text-run">The run</dt>
          <dd className="text-muted">
            {volunteers > 0
              ? `${plural(volunteers, "volunteer")} now. What they send is averaged.`
              : "What volunteers send is averaged."}
          </dd>
        </div>
      </dl>
    </div>
  );
}

/** What stays in the house, with its sizes as far as they are known. */
function kept({ keeps }: HouseWords, view: View | null): string {
  if (!view?.vocabulary) return keeps.join(", ");
  const { textBytes, embeddingBytes } = view.vocabulary;
  const text = `${bytes(textBytes)} of text`;
  return keeps.includes("embeddings") ? `${text}, ${bytes(embeddingBytes)} of embeddings` : text;
}

function sentence(title: string, place: number, lit: boolean): string {
  const words = `A house and a road. ${title}`;
  if (place === 0) return `${words} The body is with you${lit ? ", and your device works on it" : ""}.`;
  if (place === 1) return `${words} The body is with the run.`;
  return `${words} The body is on its way.`;
}

function Home({ lit }: { lit: boolean }) {
  const books = [10, 16, 12, 18, 14, 17, 11, 15].map((height, i) => ({ height, x: 80 + i * 9.7, i }));
  return (
    <g>
      <rect x="178" y="56" width="20" height="44" fill="var(--edge)" />
      <path
        d="M44 120 142 40 240 120 V212 H44Z"
        fill="var(--card)"
        stroke="var(--ink)"
        strokeWidth="4"
        strokeLinejoin="round"
      />
      <path
        d="M28 128 142 34 256 128"
        fill="none"
        stroke="var(--ink)"
        strokeWidth="8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <rect
        x="72"
        y="122"
        width="92"
        height="64"
        rx="4"
        fill={lit ? "var(--lamp-fill)" : "var(--lamp-soft)"}
        stroke="var(--ink)"
        strokeWidth="4"
      />
      {books.map(({ height, x, i }) => (
        <rect
          key={x}
          x={x}
          y={178 - height * 1.9}
          width="7"
          height={height * 1.9}
          rx="1.5"
          fill={i % 3 === 0 ? "var(--lamp)" : i % 3 === 1 ? "var(--edge)" : "var(--ink)"}
        />
      ))}
      <line x1="76" y1="180" x2="160" y2="180" stroke="var(--ink)" strokeWidth="4" />
      <path d="M190 212 V156 a15 15 0 0 1 30 0 V212Z" fill="var(--ink)" />
    </g>
  );
}

function Hall() {
  return (
    <g>
      <path
        d="M556 124 630 78 704 124Z"
        fill="var(--run)"
        stroke="var(--run)"
        strokeWidth="6"
        strokeLinejoin="round"
      />
      <rect x="566" y="130" width="128" height="76" fill="var(--card)" stroke="var(--run)" strokeWidth="4" />
      {[582, 612, 642, 672].map((x) => (
        <rect key={x} x={x - 4} y="140" width="12" height="60" rx="2" fill="var(--run-fill)" />
      ))}
      <rect x="556" y="204" width="148" height="10" rx="2" fill="var(--run)" />
    </g>
  );
}
