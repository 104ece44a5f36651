/** From what was pushed to what is shown, and which page it opens. Pure. */
import { SPOKEN, WORDS, type Kind, type Spoken } from './words';

/** What the realm seals for this device; see `push_sealing.py`. */
export interface Told {
  v: number;
  kind: string;
  about?: string;
  number?: number;
  name?: string;
  handle?: string;
  counts?: Record<string, number>;
}

export interface Shown {
  title: string;
  /** What comes later about the same thing replaces what is shown of it. */
  tag: string;
  path: string;
}

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const HANDLE = /^[a-z0-9_.]{2,30}$/;

/** Reads a push; one that isn't as it has to be still says that there is something. */
export function read(text: string): Told {
  try {
    const told = JSON.parse(text) as Told;
    if (told.v === 1 && typeof told.kind === 'string') return told;
  } catch {
    // Told below.
  }
  return { v: 1, kind: 'other' };
}

export function shown(told: Told, languages: readonly string[]): Shown {
  const kind: Kind = Object.hasOwn(WORDS.en, told.kind) ? (told.kind as Kind) : 'other';
  return { title: sentence(told, kind, spoken(languages)), tag: `${kind} ${about(told)}`.trim(), path: pathOf(told, kind) };
}

/** The first language of the device that there are words for. */
export function spoken(languages: readonly string[]): Spoken {
  for (const one of languages) {
    const found = SPOKEN.find((each) => each === one.split('-')[0]);
    if (found) return found;
  }
  return 'en';
}

function sentence(told: Told, kind: Kind, language: Spoken): string {
  const text = WORDS[language][kind];
  const count = kind === 'digest' ? total(told.counts) : (told.number ?? 1);
  if (count > 1 && text.many) return text.many.replace('{count}', new Intl.NumberFormat(language).format(count));
  // By a function: a name may hold what a replacement would read as a sign.
  if (told.name && text.named) return text.named.replace('{name}', () => told.name ?? '');
  return text.plain;
}

function total(counts: Record<string, number> = {}): number {
  return Object.values(counts).reduce((sum, one) => sum + one, 0);
}

function about(told: Told): string {
  return told.about && ID.test(told.about) ? told.about : '';
}

function pathOf(told: Told, kind: Kind): string {
  const id = about(told);
  switch (kind) {
    case 'message':
      return id ? `/messages/${id}` : '/messages';
    case 'request':
      return '/messages';
    case 'follow_request':
      return '/me/requests';
    case 'clip_failed':
      return '/me';
    case 'opened':
      return '/your-data/openings';
    case 'emergency':
      return '/staff';
    case 'comment':
    case 'reply':
      return id ? `/c/${id}?comments` : '/notices';
    case 'follow':
    case 'follow_accepted':
      return told.handle && HANDLE.test(told.handle) ? `/@${told.handle}` : '/notices';
    default:
      return id ? `/c/${id}` : '/notices';
  }
}
