/** How a recovery key is written down: 8 groups of 4 Crockford base32 letters. Pure. */
export const KEY_CHARS = 32;

/** Without gaps, in capitals; letters that look like digits are those digits. */
export function bareKey(typed: string): string {
  return typed
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1')
    .replace(/[^0-9A-HJKMNP-TV-Z]/g, '');
}

export function groupKey(typed: string): string {
  return bareKey(typed).replace(/(.{4})(?=.)/g, '$1 ');
}
