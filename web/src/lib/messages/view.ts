/** What this device keeps, as the screens show it; also all of it, searched or as a file. */
import type { PersonCard } from '$lib/api/types';

import type { Desk } from './desk';
import { allTalks, type LineRow, type MarkRow, type OutRow, type SendsRow, type TalkRow } from './records';
import { readPayload } from './payload';
import type { Line, Talk } from './types';

const MOST_FOUND = 200;
const HALF_LIFE_DAYS = 14;
const DAY_MS = 86_400_000;

function reactionsOf(marks: readonly MarkRow[], seq: number): Line['reactions'] {
  const found = new Map<string, string[]>();
  for (const mark of [...marks].sort((a, b) => a.seq - b.seq)) {
    if (mark.to !== seq || !mark.emoji) continue;
    found.set(mark.emoji, [...(found.get(mark.emoji) ?? []), mark.person]);
  }
  return [...found].map(([emoji, people]) => ({ emoji, people }));
}

function shown(desk: Desk, row: LineRow, marks: readonly MarkRow[]): Line {
  const reactions = row.seq === null ? [] : reactionsOf(marks, row.seq);
  const line: Line & { payload?: unknown } = { ...row, mine: row.sender === desk.me.id, reactions };
  // Its franking key is for reports only.
  delete line.payload;
  return line;
}

/** Marks that wait to be sent show at once. */
function waitingMarks(desk: Desk, rows: readonly OutRow[]): MarkRow[] {
  const marks: MarkRow[] = [];
  for (const row of rows) {
    const payload = readPayload(new TextEncoder().encode(row.payload));
    if (payload.type !== 'reaction' || payload.to === undefined) continue;
    marks.push({ to: payload.to, seq: Number.MAX_SAFE_INTEGER, person: desk.me.id, emoji: payload.emoji ?? '' });
  }
  return marks;
}

function latest(marks: readonly MarkRow[]): MarkRow[] {
  const found = new Map<string, MarkRow>();
  for (const mark of marks) {
    const key = `${mark.to}|${mark.person}`;
    const known = found.get(key);
    if (mark.emoji !== null && (!known || known.seq <= mark.seq)) found.set(key, mark);
  }
  return [...found.values()];
}

/** The latest `count` lines that have a number, and after them those that wait; oldest first. */
export async function linesOf(desk: Desk, id: string, count: number): Promise<Line[]> {
  const { store, keys } = desk;
  const prefix = keys.within(id);
  const ids = (await store.range<string>('seqs', { prefix, limit: count, reverse: true })).reverse();
  const out = await store.range<OutRow>('outbox', { prefix });
  const numbered = await Promise.all(ids.map((one) => store.get<LineRow>('lines', keys.line(id, one))));
  const rows = numbered.filter((row) => row !== undefined);
  const from = rows[0]?.seq ?? 0;
  const marks = await store.range<MarkRow>('marks', { prefix });
  const near = latest([...marks.filter((mark) => mark.to >= from), ...waitingMarks(desk, out)]);
  const waiting = await Promise.all(out.map((row) => store.get<LineRow>('lines', keys.line(id, row.id))));
  const unsent = waiting.filter((row) => row !== undefined && row.seq === null) as LineRow[];
  return [...rows, ...unsent].map((row) => shown(desk, row, near));
}

async function lastOf(desk: Desk, talk: TalkRow): Promise<Line | null> {
  const { store, keys } = desk;
  const [out] = await store.range<OutRow>('outbox', { prefix: keys.within(talk.id), limit: 1, reverse: true });
  const waiting = out ? await store.get<LineRow>('lines', keys.line(talk.id, out.id)) : undefined;
  const row = waiting ?? (talk.last === null ? undefined : await store.get<LineRow>('lines', keys.line(talk.id, talk.last)));
  return row ? shown(desk, row, []) : null;
}

async function talkOf(desk: Desk, row: TalkRow): Promise<Talk> {
  const { meta } = row;
  const there = meta.members.filter((one) => one.state !== 'left').map((one) => one.person.id);
  return {
    id: row.id,
    kind: meta.kind,
    title: row.title,
    members: meta.members.map(({ person, state, role, read_seq: readSeq }) => ({ person, state, role, readSeq: readSeq ?? null })),
    state: meta.state,
    role: meta.role,
    last: await lastOf(desk, row),
    unread: meta.unread,
    mutedUntil: meta.muted_until,
    typing: [],
    held: (await desk.pins?.changed(there)) ?? [],
    broken: row.broken !== null,
    more: !row.historyDone,
  };
}

