/** Brings conversations up to date: joins where this device is not in yet, and works through the log. */
import { asProblem } from '$lib/api/problem';
import { equal } from '$lib/verify/bytes';
import { Fault } from '$lib/verify/fault';

import { isProblem, passes, type Desk } from './desk';
import { follow, Refused } from './following';
import { readHistory } from './history';
import { fromBase64Url, toBase64Url, uuidBytes } from './keys';
import {
  epochOf,
  freeze,
  headerOf,
  joinByWelcome,
  joinFromOutside,
  leavesOf,
  openMessage,
  welcomedBy,
  type State,
} from './mls';
import { commitmentOf, readPayload } from './payload';
import { apply, keep, putNote, putUnknown, type Facts } from './reading';
import { newTalk, type OutRow, type PackageRow, type TalkRow } from './records';
import { settle, stage } from './settle';
import type { Draft } from './store';
import type { WireEntry, WireTalk } from './wire';

const PAIR = 2;
const GROUP = 32;
const ATTEMPTS = 4;

export async function findTalk(desk: Desk, id: string): Promise<TalkRow | undefined> {
  return await desk.store.get<TalkRow>('talks', desk.keys.one(id));
}

export async function putTalk(desk: Desk, talk: TalkRow): Promise<void> {
  await desk.store.write([{ table: 'talks', key: desk.keys.one(talk.id), value: talk }]);
}

/** Takes in what the realm says of a conversation. */
export async function learn(desk: Desk, meta: WireTalk): Promise<TalkRow> {
  for (const one of meta.members) if (one.person.handle) desk.pins?.learn(one.person.id, one.person.handle);
  const known = await findTalk(desk, meta.id);
  const talk: TalkRow = known ? { ...known, meta, begun: true } : newTalk(meta);
  // Who was out is let in anew.
  if (known?.meta.state === 'left' && meta.state !== 'left') talk.state = null;
  await putTalk(desk, talk);
  return talk;
}

/** @returns false when there is no welcome for this device that it could use */
async function joinWelcomed(desk: Desk, talk: TalkRow): Promise<boolean> {
  const own = talk.meta.members.find((one) => one.person.id === desk.me.id);
  // Whom nobody let in need not ask.
  if (!own?.devices.includes(desk.self.row.device)) return false;
  const found = await desk.wire.welcome(talk.id, desk.self.row.device);
  if (!found) return false;
  const bytes = fromBase64Url(found.welcome);
  const pins = desk.pins;
  if (!pins) return false;
  for (const ref of welcomedBy(bytes)) {
    const row = await desk.store.get<PackageRow>('packages', desk.keys.one(ref));
    if (!row) continue;
    const state = await joinByWelcome(uuidBytes(talk.id), bytes, row, (leaf) => pins.certified(leaf));
    const draft = desk.draft();
    const known = leavesOf(state).map((leaf) => leaf.person);
    const joined: TalkRow = {
      ...talk,
      state: freeze(state),
      cursor: Math.max(talk.cursor, found.seq),
      known: [...new Set([...talk.known, ...known])],
      welcomed: true,
      broken: null,
    };
    draft.put('talks', desk.keys.one(talk.id), joined);
    if (!row.last) draft.drop('packages', desk.keys.one(ref));
    await draft.commit();
    return true;
  }
  // Its package is gone from here: nothing can be done with it.
  await desk.wire.dropWelcome(talk.id, desk.self.row.device);
  return false;
}

/** Joins with the stored group information, in this device's old place if it had one. */
export async function joinOutside(desk: Desk, id: string): Promise<void> {
  const pins = desk.pins;
  for (let attempt = 0; pins && attempt < ATTEMPTS; attempt++) {
    const talk = await findTalk(desk, id);
    if (!talk) return;
    const info = await desk.wire.groupInfo(id);
    const made = await joinFromOutside(uuidBytes(id), fromBase64Url(info.group_info), desk.self.keys, (leaf) =>
      pins.certified(leaf),
    );
    const request = {
      id: desk.world.uuid(),
      device_id: desk.self.row.device,
      epoch: epochOf(made.state) - 1,
      commit: toBase64Url(made.commit),
      group_info: toBase64Url(made.groupInfo),
      welcome: null,
      welcomed: [],
      add: [],
      remove: [],
      external: true,
    };
    await stage(desk, id, { kind: 'commit', request, state: freeze(made.state) });
    if ((await settle(desk, id)) === 'taken') return;
  }
}

