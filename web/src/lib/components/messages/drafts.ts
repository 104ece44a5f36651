/** What was begun and not sent, while the page lives; it is written nowhere. */
import { onPersonChange } from '$lib/state/session.svelte';

const drafts = new Map<string, string>();

export const draftOf = (talk: string): string => drafts.get(talk) ?? '';

export function keepDraft(talk: string, text: string): void {
  if (text) drafts.set(talk, text);
  else drafts.delete(talk);
}

onPersonChange(() => drafts.clear());
