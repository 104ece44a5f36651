/** What goes along to the sign-up of another realm: nothing secret, and in the address's part that no server is sent. */

export interface Along {
  handle: string;
  country: string;
  language: string;
}

const HANDLE = /^[a-z0-9._]{1,31}$/;
const COUNTRY = /^[A-Z]{2}$/;

export function alongTo(web: string, { handle, country, language }: Along): string {
  const kept = new URLSearchParams({ country, language, ...(HANDLE.test(handle) ? { handle } : {}) });
  return `${web.replace(/\/$/, '')}/sign-up#${kept}`;
}

/** Reads it again; whatever is not of its kind is dropped. */
export function broughtAlong(hash: string): Along {
  const kept = new URLSearchParams(hash.replace(/^#/, ''));
  const of = (name: string, kind: RegExp) => (kind.test(kept.get(name) ?? '') ? (kept.get(name) ?? '') : '');
  return { handle: of('handle', HANDLE), country: of('country', COUNTRY), language: of('language', /^[a-z]{2}$/) };
}
