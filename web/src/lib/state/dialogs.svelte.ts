/** One question can be open at a time: signing in for an act, or a choice that wants a second thought. */
import type { Key } from '$lib/i18n/index.svelte';
import { session } from './session.svelte';

export interface Question {
  title: string;
  text: string;
  confirm: string;
  danger?: boolean;
  run: () => void | Promise<void>;
}

let wish = $state<Key | null>(null);
let used = $state(false);
let question = $state.raw<Question | null>(null);

export const dialogs = {
  /** Why the person is asked to sign in; null while nobody is asked. */
  get wish(): Key | null {
    return wish;
  },
  set wish(value: Key | null) {
    wish = value;
    used ||= value !== null;
  },
  /** A question was asked before, so that its sheet may close gracefully. */
  get used(): boolean {
    return used;
  },
  get question(): Question | null {
    return question;
  },
};

/** True when somebody is signed in; otherwise asks kindly, naming what for. */
export function mayAct(what: Key): boolean {
  if (session.me) return true;
  dialogs.wish = what;
  return false;
}

export function askFirst(next: Question | null): void {
  question = next;
  used ||= next !== null;
}
