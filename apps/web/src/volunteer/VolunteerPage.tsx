// The volunteer's page, top to bottom: what this is, choose your words, this device, contribute; then the work in
// the same place, what it has learnt, the ledger, and how to stop.

import type { SourceId } from "@homebody/base";
import { coordinatorLearns, deltasAreKept, leastTextBytes, roundTraffic } from "@homebody/dept";
import { type ManifestSource, type RunManifest, refusalSentences } from "@homebody/protocol";
import type { TextLook } from "@homebody/volunteer/looking";
import { type Command, type Intensity, quarantineSentence, type View } from "@homebody/volunteer/view";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { bytes, factor, percent, plural } from "../format/numbers.ts";
import { ago } from "../format/times.ts";
import type { MakeModel } from "../model/making.ts";
import { PageHeading, PageLink } from "../router.tsx";
import type { FeedState } from "../run/feed.ts";
import { hereNow } from "../run/freshness.ts";
import { RunLine } from "../run/RunLine.tsx";
import { houseWords, howWordsAreShared, ledgerWords, wordsOf } from "../run/travels.ts";
import { useNow } from "../state/now.ts";
import { Arrival } from "../ui/Arrival.tsx";
import { BringFiles } from "../ui/BringFiles.tsx";
import { useTextLook } from "../ui/looking.ts";
import { Announce, Button, Meter, Notice, Section } from "../ui/pieces.tsx";
import { sourceStyle } from "../ui/SourceMark.tsx";
import { Controls, Forget, IntensityChoice } from "./Controls.tsx";
import type { VolunteerState } from "./connection.ts";
import { DeviceCard } from "./DeviceCard.tsx";
import { House } from "./House.tsx";
import { Ledger } from "./Ledger.tsx";
import { outageNext, outageSince, outageTitle } from "./outage-sentences.ts";
import { Sampling } from "./Sampling.tsx";
import { SourceChoice } from "./SourceChoice.tsx";
import { Standing } from "./Standing.tsx";
import { asOver, spoken, takesPart } from "./sentences.ts";

// With charts: nobody needs them before there is work.
const work = () => import("./Work.tsx");
const Work = lazy(() => work().then((file) => ({ default: file.Work })));
const Learning = lazy(() => work().then((file) => ({ default: file.Learning })));

// For those alone who have one.
const YourModel = lazy(() => import("./YourModel.tsx").then((file) => ({ default: file.YourModel })));

export interface VolunteerPageProps {
  readonly run: FeedState;
  readonly volunteer: VolunteerState;
  readonly send: (command: Command) => void;
  /** Whether the browser lets this page compute and keep data: only on HTTPS or on this very machine. */
  readonly secure: boolean;
  /** How a model is made as a file; in a worker, unless a test says otherwise. */
  readonly makeModel?: MakeModel;
}

