/**
 * What waits to be sent. A message is written down before it is sealed, and sealed before it is
 * sent; what was sealed is sent byte for byte again until the realm has taken it or the epoch
 * has passed, and then the same message, under the same id, is sealed anew.
 */
import { ApiProblem, asProblem } from '$lib/api/problem';
import { utf8 } from '$lib/verify/bytes';

import { ended, isProblem, passes, type Desk } from './desk';
import { toBase64Url } from './keys';
import { change, epochOf, freeze, leavesOf, seal, type Leaf, type State } from './mls';
import { commitmentOf, makePayload, padded, readPayload, type Payload } from './payload';
import { lineOf } from './reading';
import { putLine, type LineRow, type OutRow, type TalkRow } from './records';
import { settle, stage } from './settle';
import { findTalk, refresh, sent, syncTalk } from './sync';
import type { Draft } from './store';

const ATTEMPTS = 6;

/** Puts a message in line. Changes the draft only. @throws Fault when it is too long */
export async function line(desk: Desk, draft: Draft, id: string, said: Omit<Payload, 'v' | 'fk' | 'id'>): Promise<void> {
  const payload = makePayload({ id: desk.world.uuid(), ...said });
  const [last] = await desk.store.range<OutRow>('outbox', { prefix: desk.keys.within(id), limit: 1, reverse: true });
  const order = Math.max(desk.world.now().getTime(), (last?.order ?? 0) + 1);
  const row: OutRow = { order, conversation: id, id: payload.id, payload: JSON.stringify(payload), sealed: null };
  draft.put('outbox', desk.keys.numbered(id, order), row);
  if (payload.type === 'reaction' || payload.type === 'unsend') return;
  const facts = { sender: desk.me.id, at: desk.world.now().toISOString() };
  putLine(draft, desk.keys, lineOf(payload, id, payload.id, facts));
}

/** Leaves to take out before anything is sealed: devices that are gone, people who left, and who has no certificate. */
async function strangers(desk: Desk, talk: TalkRow, state: State): Promise<Leaf[]> {
  const { pins } = desk;
  const found: Leaf[] = [];
  for (const leaf of leavesOf(state)) {
    if (leaf.device === desk.self.row.device) continue;
    const member = talk.meta.members.find((one) => one.person.id === leaf.person && one.state !== 'left');
    const there = member?.devices.includes(leaf.device) ?? false;
    // Who hides from this person can't be asked for; the others in it judge their devices.
    const judged = !there || (await pins?.askable(leaf.person));
    if (judged && (!there || !(await pins?.certified(leaf)))) found.push(leaf);
  }
  return found;
}

/** Takes strangers out. @returns false when the conversation moved meanwhile and has to be looked at again */
async function tidy(desk: Desk, id: string): Promise<boolean> {
  let talk: TalkRow | null = (await findTalk(desk, id)) ?? null;
  if (!talk?.state) return false;
  const state = desk.thaw(talk.state);
  if (talk.meta.epoch !== epochOf(state)) talk = await refresh(desk, id);
  if (!talk?.state || talk.meta.epoch !== epochOf(state)) return false;
  const out = await strangers(desk, talk, state);
  if (out.length === 0) return true;
  const made = await change(state, [], out.map((leaf) => leaf.index));
  const request = {
    id: desk.world.uuid(),
    device_id: desk.self.row.device,
    epoch: epochOf(state),
    commit: toBase64Url(made.commit),
    group_info: toBase64Url(made.groupInfo),
    welcome: null,
    welcomed: [],
    add: [],
    remove: [],
    external: false,
  };
  await stage(desk, id, { kind: 'commit', request, state: freeze(made.state) });
  if ((await settle(desk, id)) === 'again') return false;
  await refresh(desk, id);
  return true;
}

async function sealRow(desk: Desk, row: OutRow): Promise<OutRow | null> {
  if (!(await tidy(desk, row.conversation))) return null;
  const talk = await findTalk(desk, row.conversation);
  if (!talk?.state) return null;
  const payload = readPayload(utf8(row.payload));
  const commitment = await commitmentOf(payload);
  const state = desk.thaw(talk.state);
  const made = await seal(state, padded(payload), commitment);
  const sealed = { epoch: epochOf(state), body: toBase64Url(made.body), commitment: toBase64Url(commitment) };
  const draft = desk.draft();
  // The key that sealed it is used up in the same moment.
  draft.put('talks', desk.keys.one(talk.id), { ...talk, state: freeze(made.state) });
  draft.put('outbox', desk.keys.numbered(talk.id, row.order), { ...row, sealed });
  await draft.commit();
  return { ...row, sealed };
}

async function mark(desk: Desk, row: OutRow, state: LineRow['state'], failure?: string): Promise<void> {
  const key = desk.keys.line(row.conversation, row.id);
  const found = await desk.store.get<LineRow>('lines', key);
  if (!found) return;
  await desk.store.write([{ table: 'lines', key, value: { ...found, state, ...(failure ? { failure } : {}) } }]);
  desk.world.changed([row.conversation]);
}

