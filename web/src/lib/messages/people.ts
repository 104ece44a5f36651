/** Conversations begun, and who is in them. */
import { ApiProblem } from '$lib/api/problem';

import { isProblem, passes, type Desk } from './desk';
import { fromBase64Url, toBase64Url, uuidBytes } from './keys';
import { change, epochOf, freeze, leavesOf, ownerOf, startGroup, type Made } from './mls';
import { line } from './outbox';
import { allTalks, newTalk, type OutRow, type TalkRow } from './records';
import { settle, stage } from './settle';
import type { Draft } from './store';
import { findTalk, refresh, syncTalk } from './sync';
import type { Content } from './types';
import type { WireClaimed, WireMember, WireTalk } from './wire';

const ATTEMPTS = 5;

function refusal(code: string, fields: Record<string, string>): ApiProblem {
  return new ApiProblem({ type: 'about:blank', title: '', detail: '', status: 403, code, fields });
}

/** Packages of all devices of these people, each certified by its person. @throws ApiProblem when somebody has none */
async function claim(desk: Desk, handles: string[]): Promise<WireClaimed[]> {
  const { claimed, without } = await desk.wire.claim(handles);
  const fine: WireClaimed[] = [];
  for (const one of claimed) {
    desk.pins?.learn(one.person_id, one.handle);
    const owner = ownerOf(fromBase64Url(one.package));
    const theirs = owner.person === one.person_id && owner.device === one.device_id;
    if (theirs && (await desk.pins?.certified(owner))) fine.push(one);
  }
  const people = new Set(fine.map((one) => one.handle));
  const missing = [...new Set([...without, ...claimed.map((one) => one.handle).filter((one) => !people.has(one))])];
  const fields = Object.fromEntries(missing.map((handle) => [handle, 'without']));
  if (missing.length > 0) throw refusal('messages.not_possible', fields);
  return fine;
}

function firstMeta(desk: Desk, id: string, claimed: readonly WireClaimed[], kind: WireTalk['kind']): WireTalk {
  const member = (person: string, handle: string, devices: string[]): WireMember => ({
    person: { id: person, handle, display_name: handle, avatar_url: null },
    state: 'member',
    role: 'member',
    devices,
  });
  const people = new Map(claimed.map((one) => [one.person_id, one.handle]));
  const { me, self } = desk;
  return {
    id,
    kind,
    members: [
      { ...member(me.id, me.handle, [self.row.device]), role: 'admin' },
      ...[...people].map(([person, handle]) =>
        member(person, handle, claimed.filter((one) => one.person_id === person).map((one) => one.device_id)),
      ),
    ],
    state: 'member',
    role: 'admin',
    epoch: 1,
    last_seq: 0,
    last_at: desk.world.now().toISOString(),
    read_seq: 0,
    muted_until: null,
    first_seq: 0,
    unread: 0,
  };
}

export async function forgetTalk(desk: Desk, id: string): Promise<void> {
  const draft = desk.draft();
  await dropTalk(desk, draft, id);
  await draft.commit();
}

async function dropTalk(desk: Desk, draft: Draft, id: string): Promise<void> {
  const prefix = desk.keys.within(id);
  const lines = await desk.store.range<{ id: string; seq: number | null }>('lines', { prefix });
  for (const one of lines) {
    draft.drop('lines', desk.keys.line(id, one.id));
    if (one.seq !== null) draft.drop('seqs', desk.keys.numbered(id, one.seq));
  }
  const out = await desk.store.range<OutRow>('outbox', { prefix });
  for (const row of out) draft.drop('outbox', desk.keys.numbered(id, row.order));
  draft.drop('talks', desk.keys.one(id));
}

async function pairWith(desk: Desk, handle: string): Promise<TalkRow | undefined> {
  const talks = await allTalks(desk.store, desk.keys);
  return talks.find(
    (talk) =>
      talk.meta.kind === 'pair' &&
      talk.meta.state !== 'left' &&
      talk.meta.members.some((one) => one.person.handle === handle && one.person.id !== desk.me.id),
  );
}

const saidOf = (content: Content) => ({ type: content.clip ? ('clip' as const) : ('text' as const), ...content });

/** Puts a text or a clip in line. */
export async function say(desk: Desk, id: string, content: Content): Promise<void> {
  const draft = desk.draft();
  await line(desk, draft, id, saidOf(content));
  await draft.commit();
}

