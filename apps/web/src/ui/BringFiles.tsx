// Bring your own text: files and folders, dropped or picked. They are read on this device and go nowhere else; what is in each,
// or wrong with it, stands beside it.

import type { FileLook, TextLook, TextProblem } from "@homebody/volunteer/looking";
import { useRef, useState } from "react";
import { bytes, plural } from "../format/numbers.ts";
import { dropped, type Picked, picked } from "./picking.ts";
import { Button } from "./pieces.tsx";

export interface BringFilesProps {
  readonly files: readonly File[];
  readonly onFiles: (files: readonly File[]) => void;
  /** What is in them; null while they are looked at. */
  readonly look: TextLook | null;
  /** How much text is wanted, where that has to be said. */
  readonly wanted?: string;
  /** What is wrong with a file, by its place among them, beside what the look has found. */
  readonly problems?: readonly TextProblem[];
}

export function BringFiles({ files, onFiles, look, wanted, problems = [] }: BringFilesProps) {
  const [over, setOver] = useState(false);
  const [leftOut, setLeftOut] = useState(0);
  const area = useRef<HTMLDivElement>(null);
  const picker = useRef<HTMLInputElement>(null);

  const take = (more: Picked) => {
    const known = new Set(files.map(key));
    setLeftOut(more.leftOut);
    onFiles([...files, ...more.files.filter((file) => !known.has(key(file)))]);
  };
  const takeOut = (left: readonly File[]) => {
    onFiles(left);
    area.current?.focus(); // what had it is gone
  };
  const pick = (folder: boolean) => {
    if (picker.current === null) return;
    picker.current.webkitdirectory = folder;
    picker.current.click();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button is the first
    <div
      ref={area}
      tabIndex={-1}
      data-testid="drop-area"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void dropped(event.dataTransfer).then(take);
      }}
      className={`mt-4 rounded-lg border-2 border-dashed p-4 ${over ? "border-lamp bg-lamp-soft" : "border-edge"}`}
    >
      <div className="flex flex-wrap items-center gap-3">
        <Button onClick={() => pick(false)}>Choose files</Button>
        <Button onClick={() => pick(true)}>Choose a folder</Button>
        <span className="text-muted">or drop them here: .txt, .md, .jsonl</span>
      </div>
      <input
        ref={picker}
        type="file"
        multiple
        aria-label="Your text files"
        tabIndex={-1}
        onChange={(event) => {
          take(picked(event.target.files));
          event.target.value = ""; // the same file may be picked again after it was taken out
        }}
        className="sr-only"
      />
      <p className="mt-2 text-sm text-lamp">Your files are read on this device and never leave it.</p>
      {wanted !== undefined && <p className="mt-1 text-sm text-muted">{wanted}</p>}
      {leftOut > 0 && (
        <p role="status" className="mt-2 text-sm text-muted" data-testid="left-out">
          {plural(leftOut, "other file")} of the folder left out.
        </p>
      )}
      {files.length > 0 && (
        <FileList
          files={files}
          look={look}
          problems={[...(look?.problems ?? []), ...problems]}
          onLeft={takeOut}
        />
      )}
    </div>
  );
}

/** More are not listed; those with a problem are listed first. */
const mostListed = 20;

function FileList({
  files,
  look,
  problems,
  onLeft,
}: Pick<BringFilesProps, "files" | "look"> & {
  problems: readonly TextProblem[];
  /** Some were taken out, and these are left. */
  onLeft: (files: readonly File[]) => void;
}) {
  const of = (i: number) => problems.filter(({ file }) => file === i);
  const places = [...files.keys()].sort((a, b) => Number(of(b).length > 0) - Number(of(a).length > 0));
  const size = look?.textBytes ?? files.reduce((sum, file) => sum + file.size, 0);
  return (
    <>
      <ul className="mt-3 divide-y divide-line" aria-label="Files that you bring">
        {places.slice(0, mostListed).map((i) => (
          <Item
            key={key(files[i]!)}
            file={files[i]!}
            look={look?.files[i] ?? null}
            problems={of(i)}
            onOut={() => onLeft(files.filter((_, other) => other !== i))}
          />
        ))}
      </ul>
      <div className="mt-1 flex flex-wrap items-center justify-between gap-2">
        <p className="text-sm text-muted" data-testid="files-total">
          {plural(files.length, "file")}, {bytes(size)}
          {files.length > mostListed && `; ${plural(files.length - mostListed, "more")} not listed`}
        </p>
        {files.length > 1 && <Button onClick={() => onLeft([])}>Take all out</Button>}
      </div>
      {problems
        .filter(({ file }) => file === null)
        .map(({ message }) => (
          <p key={message} role="alert" className="mt-2 text-bad" data-testid="text-problem">
            {message}
          </p>
        ))}
    </>
  );
}

function Item({
  file,
  look,
  problems,
  onOut,
}: {
  file: File;
  look: FileLook | null;
  problems: readonly TextProblem[];
  onOut: () => void;
}) {
  return (
    <li className="flex items-start justify-between gap-2">
      <div className="min-w-0 flex-1 py-2">
        <span className="break-words">{file.name}</span>{" "}
        <span className="text-sm text-muted">{bytes(file.size)}</span>
        {problems.map(({ message }) => (
          <span key={message} className="block text-sm text-bad" data-testid="file-problem">
            {message}
          </span>
        ))}
        {look !== null && look.encoding !== "UTF-8" && <Converted {...look} />}
      </div>
      <button
        type="button"
        className="flex size-11 shrink-0 items-center justify-center rounded-lg text-muted hover:bg-sunk"
        aria-label={`Take out ${file.name}`}
        onClick={onOut}
      >
        ✕
      </button>
    </li>
  );
}

/** Somebody has to see whether the encoding was told right. */
function Converted({ encoding, opening }: FileLook) {
  return (
    <div className="text-sm" data-testid="converted">
      <p className="text-muted">
        Read as {encoding}. If its beginning looks wrong here, save it as UTF-8 and choose it anew:
      </p>
      <blockquote dir="auto" className="mt-1 whitespace-pre-wrap break-words border-l-2 border-edge pl-3">
        {opening}
      </blockquote>
    </div>
  );
}

const key = ({ name, webkitRelativePath, size, lastModified }: File) =>
  `${webkitRelativePath || name}/${size}/${lastModified}`;