async function join(desk: Desk, id: string): Promise<void> {
  const talk = await findTalk(desk, id);
  if (!talk || talk.state) return;
  try {
    if (await joinWelcomed(desk, talk)) return;
  } catch (cause) {
    if (passes(cause)) throw cause;
    // A welcome that doesn't open; from outside the device can still come in.
    await desk.wire.dropWelcome(id, desk.self.row.device);
  }
  await joinOutside(desk, id);
}

interface Work {
  desk: Desk;
  draft: Draft;
  talk: TalkRow;
  state: State;
}

async function takeOwn(work: Work, entry: WireEntry): Promise<void> {
  const { desk, draft, talk } = work;
  const waiting = await desk.store.range<OutRow>('outbox', { prefix: desk.keys.within(talk.id) });
  const row = waiting.find((one) => one.id === entry.id);
  if (row && entry.kind === 'message') await sent(desk, draft, talk, row, entry.seq, entry.at);
}

/** The realm has taken a message of this device. Changes `talk`, which the caller puts. */
export async function sent(
  desk: Desk,
  draft: Draft,
  talk: TalkRow,
  row: OutRow,
  seq: number,
  at: string,
): Promise<void> {
  const payload = readPayload(new TextEncoder().encode(row.payload));
  const facts = { seq, sender: desk.me.id, at };
  await apply(desk, draft, talk, payload, facts);
  await keep(desk, draft, talk, payload, facts);
  draft.drop('outbox', desk.keys.numbered(talk.id, row.order));
}

async function takeMessage(work: Work, bytes: Uint8Array, facts: Facts, kept: string | null): Promise<void> {
  const { desk, draft, talk } = work;
  let opened;
  try {
    opened = await openMessage(work.state, bytes);
  } catch {
    putUnknown(desk, draft, talk, facts);
    return;
  }
  work.state = opened.state;
  // Whom the log names may be anybody: the sender is the leaf that sealed it.
  const facing = { ...facts, sender: opened.sender.person };
  try {
    if (!(await desk.pins?.certified(opened.sender))) throw new Fault('signature', 'a device without a certificate');
    const payload = readPayload(opened.plain);
    const commitment = await commitmentOf(payload);
    // What the log has beside it must fit as well: otherwise nobody could prove that this was sent.
    if (!equal(commitment, opened.said) || kept !== toBase64Url(commitment)) {
      throw new Fault('proof', 'committed to something else');
    }
    await apply(desk, draft, talk, payload, facing);
    await keep(desk, draft, talk, payload, facing);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    putUnknown(desk, draft, talk, facing);
  }
}

async function takeCommit(work: Work, bytes: Uint8Array, facts: Facts): Promise<void> {
  const { desk, draft, talk } = work;
  const rules = {
    known: talk.known,
    most: talk.meta.kind === 'pair' ? PAIR : GROUP,
    hidden: async (person: string) => !(await desk.pins?.askable(person)),
  };
  const followed = await follow(work.state, bytes, rules);
  work.state = followed.state;
  talk.known = [...new Set([...talk.known, ...followed.joined])];
  for (const person of followed.joined) putNote(desk, draft, talk, 'joined', { ...facts, sender: person });
  for (const person of followed.left) putNote(desk, draft, talk, 'left', { ...facts, sender: person });
}

