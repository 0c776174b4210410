// Bring your own text: dropped or picked. The files go to the worker on this device and nowhere else.

import { useRef, useState } from "react";
import { bytes, plural } from "../format/numbers.ts";
import { Button } from "./pieces.tsx";

const kinds = [".txt", ".md", ".jsonl"];

export function BringFiles({
  files,
  onFiles,
  problems = [],
}: {
  files: readonly File[];
  onFiles: (files: readonly File[]) => void;
  /** What is wrong with a file, by its place among them. */
  problems?: readonly { readonly file: number | null; readonly message: string }[];
}) {
  const [over, setOver] = useState(false);
  const [left, setLeft] = useState<readonly string[]>([]);
  const picker = useRef<HTMLInputElement>(null);

  const take = (list: FileList | null) => {
    const all = [...(list ?? [])];
    const fits = all.filter(({ name }) => kinds.some((kind) => name.toLowerCase().endsWith(kind)));
    setLeft(all.filter((file) => !fits.includes(file)).map(({ name }) => name));
    const known = new Set(files.map(key));
    onFiles([...files, ...fits.filter((file) => !known.has(key(file)))]);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button is the first
    <div
      data-testid="drop-area"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
      className={`mt-4 rounded-lg border-2 border-dashed p-4 ${over ? "border-lamp bg-lamp-soft" : "border-edge"}`}
    >
      <div className="flex flex-wrap items-center gap-3">
        <Button onClick={() => picker.current?.click()}>Choose files</Button>
        <span className="text-muted">or drop them here: {kinds.join(", ")}</span>
      </div>
      <input
        ref={picker}
        type="file"
        multiple
        accept={kinds.join(",")}
        aria-label="Your text files"
        tabIndex={-1}
        onChange={(event) => {
          take(event.target.files);
          event.target.value = ""; // the same file may be picked again after it was taken out
        }}
        className="sr-only"
      />
      <p className="mt-2 text-sm text-lamp">Your files are read on this device and never leave it.</p>
      {left.length > 0 && (
        <p role="alert" className="mt-2 text-sm text-bad">
          Not text that this page reads: {left.join(", ")}
        </p>
      )}
      {files.length > 0 && (
        <>
          <ul className="mt-3 divide-y divide-line" aria-label="Files that you bring">
            {files.map((file, i) => (
              <li key={key(file)} className="flex items-center justify-between gap-2">
                <span className="min-w-0">
                  {file.name} <span className="text-sm text-muted">{bytes(file.size)}</span>
                  {problems
                    .filter((problem) => problem.file === i)
                    .map(({ message }) => (
                      <span key={message} className="block text-sm text-bad" data-testid="file-problem">
                        {message}
                      </span>
                    ))}
                </span>
                <button
                  type="button"
                  className="flex size-11 shrink-0 items-center justify-center rounded-lg text-muted hover:bg-sunk"
                  aria-label={`Take out ${file.name}`}
                  onClick={() => onFiles(files.filter((other) => other !== file))}
                >
                  ✕
                </button>
              </li>
            ))}
          </ul>
          <p className="mt-1 text-sm text-muted" data-testid="files-total">
            {plural(files.length, "file")}, {bytes(files.reduce((sum, { size }) => sum + size, 0))}
          </p>
        </>
      )}
    </div>
  );
}

const key = ({ name, size, lastModified }: File) => `${name}/${size}/${lastModified}`;
