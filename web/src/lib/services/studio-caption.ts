/** The caption as it is typed: which word asks for a completion, and what accepting one does to it. */

export type CompletionKind = 'tag' | 'person';

export interface CaptionWord {
  kind: CompletionKind;
  /** What has been typed after the sign, up to the caret. */
  query: string;
  /** Position of the sign. */
  start: number;
  /** First position after the word, which may lie behind the caret. */
  end: number;
}

const TAG_CHARACTER = /[\p{L}\p{M}\p{N}_]/u;
const HANDLE_CHARACTER = /[\p{L}\p{N}_.@:-]/u;
const WORD_BEFORE = /[\p{L}\p{N}_]$/u;
const LONGEST_WORD = 64;

/** The #tag or @handle the caret stands in or right behind, or null. */
export function wordAtCaret(text: string, caret: number): CaptionWord | null {
  for (let at = caret - 1; at >= 0 && caret - at <= LONGEST_WORD; at -= 1) {
    const sign = text[at];
    if (sign !== '#' && sign !== '@' && sign !== '＃' && sign !== '＠') continue;
    const kind: CompletionKind = sign === '#' || sign === '＃' ? 'tag' : 'person';
    const allowed = kind === 'tag' ? TAG_CHARACTER : HANDLE_CHARACTER;
    const query = text.slice(at + 1, caret);
    if (![...query].every((each) => allowed.test(each))) return null;
    if (kind === 'person' && WORD_BEFORE.test(text.slice(0, at))) return null;
    let end = caret;
    for (const each of text.slice(caret)) {
      if (!allowed.test(each)) break;
      end += each.length;
    }
    return { kind, query, start: at, end };
  }
  return null;
}

/** The caption with the word replaced, and where the caret goes: behind the space that follows. */
export function acceptCompletion(
  text: string,
  word: CaptionWord,
  value: string,
): { text: string; caret: number } {
  const bare = value.replace(/^[#@＃＠]/u, '');
  const put = (word.kind === 'tag' ? '#' : '@') + bare;
  const rest = text.slice(word.end);
  const gap = /^\s/u.test(rest) ? '' : ' ';
  return {
    text: text.slice(0, word.start) + put + gap + rest,
    caret: word.start + put.length + 1,
  };
}

/** Characters as people count them, not as UTF-16 does. */
export function captionLength(text: string): number {
  return [...text].length;
}

/** Is the caption within the realm's limit? */
export function captionFits(text: string, limit: number): boolean {
  return captionLength(text) <= limit;
}