/** It stays, for the person to send it again or not; reactions and the like are not worth that. */
async function refused(desk: Desk, row: OutRow, code: string): Promise<void> {
  await mark(desk, row, 'failed', code);
  const key = desk.keys.numbered(row.conversation, row.order);
  const { type } = readPayload(utf8(row.payload));
  const shown = type !== 'reaction' && type !== 'unsend';
  const failed: OutRow = { ...row, sealed: null, failed: true };
  await desk.store.write([shown ? { table: 'outbox', key, value: failed } : { table: 'outbox', key }]);
}

async function catchUp(desk: Desk, id: string): Promise<void> {
  await refresh(desk, id);
  await syncTalk(desk, id);
}

/** @returns false when it has to wait */
async function sendRow(desk: Desk, first: OutRow): Promise<boolean> {
  let row: OutRow = first;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!row.sealed) {
      const sealed = await sealRow(desk, row);
      if (!sealed?.sealed) {
        await catchUp(desk, row.conversation);
        const talk = await findTalk(desk, row.conversation);
        if (!talk || !(await mayBeSent(desk, talk))) return false;
        continue;
      }
      row = sealed;
    }
    if (!row.sealed) return false;
    try {
      const message = { id: row.id, device_id: desk.self.row.device, ...row.sealed };
      const { seq, at } = await desk.wire.send(row.conversation, message);
      const talk = await findTalk(desk, row.conversation);
      if (!talk) return true;
      const draft = desk.draft();
      await sent(desk, draft, talk, row, seq, at);
      draft.put('talks', desk.keys.one(talk.id), talk);
      await draft.commit();
      return true;
    } catch (cause) {
      if (!isProblem(cause, 'messages.epoch_passed')) throw cause;
      row = { ...row, sealed: null };
      await desk.store.write([{ table: 'outbox', key: desk.keys.numbered(row.conversation, row.order), value: row }]);
      await catchUp(desk, row.conversation);
      // The log may have held it already, under this id.
      if (!(await desk.store.get<OutRow>('outbox', desk.keys.numbered(row.conversation, row.order)))) return true;
    }
  }
  return false;
}

async function mayBeSent(desk: Desk, talk: TalkRow): Promise<boolean> {
  if (!talk.begun || talk.meta.state !== 'member' || talk.broken !== null) return false;
  const others = talk.meta.members.filter((one) => one.state !== 'left').map((one) => one.person.id);
  return ((await desk.pins?.changed(others)) ?? []).length === 0;
}

async function flushTalk(desk: Desk, id: string): Promise<void> {
  for (;;) {
    const talk = await findTalk(desk, id);
    const rows = await desk.store.range<OutRow>('outbox', { prefix: desk.keys.within(id) });
    const row = rows.find((one) => !one.failed);
    if (!row || !talk || !(await mayBeSent(desk, talk))) return;
    await mark(desk, row, 'sending');
    try {
      if (!(await sendRow(desk, row))) {
        await mark(desk, row, 'waiting');
        return;
      }
    } catch (cause) {
      if (!(cause instanceof ApiProblem)) {
        await mark(desk, row, 'waiting');
        throw cause;
      }
      if (passes(cause) || ended(cause)) {
        await mark(desk, row, 'waiting');
        throw cause;
      }
      await refused(desk, row, asProblem(cause).code);
    }
    desk.world.changed([id]);
  }
}

/** Sends what waits, in order within a conversation. Runs alone. @throws ApiProblem when it has to be tried later */
export async function flush(desk: Desk): Promise<void> {
  const rows = await desk.store.range<OutRow>('outbox', { prefix: desk.keys.all });
  let later: unknown = null;
  for (const id of new Set(rows.map((row) => row.conversation))) {
    try {
      const talk = await findTalk(desk, id);
      if (talk?.pending) await settle(desk, id);
      await flushTalk(desk, id);
    } catch (cause) {
      later = cause;
      if (asProblem(cause).offline) break;
    }
  }
  if (later !== null) throw later;
}

/** Sends once more what was refused, after all that waits. */
export async function retryLine(desk: Desk, id: string, lineId: string): Promise<void> {
  const { store, keys } = desk;
  const rows = await store.range<OutRow>('outbox', { prefix: keys.within(id) });
  const row = rows.find((one) => one.id === lineId && one.failed);
  const found = await store.get<LineRow>('lines', keys.line(id, lineId));
  if (!row || !found) return;
  const order = Math.max(desk.world.now().getTime(), (rows.at(-1)?.order ?? 0) + 1);
  const again: OutRow = { ...row, order };
  delete again.failed;
  const waiting: LineRow = { ...found, state: 'waiting' };
  delete waiting.failure;
  await store.write([
    { table: 'outbox', key: keys.numbered(id, row.order) },
    { table: 'outbox', key: keys.numbered(id, order), value: again },
    { table: 'lines', key: keys.line(id, lineId), value: waiting },
  ]);
}
