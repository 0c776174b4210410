// How long a text is in bytes.

/** Bytes of well-formed text in UTF-8. */
export function utf8Length(text: string): number {
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) size += 1;
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) size += 1; // a pair of surrogates is 4 bytes, 2 each
  }
  return size;
}
