/** One small flag outside the database, so that a page without uploads loads nothing for them. */
const FLAG = 'reelm.uploads';

export function uploadsFlagged(): boolean {
  try {
    return localStorage.getItem(FLAG) !== null;
  } catch {
    return false;
  }
}

/** Tells the pill, and the next visit, that there is something to look after (or no longer). */
export function flagUploads(any: boolean): void {
  try {
    if (any) localStorage.setItem(FLAG, '1');
    else localStorage.removeItem(FLAG);
  } catch {
    // Without it the pill waits for the studio to be opened.
  }
  if (any) dispatchEvent(new Event('reelm:upload'));
}
