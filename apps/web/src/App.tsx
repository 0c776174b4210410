// The frame of all pages: the name, four links, and the page that the address asks for.

import { type Admin, type Reply, version } from "@homebody/protocol";
import type { Command } from "@homebody/volunteer/view";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import type { AskForApplicants } from "./admin/applicants.ts";
import type { Talk } from "./dashboard/talk.ts";
import { type Page, PageLink, usePage, useProfiling } from "./router.tsx";
import type { FeedState } from "./run/feed.ts";
import { type Store, useStore } from "./state/store.ts";
import { titleOf, titles } from "./title.ts";
import type { Trial } from "./try/trial.ts";
import type { VolunteerState } from "./volunteer/connection.ts";
import { takesPart } from "./volunteer/sentences.ts";
import { VolunteerPage } from "./volunteer/VolunteerPage.tsx"; // where nearly everybody comes in

const DashboardPage = lazy(() =>
  import("./dashboard/DashboardPage.tsx").then((file) => ({ default: file.DashboardPage })),
);
const TryPage = lazy(() => import("./try/TryPage.tsx").then((file) => ({ default: file.TryPage })));
const ProfilePage = lazy(() =>
  import("./profile/ProfilePage.tsx").then((file) => ({ default: file.ProfilePage })),
);
const AdminPage = lazy(() => import("./admin/AdminPage.tsx").then((file) => ({ default: file.AdminPage })));

type Readable<T> = Pick<Store<T>, "get" | "subscribe">;

export interface AppProps {
  readonly run: Readable<FeedState>;
  readonly volunteer: Readable<VolunteerState>;
  readonly send: (command: Command) => void;
  readonly trial: Trial;
  readonly talk: Talk;
  readonly act: (message: Admin) => Promise<Reply>;
  readonly askApplicants: AskForApplicants;
  /** Earlier entries of the journal are wanted. */
  readonly earlier: () => void;
  /** The volunteer's page is in sight: what this device did before is wanted. */
  readonly wake: () => void;
  readonly secure: boolean;
}

export function App({
  run,
  volunteer,
  send,
  trial,
  talk,
  act,
  askApplicants,
  earlier,
  wake,
  secure,
}: AppProps) {
  const page = usePage();
  const profiling = useProfiling() && page === "volunteer";
  const [token, setToken] = useState("");
  const runState = useStore(run);
  const volunteerState = useStore(volunteer);
  const trialState = useStore(trial.state);
  const busy = volunteerState.view !== null && takesPart(volunteerState.view);
  const title = titleOf({ page, ...runState, view: volunteerState.view });
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    if (page === "volunteer" && !profiling) wake();
  }, [page, wake, profiling]);
  return (
    <Frame busy={busy}>
      <Suspense fallback={<p className="text-muted">Opening the page.</p>}>
        {profiling && <ProfilePage run={runState} />}
        {page === "volunteer" && !profiling && (
          <VolunteerPage run={runState} volunteer={volunteerState} send={send} secure={secure} />
        )}
        {page === "dashboard" && <DashboardPage run={runState} talk={talk} earlier={earlier} />}
        {page === "try" && <TryPage run={runState} state={trialState} trial={trial} busy={busy} />}
        {page === "admin" && (
          <AdminPage run={runState} token={token} onToken={setToken} {...{ act, askApplicants }} />
        )}
      </Suspense>
    </Frame>
  );
}

function Frame({ busy, children }: { busy: boolean; children: ReactNode }) {
  return (
    <div className="mx-auto min-h-dvh max-w-[80rem] px-4 pb-16 sm:px-8">
      <a
        href="#main"
        className="sr-only rounded-lg bg-card p-3 focus:not-sr-only focus:absolute focus:left-4 focus:top-4 focus:z-10"
      >
        Skip to the page
      </a>
      <header className="flex flex-wrap items-center justify-between gap-x-6 py-3">
        <span className="inline-flex items-center gap-2 font-semibold">
          <svg viewBox="0 0 32 32" className="size-7" aria-hidden="true" focusable="false">
            <path d="M4 15 16 4l12 11v13H4z" fill="var(--run)" />
            <rect x="12" y="15" width="8" height="8" rx="1" fill="var(--lamp-fill)" />
          </svg>
          Homebody
        </span>
        <nav aria-label="Pages" className="-mx-2 flex">
          {(Object.keys(titles) as Page[]).map((page) => (
            <PageLink
              key={page}
              to={page}
              className="inline-flex min-h-11 min-w-11 items-center justify-center rounded-lg px-3 text-ink no-underline hover:bg-sunk aria-[current=page]:font-semibold aria-[current=page]:text-run"
            >
              {titles[page]}
              {page === "volunteer" && busy && (
                <span className="ml-2 inline-block size-2.5 rounded-full bg-lamp-fill">
                  <span className="sr-only">, this device contributes</span>
                </span>
              )}
            </PageLink>
          ))}
        </nav>
      </header>
      <main id="main" className="min-h-dvh space-y-6 pt-4">
        {children}
      </main>
      <footer className="pt-8 text-sm text-muted">
        <p data-testid="version">Homebody {version}</p>
      </footer>
    </div>
  );
}