export function VolunteerPage({ run, volunteer, send, secure, makeModel }: VolunteerPageProps) {
  const { manifest, figures, presence } = run;
  const view = asOver(volunteer.view, figures?.finished === true);
  const working = view !== null && takesPart(view);
  const isOfRun = view?.run == null || view.run === manifest?.run;
  const started = view !== null && isOfRun && (working || view.body !== null || view.losses.length > 0);
  const acted = useRef(false);
  const act = (command: Command) => {
    acted.current = true;
    send(command);
  };
  const [picked, setPicked] = useState<SourceId | null>(null);
  const chosen = chosenSource(run, volunteer, picked);
  const { link } = volunteer;
  const index = manifest?.sources.findIndex(({ id }) => id === view?.source) ?? -1;
  const own = manifest?.sources[index] ?? chosen;
  const kept = modelKept(volunteer, manifest);
  const isRead = manifest !== null && (figures !== null || working);
  const check = () => {
    if (!volunteer.started || isUnchecked(view)) send({ kind: "check-device" });
  };
  const choose = (source: SourceId) => {
    setPicked(source);
    check();
  };
  return (
    <div className="grid gap-6 *:col-span-full *:min-w-0 lg:grid-cols-2 lg:gap-x-12">
      <Spoken view={view} />
      <header className="self-start lg:col-span-1">
        <PageHeading>{manifest?.name ?? "Homebody"}</PageHeading>
        <p className="mt-3 max-w-prose">{figures?.description ?? manifest?.description}</p>
        {manifest && (
          <p className="mt-2 text-muted">
            Hosted by {figures?.host ?? manifest.host}. {plural(manifest.sources.length, "source")} of text,
            one shared body.
          </p>
        )}
        <div className="mt-4">
          <RunLine run={run} />
        </div>
      </header>
      {view?.refusal && !hasEndedRefused(view) && <Refused refusal={view.refusal} />}
      {view?.quarantined && working && <Quarantined />}
      {link !== null && <Invited link={link} manifest={manifest} view={working ? view : null} />}
      {!secure && <Insecure />}
      {secure && (
        <Arrival key={placeOf(view)} first={!acted.current}>
          {view && <Standing view={view} keeps={houseWords(manifest, own).keeps} send={act} />}
          {working && <AtWork view={view} send={act} />}
          {!working && volunteer.goesOn && <GoingOn />}
          {!working && !volunteer.goesOn && isRead && (
            <WayIn {...{ run, volunteer, chosen }} send={act} onChoose={choose} onCheck={check} />
          )}
        </Arrival>
      )}
      {secure && started && (
        <>
          <Suspense fallback={null}>
            <Learning view={view} colour={index < 0 ? "--lamp" : sourceStyle(index).colour} />
          </Suspense>
          <Sampling view={view} send={send} language={manifest?.sources[index]?.language ?? null} />
        </>
      )}
      {secure && kept !== null && manifest !== null && (
        <Suspense fallback={null}>
          <YourModel run={manifest.run} source={kept} make={makeModel} />
        </Suspense>
      )}
      {isRead && (
        <>
          {/* After the way in on a phone, and beside the heading where there is room. */}
          <div className="self-start lg:col-span-1 lg:col-start-2 lg:row-start-1">
            <House view={view} words={houseWords(manifest, own)} volunteers={hereNow(presence)} />
            <p className="mt-3 text-sm">
              What it has learnt so far you can see within two minutes:{" "}
              <PageLink to="try">Try this body on your own language</PageLink>
            </p>
          </div>
          {!volunteer.goesOn && (
            <Ledger ledger={(isOfRun && view?.ledger) || null} words={ledgerWords(manifest, own)} />
          )}
          <HowItWorks manifest={manifest} />
        </>
      )}
    </div>
  );
}

/** The source of whose words this device keeps a model of the run; before a worker is there the page has looked by itself. */
function modelKept({ view, remembered }: VolunteerState, manifest: RunManifest | null): SourceId | null {
  if (manifest === null) return null;
  const isOfRun = remembered?.run === manifest.run;
  if (view?.source != null && view.run === manifest.run)
    return view.roundsContributed > 0 || (isOfRun && remembered.hasModel) ? view.source : null;
  return isOfRun && remembered.hasModel ? remembered.source : null;
}

function AtWork({ view, send }: { view: View; send: (command: Command) => void }) {
  return (
    <div className="space-y-6">
      <Suspense fallback={null}>
        <Work view={view} onCancel={() => send({ kind: "cancel" })} />
      </Suspense>
      <Section id="controls" title="Yours to decide">
        <Controls view={view} send={send} />
      </Section>
    </div>
  );
}

/** The worker is there, and nobody has asked it yet. */
function isUnchecked(view: View | null): boolean {
  return view !== null && view.device === null && view.activity.kind === "idle";
}

/** What stands in the middle of the page. */
function placeOf(view: View | null): "work" | "elsewhere" | "way-in" {
  if (view !== null && takesPart(view)) return "work";
  return view?.activity.kind === "elsewhere" ? "elsewhere" : "way-in";
}