/** @returns false when the log can't be followed any further with this state */
async function take(work: Work, entry: WireEntry): Promise<boolean> {
  const { desk, draft, talk } = work;
  const facts = { seq: entry.seq, sender: entry.sender_id ?? '', at: entry.at };
  if (entry.device_id === desk.self.row.device) {
    await takeOwn(work, entry);
    return true;
  }
  if (entry.kind === 'removed' || entry.body === null) {
    const known = await draft.get<string>('seqs', desk.keys.numbered(talk.id, entry.seq));
    if (known === undefined) putUnknown(desk, draft, talk, facts, true);
    return true;
  }
  const bytes = fromBase64Url(entry.body);
  const header = headerOf(bytes);
  const now = epochOf(work.state);
  if (header.epoch > now) return false;
  if (header.kind === 'message') {
    // Sealed before this device was in, or taken in from the history.
    if (header.epoch < now && !work.state.historicalReceiverData.has(BigInt(header.epoch))) return true;
    await takeMessage(work, bytes, facts, entry.commitment);
  } else if (header.kind === 'commit' && header.epoch === now) {
    await takeCommit(work, bytes, facts);
  }
  return work.state.groupActiveState.kind === 'active';
}

async function savePage(work: Work, cursor: number, broken: string | null): Promise<void> {
  const { desk, draft, talk, state } = work;
  talk.cursor = cursor;
  talk.broken = broken;
  talk.state = state.groupActiveState.kind === 'active' ? freeze(state) : null;
  draft.put('talks', desk.keys.one(talk.id), talk);
  await draft.commit();
}

type Outcome = 'more' | 'done' | 'lost' | 'out';

/** Works through one page of the log; what was done is written together at its end. */
async function page(desk: Desk, id: string): Promise<Outcome> {
  const before = await findTalk(desk, id);
  if (!before?.state) return 'out';
  const { items, last_seq: last } = await desk.wire.entries(id, before.cursor);
  // Whom a commit brings in is judged by who they are, which the realm is asked for.
  if (items.some((entry) => entry.kind === 'commit')) await refresh(desk, id);
  const talk = await findTalk(desk, id);
  if (!talk?.state) return 'out';
  const work: Work = { desk, draft: desk.draft(), talk, state: desk.thaw(talk.state) };
  let cursor = talk.cursor;
  for (const entry of items) {
    try {
      const fine = await take(work, entry);
      if (!fine && work.state.groupActiveState.kind === 'active') {
        await savePage(work, cursor, null);
        return 'lost';
      }
    } catch (cause) {
      if (passes(cause)) {
        await savePage(work, cursor, talk.broken);
        throw cause;
      }
      await savePage(work, cursor, cause instanceof Refused || cause instanceof Error ? cause.message : 'unknown');
      return cause instanceof Refused ? 'out' : 'lost';
    }
    cursor = entry.seq;
    if (work.state.groupActiveState.kind !== 'active') break;
  }
  await savePage(work, items.length === 0 ? Math.max(cursor, last) : cursor, null);
  if (work.state.groupActiveState.kind !== 'active') return 'out';
  if (items.length > 0 && cursor < last) return 'more';
  // What led to the present epoch is not in the log any more.
  return talk.meta.epoch > epochOf(work.state) ? 'lost' : 'done';
}

async function follower(desk: Desk, id: string): Promise<void> {
  let rejoined = false;
  for (;;) {
    const outcome = await page(desk, id);
    if (outcome === 'more') continue;
    if (outcome !== 'lost' || rejoined) return;
    // What is missing in between is not in the log any more: a new start in the same place.
    rejoined = true;
    await joinOutside(desk, id);
  }
}

/** Brings one conversation up to date. Runs alone. */
export async function syncTalk(desk: Desk, id: string): Promise<void> {
  const talk = await findTalk(desk, id);
  if (!talk || !talk.begun || talk.meta.state === 'left') return;
  if (talk.pending) await settle(desk, id);
  if (!(await findTalk(desk, id))?.state) await join(desk, id);
  await follower(desk, id);
  if ((await findTalk(desk, id))?.wantsHistory) await readHistory(desk, id);
  const now = await findTalk(desk, id);
  if (now?.welcomed) {
    await desk.wire.dropWelcome(id, desk.self.row.device);
    await putTalk(desk, { ...now, welcomed: false });
  }
}

/** Fetches what the realm says of a conversation; null when one isn't in it any more. */
export async function refresh(desk: Desk, id: string): Promise<TalkRow | null> {
  try {
    return await learn(desk, await desk.wire.talk(id));
  } catch (cause) {
    if (!asProblem(cause).gone && !isProblem(cause, 'messages.not_possible')) throw cause;
    return null;
  }
}

