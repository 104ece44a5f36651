/** What an opened message does to what this device keeps; the same for the log and for the history. */
import { concat, fromUtf8, utf8 } from '$lib/verify/bytes';

import type { Desk } from './desk';
import { fromBase64Url, openUnder, sealUnder, toBase64Url, uuidBytes } from './keys';
import { readPayload, type Payload } from './payload';
import { putLine, type HistoryRow, type LineRow, type MarkRow, type TalkRow } from './records';
import type { Draft } from './store';

export interface Facts {
  seq: number;
  sender: string;
  at: string;
}

/** Ids are the senders' own: nobody can take another person's. */
export const lineIdOf = (desk: Desk, sender: string, id: string): string =>
  sender === desk.me.id ? id : `${sender}/${id}`;

export function lineOf(payload: Payload, conversation: string, id: string, facts: Omit<Facts, 'seq'>): LineRow {
  const { type, text, clip, to, title } = payload;
  return {
    id,
    conversation,
    seq: null,
    sender: facts.sender,
    at: facts.at,
    state: 'waiting',
    type: type === 'text' || type === 'clip' || type === 'title' ? type : 'unknown',
    ...(text === undefined ? {} : { text }),
    ...(clip === undefined ? {} : { clip }),
    ...(to === undefined ? {} : { to }),
    ...(title === undefined ? {} : { title }),
    payload: JSON.stringify(payload),
    unsent: false,
  };
}

/** Nothing of what it said stays. */
export function emptied(line: LineRow): LineRow {
  const { id, conversation, seq, sender, at, state } = line;
  return { id, conversation, seq, sender, at, state, type: 'text', payload: null, unsent: true };
}

function seen(talk: TalkRow, line: LineRow): void {
  if (line.seq === null || line.seq < talk.lastSeq) return;
  talk.last = line.id;
  talk.lastSeq = line.seq;
}

async function putMark(desk: Desk, draft: Draft, talk: TalkRow, mark: MarkRow): Promise<void> {
  const key = desk.keys.mark(talk.id, mark);
  const known = await draft.get<MarkRow>('marks', key);
  if (known && known.seq >= mark.seq) return;
  draft.put('marks', key, mark);
  if (mark.emoji !== null) return;
  const id = await draft.get<string>('seqs', desk.keys.numbered(talk.id, mark.to));
  const line = id === undefined ? undefined : await draft.get<LineRow>('lines', desk.keys.line(talk.id, id));
  if (line && line.sender === mark.person) putLine(draft, desk.keys, emptied(line));
}

/** Changes `talk`, which the caller puts. */
export async function apply(desk: Desk, draft: Draft, talk: TalkRow, payload: Payload, facts: Facts): Promise<void> {
  const { seq, sender } = facts;
  if (payload.type === 'reaction' || payload.type === 'unsend') {
    if (payload.to === undefined) return;
    const emoji = payload.type === 'unsend' ? null : (payload.emoji ?? '');
    await putMark(desk, draft, talk, { to: payload.to, seq, person: sender, emoji });
    return;
  }
  const id = lineIdOf(desk, sender, payload.id);
  const known = await draft.get<LineRow>('lines', desk.keys.line(talk.id, id));
  // Said a second time under the same id: it stands where it was first.
  if (known && known.seq !== null) return;
  const line: LineRow = { ...lineOf(payload, talk.id, id, facts), seq, state: 'sent' };
  const taken = await draft.get<MarkRow>('marks', desk.keys.mark(talk.id, { to: seq, seq, person: sender, emoji: null }));
  putLine(draft, desk.keys, taken ? emptied(line) : line);
  seen(talk, line);
  if (payload.type === 'title' && seq > talk.titleSeq) {
    talk.title = payload.title?.trim() || null;
    talk.titleSeq = seq;
  }
}

/** A line that this device writes itself: who came, who went. */
export function putNote(desk: Desk, draft: Draft, talk: TalkRow, said: string, facts: Facts): void {
  const id = `note/${facts.seq}/${said}/${facts.sender}`;
  const line: LineRow = {
    id,
    conversation: talk.id,
    seq: facts.seq,
    sender: facts.sender,
    at: facts.at,
    state: 'sent',
    type: 'note',
    text: said,
    payload: null,
    unsent: false,
  };
  // Several of them may share a number: each stands in the order of its own.
  draft.put('lines', desk.keys.line(talk.id, id), line);
  draft.put('seqs', `${desk.keys.numbered(talk.id, facts.seq)}/${said}/${facts.sender}`, id);
}

/** A message that can't be opened, or is nothing that this version knows. */
export function putUnknown(desk: Desk, draft: Draft, talk: TalkRow, facts: Facts, unsent = false): void {
  const line: LineRow = {
    id: `unknown/${facts.seq}`,
    conversation: talk.id,
    seq: facts.seq,
    sender: facts.sender,
    at: facts.at,
    state: 'sent',
    type: 'unknown',
    payload: null,
    unsent,
  };
  putLine(draft, desk.keys, line);
}

interface Kept {
  p: Payload;
  s: string;
  t: string;
}

function aboutOf(conversation: string, seq: number): Uint8Array {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(seq));
  return concat(uuidBytes(conversation), number);
}

/** Puts what was opened in line for the person's history. */
export async function keep(desk: Desk, draft: Draft, talk: TalkRow, payload: Payload, facts: Facts): Promise<void> {
  const kept: Kept = { p: payload, s: facts.sender, t: facts.at };
  const about = aboutOf(talk.id, facts.seq);
  const body = toBase64Url(await sealUnder(desk.self.historyKey, utf8(JSON.stringify(kept)), about));
  const row: HistoryRow = { conversation: talk.id, seq: facts.seq, body };
  draft.put('history', desk.keys.numbered(talk.id, facts.seq), row);
}

/** @throws Fault when it was not sealed for this place in this person's history */
export async function openKept(desk: Desk, conversation: string, seq: number, body: string): Promise<[Payload, Facts]> {
  const plain = await openUnder(desk.self.historyKey, fromBase64Url(body), aboutOf(conversation, seq));
  const { p, s, t } = JSON.parse(fromUtf8(plain)) as Kept;
  return [readPayload(utf8(JSON.stringify(p))), { seq, sender: s, at: t }];
}