/** For whoever does not see the page: an outage before what is done meanwhile. */
function Spoken({ view }: { view: View | null }) {
  const now = useNow();
  if (view === null) return <Announce>{""}</Announce>;
  const isOut = outageSince(view, now) !== null;
  return <Announce>{isOut ? `${outageTitle(false)}. ${outageNext(view)}` : spoken(view.activity)}</Announce>;
}

/** Between a reload and the worker's first word. */
function GoingOn() {
  return (
    <Section id="going-on" title="Going on where this device was">
      <p className="mb-2 text-muted">
        What it keeps of the run is opened: text, vocabulary, embeddings, and the round that it was in.
      </p>
      <Meter label="Opening what this device keeps" share={null} tone="lamp" />
    </Section>
  );
}

/** Then the refusal stands where it is said why nothing goes on. */
function hasEndedRefused({ activity }: View): boolean {
  return activity.kind === "stopped" && activity.why === "refused";
}

const refusalShownMs = 300_000;

function Refused({ refusal }: { refusal: NonNullable<View["refusal"]> }) {
  const now = useNow();
  if (now - refusal.at > refusalShownMs) return null;
  return (
    <div role="alert">
      <Notice tone="warn" title="From the coordinator" testId="refusal">
        <p data-word={refusal.reason}>{refusalSentences[refusal.reason]}</p>
        <p className="text-sm text-muted">{ago(refusal.at, now)}</p>
      </Notice>
    </div>
  );
}

/** [V70] */
function Quarantined() {
  return (
    <div role="alert">
      <Notice tone="warn" title="From the other volunteers" testId="quarantined">
        <p>{quarantineSentence}</p>
      </Notice>
    </div>
  );
}

function Insecure() {
  return (
    <Notice tone="bad" title="This page cannot train here yet" testId="insecure">
      <p>
        Browsers let a page use the graphics processor and keep data only when it comes over HTTPS, or from
        the very machine that you sit at. This one came over plain HTTP. There is nothing wrong with your
        device.
      </p>
      <p className="mt-2">
        What the host must do: start the coordinator with{" "}
        <code className="whitespace-nowrap">--tls-cert</code> and{" "}
        <code className="whitespace-nowrap">--tls-key</code>, or put a server that speaks HTTPS in front of it
        and start it with <code className="whitespace-nowrap">--trust-proxy</code> and{" "}
        <code className="whitespace-nowrap">--public-url</code>. The README shows both. Until then you can
        watch the run on the <PageLink to="dashboard">dashboard</PageLink>.
      </p>
    </Notice>
  );
}

/** The source that was picked here, that the page's link is for, that this device had, or the only one there is. */
function chosenSource(
  { manifest }: FeedState,
  volunteer: VolunteerState,
  picked: SourceId | null,
): ManifestSource | undefined {
  if (manifest === null) return undefined;
  const { link } = volunteer;
  const ids = [picked, link === "broken" ? null : link?.source, ...knownSources(manifest, volunteer)];
  const open = manifest.sources.filter((source) => isOpenTo(manifest, volunteer, source));
  for (const id of ids) {
    const found = open.find((source) => source.id === id);
    if (found !== undefined) return found;
  }
  return manifest.sources.length === 1 ? open[0] : undefined;
}

/** Of this run: what this device trained on, and what it is invited to. */
function knownSources(
  { run }: RunManifest,
  { remembered, invitation }: VolunteerState,
): readonly (SourceId | undefined)[] {
  return [remembered, invitation].map((known) => (known?.run === run ? known.source : undefined));
}

function isOpenTo(
  manifest: RunManifest,
  volunteer: VolunteerState,
  { id, admission }: ManifestSource,
): boolean {
  return admission !== "code" || knownSources(manifest, volunteer).includes(id);
}

