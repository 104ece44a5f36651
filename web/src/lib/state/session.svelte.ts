/** Who is here, and which realm this is. */
import { ApiProblem } from '$lib/api/problem';
import type { Me, Realm } from '$lib/api/types';
import { setLanguage, LANGUAGES, type Language } from '$lib/i18n/index.svelte';
import { getMe, signOut as endHere } from '$lib/services/account';
import { countUnread } from '$lib/services/notices';
import { getRealm } from '$lib/services/realm';
import { closeStream, onUnread, openStream } from '$lib/services/stream';

let me = $state<Me | null>(null);
let ready = $state(false);
let unsure = false;
let settle: () => void;
const settled = new Promise<void>((resolve) => (settle = resolve));
let realm = $state.raw<Realm | null>(null);
let unread = $state(0);
const changes = new Set<() => void>();

export const session = {
  get me(): Me | null {
    return me;
  },
  /** False until the realm has said whether somebody is signed in. */
  get ready(): boolean {
    return ready;
  },
  get realm(): Realm | null {
    return realm;
  },
  get unread(): number {
    return unread;
  },
  set unread(count: number) {
    unread = count;
  },
};

/** Once the realm has said who is here: the person, null for nobody, undefined if it could not say. */
export async function whoIsHere(): Promise<Me | null | undefined> {
  await settled;
  return me ?? (unsure ? undefined : null);
}

/** Runs `act` whenever the person on this page becomes another one, or none. */
export function onPersonChange(act: () => void): void {
  changes.add(act);
}

onUnread((count) => {
  unread = count;
});

function welcome(person: Me): void {
  me = person;
  openStream();
  void countUnread().then(
    (count) => (unread = count),
    () => undefined,
  );
}

/** After a sign-in or sign-up: the person, and everything that depends on who it is. */
export function signedIn(person: Me): void {
  changes.forEach((act) => act());
  welcome(person);
  const spoken = LANGUAGES.find((one) => one === person.language);
  if (spoken) void setLanguage(spoken as Language, true);
}

export function updateMe(person: Me): void {
  me = person;
}

/** Forgets the person on this page; the session at the realm has ended or is ending. */
export function forgetPerson(): void {
  me = null;
  unread = 0;
  closeStream();
  changes.forEach((act) => act());
}

export async function signOutHere(): Promise<void> {
  // While the realm still knows who this is: nobody is told on a device that they have left.
  if (localStorage.getItem('reelm.told')) {
    await (await import('$lib/services/told')).tellNoMoreHere().catch(() => undefined);
  }
  await endHere();
  forgetPerson();
}

export async function loadSession(): Promise<void> {
  try {
    // The realm leaves a readable mark beside its session cookie: without it nobody is signed in here.
    if (document.cookie.includes('reelm_here=1')) welcome(await getMe());
  } catch (cause) {
    if (!(cause instanceof ApiProblem)) throw cause;
    unsure = !cause.signInRequired;
  } finally {
    ready = true;
    settle();
  }
}

export async function loadRealm(): Promise<void> {
  try {
    realm = await getRealm();
  } catch (cause) {
    if (!(cause instanceof ApiProblem)) throw cause;
    return;
  }
  const { accent, accent_text: accentText } = realm.edition;
  const root = document.documentElement.style;
  root.setProperty('--accent', accent);
  root.setProperty('--accent-text', accentText);
}
