// GPT-2's pre-tokens: words with the space before them, numbers, punctuation, white space. Merges stay within one.
//
// The expression is that of Hugging Face's ByteLevel pre-tokenizer. A long text is looked at in pieces, cut where a
// run of white space begins: there a pre-token always ends, whatever follows.

const preToken = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
const pieceLength = 1 << 15;

/** A text in pieces of about 32 k characters; their pre-tokens in a row are those of the text. */
export function* pieces(text: string): Generator<string> {
  const cut = /(?<=\S)\s/g;
  let start = 0;
  while (text.length - start > pieceLength) {
    cut.lastIndex = start + pieceLength;
    const found = cut.exec(text);
    if (found === null) break;
    yield text.slice(start, found.index);
    start = found.index;
  }
  if (start < text.length) yield text.slice(start);
}

export function preTokens(piece: string): readonly string[] {
  return piece.match(preToken) ?? [];
}