/** What the link is for by which the page was opened. */
function Invited({
  link,
  manifest,
  view,
}: {
  link: NonNullable<VolunteerState["link"]>;
  manifest: RunManifest | null;
  /** Of a device at work. */
  view: View | null;
}) {
  if (manifest === null) return null;
  const source = link === "broken" ? undefined : manifest.sources.find(({ id }) => id === link.source);
  if (source === undefined)
    return (
      <Notice tone="warn" title="This invitation cannot be used here" testId="invitation">
        <p>
          {link === "broken"
            ? "The link was not copied whole. Open it again as the host has sent it."
            : "This run has no such source. Ask the host for another link."}
        </p>
      </Notice>
    );
  if (view?.source === source.id) return null;
  return (
    <Notice tone="yours" title={`The host invites you to ${source.title}`} testId="invitation">
      <p>
        {view === null
          ? "It is chosen below. This device keeps the invitation, so you may also take part later."
          : "This device keeps the invitation. To change to this source, stop what it does first."}
      </p>
    </Notice>
  );
}

interface WayInProps extends Pick<VolunteerPageProps, "run" | "volunteer" | "send"> {
  readonly chosen: ManifestSource | undefined;
  readonly onChoose: (source: SourceId) => void;
  /** The device is to be checked now, before anything else is asked of it. */
  readonly onCheck: () => void;
}

const noFiles: readonly File[] = [];

function WayIn({ run, volunteer, send, chosen: source, onChoose, onCheck }: WayInProps) {
  const { manifest, figures, presence } = run;
  const { remembered, problem } = volunteer;
  const view = asOver(volunteer.view, figures?.finished === true);
  const [files, setFiles] = useState<readonly File[]>([]);
  const [asked, setAsked] = useState(false);
  const [pressed, setPressed] = useState(false);
  /** It was pressed before the files were read: what comes of it is seen then. */
  const [waits, setWaits] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const here = remembered && remembered.run === manifest?.run ? remembered.source : null;
  const kept = here !== null && here === source?.id && remembered?.hasText === true;
  const brings = source !== undefined && source.served === null;
  const look = useTextLook(
    brings ? files : noFiles,
    brings && manifest !== null ? { manifest, source } : null,
  );

  const activity = view?.activity.kind;
  useEffect(() => {
    if (activity !== "idle") setAsked(false);
  }, [activity]);

  const missing =
    problem !== null
      ? "This device cannot train, see above."
      : source === undefined
        ? "Choose your words first."
        : brings && files.length > 0
          ? missingInFiles(look)
          : brings && !kept
            ? "Bring at least one file first."
            : null;
  const isReading = brings && files.length > 0 && look === null;
  const contribute = () => {
    if (isReading) return setWaits(true);
    if (missing !== null || source === undefined || manifest === null) {
      setPressed(true);
      const lacking = source === undefined ? "input[name=source]:enabled" : "[data-testid=drop-area] button";
      return place.current?.querySelector<HTMLElement>(lacking)?.focus();
    }
    setAsked(true);
    send({
      kind: "contribute",
      manifest,
      source: source.id,
      files: brings && files.length > 0 ? files : null,
    });
  };
  useEffect(() => {
    if (!waits || isReading) return;
    setWaits(false);
    contribute();
  });

  if (manifest === null) return null;
  if (activity === "elsewhere") return null;
  const removed =
    activity === "stopped" && view?.activity.kind === "stopped" && view.activity.why === "removed";
  const keeps = here !== null || (view?.vocabulary ?? null) !== null;
  if (removed || activity === "finished" || figures?.finished)
    return (
      <>
        {!removed && activity !== "finished" && (
          <Notice tone="calm" title="This run is finished">
            <p>
              It takes no more volunteers. Its bodies are on the <PageLink to="dashboard">dashboard</PageLink>
              .
            </p>
          </Notice>
        )}
        {keeps && (
          <div className="flex flex-wrap items-center gap-4">
            <p className="text-muted">This device still has its text, vocabulary and embeddings.</p>
            <Forget send={send} />
          </div>
        )}
      </>
    );

  const intensity: Intensity = view?.intensity ?? volunteer.intensity;

  return (
    <div className="space-y-6">
      <div ref={place} className="grid items-start gap-6 lg:grid-cols-[3fr_2fr]">
        <Section id="sources" title="Choose your words">
          {pressed && missing !== null && (
            <p role="alert" data-testid="missing" className="mb-3 font-semibold text-bad">
              {missing}
            </p>
          )}
          <SourceChoice
            manifest={manifest}
            presence={presence}
            chosen={source?.id ?? null}
            isOpen={(one) => isOpenTo(manifest, volunteer, one)}
            onChoose={onChoose}
          />
          {brings && (
            <BringFiles files={files} look={look} wanted={wantedWords(manifest)} onFiles={setFiles} />
          )}
          {kept && (
            <p className="mt-3 text-sm text-lamp">
              This device has the text, the vocabulary and the embeddings of this source already.
            </p>
          )}
        </Section>
        <DeviceCard {...{ view, problem, onCheck }} isAsked={volunteer.started && !isUnchecked(view)}>
          <IntensityChoice
            value={intensity}
            onChange={(value) => send({ kind: "intensity", intensity: value })}
          />
        </DeviceCard>
      </div>
      {/* In sight however long the list is, unless that would take half the screen. */}
      <div className="z-10 grid items-center gap-x-8 gap-y-2 rounded-xl border border-line bg-lamp-soft px-4 py-3 tall:sticky tall:bottom-0 sm:px-6 md:grid-cols-[1fr_auto]">
        <div className="space-y-1 text-sm">
          {source && (
            <p className="max-w-prose" data-testid="what-it-learns">
              {coordinatorLearns(manifest, source)} {deltasAreKept(manifest, source)}
            </p>
          )}
          <p id="contribute-hint">
            {missing ?? "You can pause or stop at any time, and closing the page stops it too."}
          </p>
        </div>
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <Button
            kind="primary"
            className="min-h-14 min-w-56 max-md:grow"
            aria-disabled={problem !== null || asked || waits}
            aria-describedby="contribute-hint"
            onClick={contribute}
            data-testid="contribute"
          >
            {asked || waits ? "Starting" : "Contribute"}
          </Button>
          {here !== null && <Forget send={send} />}
        </div>
      </div>
    </div>
  );
}

