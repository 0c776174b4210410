// Three pages, one document: the address decides, links do not reload, so a volunteer goes on while it looks around.

import type { MouseEvent, ReactNode } from "react";
import { createStore, useStore } from "./state/store.ts";

export type Page = "volunteer" | "dashboard" | "admin";

export const paths: Readonly<Record<Page, string>> = {
  volunteer: "/",
  dashboard: "/dashboard",
  admin: "/admin",
};

export function pageOf(path: string): Page {
  const bare = path.replace(/\/+$/, "");
  if (bare === paths.dashboard) return "dashboard";
  if (bare === paths.admin) return "admin";
  return "volunteer";
}

const page = createStore<Page>(pageOf(location.pathname));
addEventListener("popstate", () => page.set(pageOf(location.pathname)));

export function usePage(): Page {
  return useStore(page);
}

function go(to: Page): void {
  history.pushState(null, "", paths[to]);
  page.set(to);
  scrollTo(0, 0);
  // A reader hears the new page's heading, as after a page load.
  requestAnimationFrame(() => document.querySelector<HTMLElement>("main h1")?.focus());
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
