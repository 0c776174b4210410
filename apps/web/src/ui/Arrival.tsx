// What comes in the place of something else has the focus, where it went with it.

import { type ReactNode, useEffect, useRef } from "react";

/** To be given a key of what is shown. `first`: it comes in the place of nothing, or by itself. */
export function Arrival({ first, children }: { first: boolean; children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const arrived = useRef(first);
  useEffect(() => {
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (!arrived.current && isLost) place.current?.focus();
    arrived.current = true;
  }, []);
  return (
    <div ref={place} tabIndex={-1} className="space-y-6 outline-none">
      {children}
    </div>
  );
}
