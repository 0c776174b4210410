// A model's files as one zip file, each stored as it is: weights do not compress.

import { Zip, ZipPassThrough } from "fflate";

/** In a folder of that name. */
export function zipped(files: ReadonlyMap<string, Uint8Array>, folder: string): Blob {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, part) => {
    if (error) throw error;
    parts.push(part as Uint8Array<ArrayBuffer>);
  });
  for (const [name, bytes] of files) {
    const entry = new ZipPassThrough(`${folder}/${name}`);
    zip.add(entry);
    entry.push(bytes, true);
  }
  zip.end();
  return new Blob(parts, { type: "application/zip" });
}
