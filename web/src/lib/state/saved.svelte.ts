/** Which clips the person saved, read once when it is first asked for. */
import { listSaved, setSaved } from '$lib/services/collections';
import { onPersonChange } from './session.svelte';

let ids = $state.raw<ReadonlySet<string> | null>(null);
let asked: Promise<void> | null = null;

/** Null until it is known. */
export function isSaved(clip: string): boolean | null {
  return ids?.has(clip) ?? null;
}

export function readSaved(): Promise<void> {
  asked ??= listSaved().then(
    (found) => void (ids = new Set(found)),
    (cause: unknown) => {
      asked = null;
      throw cause;
    },
  );
  return asked;
}

/** Shown at once, and taken back if the realm refuses. */
export async function save(clip: string, on: boolean): Promise<void> {
  note(clip, on);
  try {
    await setSaved(clip, on);
  } catch (cause) {
    note(clip, !on);
    throw cause;
  }
}

function note(clip: string, on: boolean): void {
  const next = new Set(ids ?? []);
  if (on) next.add(clip);
  else next.delete(clip);
  ids = next;
}

onPersonChange(() => {
  ids = null;
  asked = null;
});
