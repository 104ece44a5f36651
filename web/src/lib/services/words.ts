/**
 * Filtered words on the device, for a feed without profiling: the same rule as the realm's own (`feed/controls/words.py`
 * there), held to the same cases (`spec/feed/words.json`). Pure.
 */
interface Said {
  caption: string;
  tags: readonly string[];
}

// Scripts that leave no gaps between words: there a word matches wherever it stands.
const IDEOGRAPHIC = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\u{20000}-\u{3ffff}]/u;
const GAPLESS = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]/u;
// Marks that people leave out when they type. Vowel signs (class 0), the Japanese voicing marks (8) and the viramas (9)
// tell words apart; of the others these are the ones in the scripts that have them.
const KEPT_MARK =
  /[\u3099\u309a]|[\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Thai}\p{Script=Lao}\p{Script=Tibetan}\p{Script=Myanmar}\p{Script=Khmer}]/u;
const GAPS = /[^\p{L}\p{N}\p{M}_]+/gu;

/** Case, accents and width taken off, anything but words turned into single gaps. */
export function fold(text: string): string {
  const folded = text.normalize('NFKC').toLowerCase().replaceAll('ß', 'ss').replaceAll('ς', 'σ');
  const plain = [...folded.normalize('NFD')].filter((one) => !/\p{Mn}/u.test(one) || KEPT_MARK.test(one));
  return plain.join('').normalize('NFKC').replace(GAPS, ' ').trim();
}

/** A gap wherever the script changes, so that 我爱jazz says jazz. */
function spaced(key: string): string {
  let found = '';
  let before: boolean | null = null;
  for (const one of key) {
    if (one === ' ') before = null;
    else {
      const now = IDEOGRAPHIC.test(one);
      if (before !== null && before !== now) found += ' ';
      before = now;
    }
    found += one;
  }
  return found;
}

const needsGap = (one: string): boolean => !IDEOGRAPHIC.test(one) && !GAPLESS.test(one);

function needles(word: string): string[] {
  const plain = spaced(fold(word));
  if (!plain) return [];
  const forms = plain.includes(' ') ? [plain, plain.replaceAll(' ', '')] : [plain];
  return forms.map((form) => {
    const letters = [...form];
    const [first, last] = [letters[0] ?? '', letters.at(-1) ?? ''];
    return `${needsGap(first) ? ' ' : ''}${form}${needsGap(last) ? ' ' : ''}`;
  });
}

/** Whether a clip says one of the words. */
export function saysOneOf(words: readonly string[], { caption, tags }: Said): boolean {
  if (words.length === 0) return false;
  const text = ` ${spaced(fold([caption, ...tags].join(' ')))} `;
  return words.some((word) => needles(word).some((needle) => text.includes(needle)));
}

const OFFERED = 24;

/** The words of a caption, each once, in its order, for tapping. */
export function wordsOf(caption: string, locale: string): string[] {
  const found = new Map<string, string>();
  for (const piece of new Intl.Segmenter(locale, { granularity: 'word' }).segment(caption)) {
    const key = piece.isWordLike ? fold(piece.segment) : '';
    if (key && !found.has(key)) found.set(key, piece.segment);
  }
  return [...found.values()].slice(0, OFFERED);
}
