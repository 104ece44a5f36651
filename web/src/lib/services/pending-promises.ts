/**
 * Promises of pages that are not settled yet, kept on this device until they are: a page that is closed before its
 * promise is due is looked after at the next start. What was shown is not kept. Gone when the person signs out.
 */
import { onPersonChange, session } from '$lib/state/session.svelte';
import type { PagePromise } from '$lib/verify/feed/promise';

import { whenIdle } from './idle';

export interface PendingPromise extends PagePromise {
  /** When the page came, by the device's clock: milliseconds since 1970. */
  readonly came: number;
}

const STORED = 'reelm.promises';
const KEPT = 60;
/** The realm keeps a receipt for 30 days: of an older page nothing can be said any more. */
const FOLLOWED_MS = 29 * 86_400_000;

interface Stored {
  person: string;
  promises: PendingPromise[];
}

function read(person: string): PendingPromise[] {
  try {
    const found = JSON.parse(localStorage.getItem(STORED) ?? 'null') as Partial<Stored> | null;
    if (found?.person !== person || !Array.isArray(found.promises)) return [];
    return found.promises.filter((one) => Date.now() - one.came < FOLLOWED_MS);
  } catch {
    return [];
  }
}

function write(person: string, promises: readonly PendingPromise[]): void {
  try {
    if (promises.length === 0) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, JSON.stringify({ person, promises: promises.slice(-KEPT) }));
  } catch {
    // A full or forbidden store only means that a closed page is not followed up.
  }
}

/** What came before it was known who is here. */
let early: PendingPromise[] = [];

function keep(one: PendingPromise): void {
  const person = session.me?.id;
  if (person) write(person, [...read(person), one]);
}

export function notePending(promise: PagePromise): void {
  const { id, digest, leaf, at, include_by, process, signature } = promise;
  const one = { id, digest, leaf, at, include_by, process, signature, came: Date.now() };
  if (session.ready) keep(one);
  else early.push(one);
}

/** The promise was kept, or it is known how it was broken. */
export function settlePending(id: string): void {
  const person = session.me?.id;
  if (!person) return;
  write(person, read(person).filter((one) => one.id !== id));
}

/** Once it is known who is here: goes on with what earlier pages left, when there is nothing better to do. */
export function followUp(): void {
  const left = session.me ? read(session.me.id) : [];
  early.splice(0).forEach(keep);
  if (left.length === 0) return;
  whenIdle(() => {
    void import('./keep-promises').then(
      ({ keepPending }) => left.forEach((one) => void keepPending(one)),
      () => undefined,
    );
  });
}

onPersonChange(() => {
  early = [];
  write('', []);
});
