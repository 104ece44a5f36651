/**
 * Messages, as the screens see them: what is here changes by itself. The machinery behind it
 * (keys, sealing, the device's store) is fetched when messages are first opened.
 */
import { onMessageHint, onStreamReturn, onTypingHint } from '$lib/services/stream';
import { onPersonChange, session } from '$lib/state/session.svelte';

import type { Code, Content, Line, Machine, OwnDevice, Ready, ReportCategory, Talk } from './types';

export type { Code, Content, Line, Member, OwnDevice, Ready, ReportCategory, Talk } from './types';

const PAGE = 60;
const TYPING_SHOWN_MS = 6000;
const TYPING_SENT_MS = 4000;

let ready = $state<Ready>('off');
let all = $state.raw<Talk[]>([]);
let lines = $state.raw<Record<string, Line[]>>({});
let writing = $state.raw<Record<string, string[]>>({});

let machine: Machine | null = null;
let starting: Promise<void> | null = null;
/** How many lines of each opened conversation are shown. */
const shown = new Map<string, number>();
const typingEnds = new Map<string, ReturnType<typeof setTimeout>>();
const typingSent = new Map<string, number>();

function need(): Machine {
  if (!machine) throw new Error('messages are not open');
  return machine;
}

async function showTalks(): Promise<void> {
  if (machine) all = await machine.talks();
}

async function showLines(id: string): Promise<void> {
  const count = shown.get(id);
  if (!machine || count === undefined) return;
  const found = await machine.lines(id, count);
  lines = { ...lines, [id]: found };
}

async function changed(ids: readonly string[]): Promise<void> {
  await showTalks();
  for (const id of ids.length > 0 ? ids : [...shown.keys()]) await showLines(id);
}

function stopTyping(id: string, person: string): void {
  typingEnds.delete(`${id}|${person}`);
  writing = { ...writing, [id]: (writing[id] ?? []).filter((one) => one !== person) };
}

function showTyping(id: string, person: string): void {
  const key = `${id}|${person}`;
  clearTimeout(typingEnds.get(key));
  typingEnds.set(key, setTimeout(() => stopTyping(id, person), TYPING_SHOWN_MS));
  const now = writing[id] ?? [];
  if (!now.includes(person)) writing = { ...writing, [id]: [...now, person] };
}

function forget(): void {
  machine?.stop();
  machine = null;
  starting = null;
  ready = 'off';
  all = [];
  lines = {};
  writing = {};
  shown.clear();
}

async function open(): Promise<void> {
  const me = session.me;
  if (!me) return;
  ready = 'opening';
  const { openMachine } = await import('./machine');
  const made = await openMachine(me, {
    changed: (ids) => void changed(ids),
    ready: (now) => (ready = now),
  });
  if (session.me?.id !== me.id) {
    made.stop();
    return;
  }
  machine = made;
  const now = await made.start();
  // Conversations first: nobody is told for a moment that there are none.
  await showTalks();
  ready = now;
}

/** Nobody waits for it: what could not be done now is done with the next hint or at the next start. */
function quietly(work: Promise<void> | undefined): void {
  work?.catch(() => undefined);
}

onPersonChange(forget);
onMessageHint(({ conversation_id: id, last_seq: seq }) => quietly(machine?.hint(id, seq)));
onTypingHint(({ conversation_id: id, person_id: person }) => showTyping(id, person));
onStreamReturn(() => quietly(machine?.sync()));
if (typeof addEventListener === 'function') addEventListener('online', () => quietly(machine?.sync()));

const named = (talk: Talk): Talk => ({ ...talk, typing: writing[talk.id] ?? [] });

export const messages = {
  get ready(): Ready {
    return ready;
  },
  /** Newest first. */
  get talks(): Talk[] {
    return all.filter((talk) => talk.state === 'member').map(named);
  },
  get requests(): Talk[] {
    return all.filter((talk) => talk.state === 'requested').map(named);
  },
  /** Fetches the machinery and brings this device up to date; a second call waits for the first. */
  start(): Promise<void> {
    starting ??= open().catch((cause: unknown) => {
      starting = null;
      ready = 'off';
      throw cause;
    });
    return starting;
  },
  /** The lines of a conversation, oldest first; they are filled in as soon as they are read. */
  open(id: string): Line[] {
    if (machine && !shown.has(id)) {
      shown.set(id, PAGE);
      queueMicrotask(() => void showLines(id));
    }
    return lines[id] ?? [];
  },
  async older(id: string): Promise<void> {
    shown.set(id, (shown.get(id) ?? 0) + PAGE);
    await need().older(id);
    await showLines(id);
  },
  send: (id: string, content: Content): Promise<void> => need().send(id, content),
  /** Sends again what the realm refused. */
  retry: (id: string, line: string): Promise<void> => need().retry(id, line),
  /** An empty emoji takes one's reaction back. */
  react: (id: string, seq: number, emoji: string): Promise<void> => need().react(id, seq, emoji),
  unsend: (id: string, seq: number): Promise<void> => need().unsend(id, seq),
  begin: (handles: string[], first?: Content): Promise<string> => need().begin(handles, first),
  add: (id: string, handles: string[]): Promise<void> => need().add(id, handles),
  remove: (id: string, person: string): Promise<void> => need().remove(id, person),
  leave: (id: string): Promise<void> => need().leave(id),
  rename: (id: string, title: string): Promise<void> => need().rename(id, title),
  accept: (id: string): Promise<void> => need().accept(id),
  decline: (id: string): Promise<void> => need().decline(id),
  mute: (id: string, until: string | null): Promise<void> => need().mute(id, until),
  read: (id: string): Promise<void> => need().read(id),
  /** May be called at every keystroke. */
  async typing(id: string): Promise<void> {
    const now = Date.now();
    if (now - (typingSent.get(id) ?? 0) < TYPING_SENT_MS) return;
    typingSent.set(id, now);
    await need().typing(id);
  },
  /** In everything that this device has opened; newest first. */
  search: (text: string): Promise<Line[]> => need().search(text),
  /** The recovery key in eight groups of four. */
  recovery: (): string => need().recovery(),
  /** @throws Fault when it isn't this person's key */
  async recover(code: string): Promise<void> {
    await need().recover(code);
    await changed([]);
  },
  /** A new identity: what was written before can't be read on new devices any more. */
  async reset(): Promise<void> {
    await need().reset();
    await changed([]);
  },
  devices: (): Promise<OwnDevice[]> => need().devices(),
  endDevice: (id: string): Promise<void> => need().endDevice(id),
  code: (handle: string): Promise<Code> => need().code(handle),
  /** The codes were compared: this key is theirs. */
  verify: (handle: string): Promise<void> => need().verify(handle),
  /** Goes on with a changed key, without having compared it. */
  trust: (handle: string): Promise<void> => need().trust(handle),
  report: (id: string, seqs: number[], category: ReportCategory, note: string): Promise<string> =>
    need().report(id, seqs, category, note),
  /** Everything that was opened, as one JSON file. */
  save: (): Promise<Blob> => need().save(),
};

/** For `ranking.ts`. */
export function openedMachine(): Machine | null {
  return machine;
}