function HowItWorks({ manifest }: { manifest: RunManifest }) {
  const { upBytes, mayBeFewer, standardBytes } = roundTraffic(manifest, manifest.sources[0]!);
  const isBoxed = manifest.training.timeBox !== "off";
  return (
    <details className="rounded-xl border border-line bg-card px-4 py-1 sm:px-6">
      <summary className="min-h-11 font-semibold">How it works</summary>
      <div className="mb-4 mt-2 max-w-prose space-y-2">
        <p>
          A language model has two parts. Its embeddings say what each word is; its body says how words go
          together. {howWordsAreShared(manifest)}
        </p>
        <p>
          In a round, each device gets the body, trains it with its own text for a while, and sends back what
          changed: a delta. The coordinator averages the deltas, and that makes the next body. Because a
          device sends once a round and not at every step
          {wordsOf(manifest) === "device" ? ", and its words never" : ""}, it sends{" "}
          {isBoxed ? "up to " : mayBeFewer ? "at least " : ""}
          {factor(standardBytes / upBytes)} times fewer bytes than if it exchanged the whole model at every
          step.
        </p>
        <p className="text-muted">
          In the literature: federated averaging with decoupled embeddings (DEPT, variant{" "}
          {manifest.variant.toUpperCase()}).
        </p>
      </div>
    </details>
  );
}

function wantedWords(manifest: RunManifest): string {
  const { share, leastBytes } = manifest.heldOut;
  return `Bring ${bytes(leastTextBytes(manifest))} of text or more. Of it ${percent(share)}, at least ${bytes(leastBytes)}, is never trained on: the body is measured there.`;
}

/** What stands in the way of contributing with files that were chosen; null: nothing. */
function missingInFiles(look: TextLook | null): string | null {
  if (look === null) return "Reading your files.";
  if (look.problems.length === 0) return null;
  return look.problems.some(({ file }) => file !== null)
    ? "Take out the files that are marked, or choose them anew."
    : "Bring more text first.";
}
