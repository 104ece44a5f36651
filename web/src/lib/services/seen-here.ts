/**
 * Which clips were seen on this device, for a feed without profiling: so that the public list does not repeat itself.
 * Bounded, never sent, gone when the person lets the feed be made for them again, signs out or erases the account.
 */
const STORED = 'reelm.seen';
const KEPT = 2000;
/** The random end of a clip's id stands for it: 10 hexadecimal digits. */
const DIGITS = 10;

const short = (clipId: string): string => clipId.replaceAll('-', '').slice(-DIGITS);

function read(): Set<string> {
  try {
    return new Set(localStorage.getItem(STORED)?.match(new RegExp(`.{${DIGITS}}`, 'g')) ?? []);
  } catch {
    return new Set();
  }
}

let seen: Set<string> | null = null;

function all(): Set<string> {
  seen ??= read();
  return seen;
}

export function isSeen(clipId: string): boolean {
  return all().has(short(clipId));
}

/** The latest stay; the oldest go. */
export function noteSeen(clipId: string): void {
  const known = all();
  known.delete(short(clipId));
  known.add(short(clipId));
  for (const oldest of known) {
    if (known.size <= KEPT) break;
    known.delete(oldest);
  }
  try {
    localStorage.setItem(STORED, [...known].join(''));
  } catch {
    // A full or forbidden store only means that clips may come round again.
  }
}

export function forgetSeen(): void {
  seen = new Set();
  try {
    localStorage.removeItem(STORED);
  } catch {
    // Then there was nothing.
  }
}