/** Begins a conversation, or finds the one there is with this one person. Runs alone. @returns its id */
export async function begin(desk: Desk, handles: string[], first?: Content): Promise<string> {
  const [only, ...more] = handles;
  const kind = more.length === 0 ? 'pair' : 'group';
  const there = only !== undefined && kind === 'pair' ? await pairWith(desk, only) : undefined;
  if (there) {
    if (first) await say(desk, there.id, first);
    return there.id;
  }
  const claimed = await claim(desk, handles);
  const id = desk.world.uuid();
  const { pins } = desk;
  if (!pins) throw new Error('not open');
  const alone = await startGroup(uuidBytes(id), desk.self.keys, (leaf) => pins.certified(leaf));
  const made = await change(alone, claimed.map((one) => fromBase64Url(one.package)), []);
  const request = {
    id,
    kind,
    people: handles,
    device_id: desk.self.row.device,
    commit: toBase64Url(made.commit),
    group_info: toBase64Url(made.groupInfo),
    welcome: made.welcome ? toBase64Url(made.welcome) : null,
    welcomed: claimed.map((one) => one.device_id),
  } as const;
  const meta = firstMeta(desk, id, claimed, kind);
  const talk: TalkRow = { ...newTalk(meta), begun: false };
  talk.known = [...new Set(claimed.map((one) => one.person_id)), desk.me.id];
  talk.pending = { kind: 'begin', request: { ...request, people: [...handles] }, state: freeze(made.state) };
  const draft = desk.draft();
  draft.put('talks', desk.keys.one(id), talk);
  if (first) await line(desk, draft, id, saidOf(first));
  await draft.commit();
  return await beginStaged(desk, id, first);
}

/** Sends the beginning of a conversation; what was to be its first message goes where it belongs. */
async function beginStaged(desk: Desk, id: string, first?: Content): Promise<string> {
  try {
    await settle(desk, id);
    return id;
  } catch (cause) {
    // It is sent with the rest, as soon as the realm can be reached.
    if (passes(cause)) return id;
    await forgetTalk(desk, id);
    if (!isProblem(cause, 'messages.pair_exists')) throw cause;
    const other = (cause as ApiProblem).fields.id ?? '';
    await refresh(desk, other);
    await syncTalk(desk, other);
    if (first) await say(desk, other, first);
    return other;
  }
}

/** What was begun before the page was closed. Runs alone. */
export async function settleBeginnings(desk: Desk): Promise<void> {
  for (const talk of await allTalks(desk.store, desk.keys)) {
    if (talk.pending?.kind !== 'begin') continue;
    const waiting = await desk.store.range<OutRow>('outbox', { prefix: desk.keys.within(talk.id) });
    try {
      await settle(desk, talk.id);
    } catch (cause) {
      if (passes(cause)) throw cause;
      await forgetTalk(desk, talk.id);
      const other = isProblem(cause, 'messages.pair_exists') ? (cause as ApiProblem).fields.id : undefined;
      if (other === undefined) continue;
      await refresh(desk, other);
      for (const row of waiting) {
        const { text, clip, to } = JSON.parse(row.payload) as Content;
        await say(desk, other, { ...(text === undefined ? {} : { text }), ...(clip ? { clip } : {}), ...(to === undefined ? {} : { to }) });
      }
    }
  }
}

type Changing = { add: string[]; remove: string[] };

async function commitWith(desk: Desk, id: string, claimed: readonly WireClaimed[], { add, remove }: Changing): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await refresh(desk, id);
    await syncTalk(desk, id);
    const talk = await findTalk(desk, id);
    if (!talk?.state) throw refusal('messages.not_possible', {});
    const state = desk.thaw(talk.state);
    const inside = new Set(leavesOf(state).map((leaf) => leaf.device));
    const packages = claimed.filter((one) => !inside.has(one.device_id));
    const out = leavesOf(state).filter((leaf) => remove.includes(leaf.person));
    const made: Made = await change(
      state,
      packages.map((one) => fromBase64Url(one.package)),
      out.map((leaf) => leaf.index),
    );
    const request = {
      id: desk.world.uuid(),
      device_id: desk.self.row.device,
      epoch: epochOf(state),
      commit: toBase64Url(made.commit),
      group_info: toBase64Url(made.groupInfo),
      welcome: made.welcome ? toBase64Url(made.welcome) : null,
      welcomed: packages.map((one) => one.device_id),
      add,
      remove,
      external: false,
    };
    await stage(desk, id, { kind: 'commit', request, state: freeze(made.state) });
    if ((await settle(desk, id)) === 'taken') {
      await refresh(desk, id);
      return;
    }
  }
  throw refusal('messages.epoch_passed', {});
}

export async function addPeople(desk: Desk, id: string, handles: string[]): Promise<void> {
  const claimed = await claim(desk, handles);
  await commitWith(desk, id, claimed, { add: handles, remove: [] });
}

export async function removePerson(desk: Desk, id: string, person: string): Promise<void> {
  await commitWith(desk, id, [], { add: [], remove: [person] });
}