/** Newest first. */
export async function talksOf(desk: Desk): Promise<Talk[]> {
  const rows = await allTalks(desk.store, desk.keys);
  const talks = await Promise.all(rows.map(async (row) => ({ at: row.meta.last_at ?? '', talk: await talkOf(desk, row) })));
  const when = (one: { at: string; talk: Talk }) => {
    const said = one.talk.last?.at ?? '';
    return said > one.at ? said : one.at;
  };
  return talks.sort((a, b) => (when(a) > when(b) ? -1 : 1)).map((one) => one.talk);
}

const plain = (text: string) => text.normalize('NFKD').replace(/\p{Diacritic}/gu, '').toLowerCase();

/** Every word of the text must be in a line, whatever its case or accents; newest first. */
export async function searchLines(desk: Desk, text: string): Promise<Line[]> {
  const words = plain(text).split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return [];
  const rows = await desk.store.range<LineRow>('lines', { prefix: desk.keys.all });
  const found = rows.filter((row) => {
    const said = plain(row.text ?? row.title ?? '');
    return row.type !== 'note' && !row.unsent && words.every((word) => said.includes(word));
  });
  found.sort((a, b) => (a.at > b.at ? -1 : 1));
  return found.slice(0, MOST_FOUND).map((row) => shown(desk, row, []));
}

/** Everything that was opened, with who was in it: a file of the person's own. */
export async function savedFile(desk: Desk): Promise<Blob> {
  const talks = await allTalks(desk.store, desk.keys);
  const conversations = await Promise.all(
    talks.map(async (talk) => {
      const ids = await desk.store.range<string>('seqs', { prefix: desk.keys.within(talk.id) });
      const rows = await Promise.all(ids.map((id) => desk.store.get<LineRow>('lines', desk.keys.line(talk.id, id))));
      const marks = await desk.store.range<MarkRow>('marks', { prefix: desk.keys.within(talk.id) });
      return {
        id: talk.id,
        kind: talk.meta.kind,
        title: talk.title,
        people: talk.meta.members.map(({ person, state }) => ({ id: person.id, handle: person.handle, name: person.display_name, state })),
        messages: rows.filter((row) => row !== undefined).map((row) => savedLine(shown(desk, row, latest(marks)))),
      };
    }),
  );
  const file = { format: 'reelm-messages-1', person: desk.me, saved_at: desk.world.now().toISOString(), conversations };
  return new Blob([JSON.stringify(file, null, 2)], { type: 'application/json' });
}

function savedLine({ seq, sender, at, type, text, clip, title, to, reactions, unsent }: Line): object {
  return { seq, sender, at, type, text, clip, title, to, reactions, unsent };
}

function faded(row: SendsRow, now: number): number {
  return row.score * 0.5 ** ((now - row.at) / (HALF_LIFE_DAYS * DAY_MS));
}

/** One more was sent to these people. */
export async function countSend(desk: Desk, id: string): Promise<void> {
  const talk = await desk.store.get<TalkRow>('talks', desk.keys.one(id));
  const others = (talk?.meta.members ?? []).filter((one) => one.person.id !== desk.me.id && one.state !== 'left');
  const now = desk.world.now().getTime();
  const draft = desk.draft();
  for (const { person } of others) {
    const key = desk.keys.one(person.id);
    const row = (await draft.get<SendsRow>('sends', key)) ?? { person: person.id, score: 0, at: now };
    // In a group each of them counts for a part.
    draft.put('sends', key, { person: person.id, score: faded(row, now) + 1 / others.length, at: now });
  }
  await draft.commit();
}

/** People whom one wrote to from here, the likeliest first; older sends count for less. */
export async function friendsFirst(desk: Desk): Promise<PersonCard[]> {
  const rows = await desk.store.range<SendsRow>('sends', { prefix: desk.keys.all });
  const now = desk.world.now().getTime();
  const cards = new Map<string, PersonCard>();
  for (const talk of await allTalks(desk.store, desk.keys)) {
    for (const { person } of talk.meta.members) cards.set(person.id, person);
  }
  rows.sort((a, b) => faded(b, now) - faded(a, now));
  return rows.map((row) => cards.get(row.person)).filter((card) => card !== undefined);
}

/** What a report discloses of one message; null when this device has not opened it. */
export async function disclosure(desk: Desk, id: string, seq: number): Promise<LineRow | null> {
  const line = await desk.store.get<string>('seqs', desk.keys.numbered(id, seq));
  return (line === undefined ? undefined : await desk.store.get<LineRow>('lines', desk.keys.line(id, line))) ?? null;
}

