// Asks before something that cannot be taken back, and says what it does. A modal dialog: focus stays inside,
// Escape is no.

import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "./pieces.tsx";

export function Confirm({
  title,
  children,
  yes,
  danger = false,
  onYes,
  onNo,
}: {
  title: string;
  children: ReactNode;
  yes: string;
  danger?: boolean;
  onYes: () => void;
  onNo: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const open = dialog.current!;
    open.showModal();
    return () => open.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="confirm-title"
      onCancel={(event) => {
        event.preventDefault();
        onNo();
      }}
      className="m-auto w-[min(32rem,calc(100vw-2rem))] rounded-xl border border-line bg-card p-6 text-ink"
    >
      <h2 id="confirm-title" className="font-semibold">
        {title}
      </h2>
      <div className="mt-2 space-y-2">{children}</div>
      <div className="mt-6 flex flex-wrap justify-end gap-2">
        <Button onClick={onNo} autoFocus>
          No, go back
        </Button>
        <Button kind={danger ? "danger" : "primary"} onClick={onYes} data-testid="confirm-yes">
          {yes}
        </Button>
      </div>
    </dialog>
  );
}
