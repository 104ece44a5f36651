/**
 * Whether the person on this device chose a feed without profiling. The realm keeps the choice; this mark only lets the
 * device know before it has asked. What is kept beside it: see `services/seen-here.ts`.
 */
import type { Thing } from '$lib/services/taste';
import { session } from './session.svelte';

const STORED = 'reelm.without-profiling';

function read(): string {
  try {
    return localStorage.getItem(STORED) ?? '';
  } catch {
    return '';
  }
}

let person = $state(read());

/** True while For You is the public list, and nothing that is watched may be sent. */
export function withoutProfiling(): boolean {
  if (person === '') return false;
  return session.me ? session.me.id === person : !session.ready;
}

/** Takes note of the person's choice, as the realm has just said it. */
export function noteProfiling(on: boolean): void {
  if (!session.me || withoutProfiling() === !on) return;
  person = on ? '' : session.me.id;
  try {
    if (on) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, person);
  } catch {
    // Without a store the device asks the realm again next time.
  }
  if (on) void import('$lib/services/seen-here').then(({ forgetSeen }) => forgetSeen());
}

/** A wish or the words were changed from a clip's menu: the device leaves out by the new ones. */
export function noteWish(thing: Thing, wish: number): void {
  if (withoutProfiling()) void import('./public-list.svelte').then((list) => list.noteWish(thing, wish));
}

export function noteWords(words: string[]): void {
  if (withoutProfiling()) void import('./public-list.svelte').then((list) => list.noteWords(words));
}
