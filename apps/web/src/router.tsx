// Four pages, one document: the address decides, links do not reload, so a volunteer goes on while it looks around.

import { type MouseEvent, type ReactNode, useEffect, useRef } from "react";
import { createStore, useStore } from "./state/store.ts";

export type Page = "volunteer" | "dashboard" | "try" | "admin";

export const paths: Readonly<Record<Page, string>> = {
  volunteer: "/",
  dashboard: "/dashboard",
  try: "/try",
  admin: "/admin",
};

export function pageOf(path: string): Page {
  const bare = path.replace(/\/+$/, "");
  return (Object.keys(paths) as Page[]).find((page) => paths[page] === bare) ?? "volunteer";
}

const page = createStore<Page>(pageOf(location.pathname));
addEventListener("popstate", () => {
  page.set(pageOf(location.pathname));
  profiling.set(new URLSearchParams(location.search).has("profile"));
});

export function usePage(): Page {
  return useStore(page);
}

/** For developers: ?profile on the volunteer's page measures the engine instead. Links lead away from it. */
const profiling = createStore(new URLSearchParams(location.search).has("profile"));

export function useProfiling(): boolean {
  return useStore(profiling);
}

/** A link was followed, and the new page's heading has not been reached yet. */
let arriving = false;

function go(to: Page): void {
  history.pushState(null, "", paths[to]);
  profiling.set(false);
  page.set(to);
  scrollTo(0, 0);
  arriving = true;
}

export function PageLink({ to, className, children }: { to: Page; className?: string; children: ReactNode }) {
  const here = usePage() === to;
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={paths[to]} onClick={follow} className={className} aria-current={here ? "page" : undefined}>
      {children}
    </a>
  );
}

/** The heading of a page. After a link was followed it has the focus, so that a reader hears where it is. */
export function PageHeading({ children }: { children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (arriving) heading.current?.focus();
    arriving = false;
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1} className="text-title font-semibold outline-none">
      {children}
    </h1>
  );
}
