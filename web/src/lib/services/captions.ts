/** Captions and comments as text, #tags and @mentions. */

export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'tag'; text: string; tag: string }
  | { kind: 'mention'; text: string; handle: string };

const MARK = /(?<![\p{L}\p{N}_&/])(?:#([\p{L}\p{N}\p{M}_]{1,64})|@([a-z0-9](?:[a-z0-9_.]{0,28}[a-z0-9_])?))/giu;

/** Splits a text in reading order. Only handles in `known`, when given, become mentions. */
export function splitCaption(text: string, known?: readonly string[]): Piece[] {
  const handles = known && new Set(known.map((one) => one.toLowerCase()));
  const pieces: Piece[] = [];
  let end = 0;
  const plain = (until: number) => {
    if (until > end) pieces.push({ kind: 'text', text: text.slice(end, until) });
  };
  for (const match of text.matchAll(MARK)) {
    const [whole, tag, handle] = match;
    if (tag !== undefined && /^\p{N}+$/u.test(tag)) continue;
    if (handle !== undefined && handles && !handles.has(handle.toLowerCase())) continue;
    plain(match.index);
    if (tag !== undefined) pieces.push({ kind: 'tag', text: whole, tag: tag.toLowerCase() });
    else pieces.push({ kind: 'mention', text: whole, handle: (handle ?? '').toLowerCase() });
    end = match.index + whole.length;
  }
  plain(text.length);
  return pieces;
}

export interface TypedMark {
  kind: 'tag' | 'person';
  /** What was typed after the sign so far. */
  word: string;
  start: number;
  end: number;
}

/** The #tag or @handle that is being typed at the caret; null for plain words. */
export function wordAt(text: string, caret: number): TypedMark | null {
  const before = text.slice(0, caret);
  const match = /(?<![\p{L}\p{N}_&/])([#@])([\p{L}\p{N}\p{M}_.]{1,64})$/u.exec(before);
  if (!match) return null;
  const [whole, sign, word = ''] = match;
  return {
    kind: sign === '#' ? 'tag' : 'person',
    word,
    start: caret - whole.length,
    end: caret,
  };
}
