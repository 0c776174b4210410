// Whether the browser knows of a network. That it does says nothing of the coordinator.

import { useSyncExternalStore } from "react";

function subscribe(listener: () => void): () => void {
  for (const kind of ["online", "offline"]) addEventListener(kind, listener);
  return () => {
    for (const kind of ["online", "offline"]) removeEventListener(kind, listener);
  };
}

export function useOnline(): boolean {
  return useSyncExternalStore(subscribe, () => navigator.onLine);
}
