/** Who lives where, as far as every screen must know it. Pure. */

export interface Placed {
  handle: string;
  /** The realm somebody lives in, when it isn't this one. */
  realm?: string | null;
}

export const realmOf = (person: Placed): string | null => person.realm || null;

/** `@lea@us` in parts; null for whatever isn't the address of a person in a realm. */
export function parseAddress(text: string): { handle: string; realm: string } | null {
  const [, handle, realm] = /^@([^@\s/]+)@([^@\s/]+)$/.exec(text.trim()) ?? [];
  return handle && realm ? { handle: handle.toLowerCase(), realm: realm.toLowerCase() } : null;
}
