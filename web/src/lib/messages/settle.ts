/**
 * Commits, staged before they are sent. A state becomes this device's own only when the realm has
 * taken the commit that leads to it; after a crash the very same request is sent again.
 */
import { isProblem, passes, type Desk } from './desk';
import { leavesOf } from './mls';
import { putNote } from './reading';
import type { Pending, TalkRow } from './records';

/** `again`: somebody else's commit came first, and this one has to be made anew. */
export type Settled = 'taken' | 'again';

export async function stage(desk: Desk, id: string, pending: Pending): Promise<void> {
  const talk = await desk.store.get<TalkRow>('talks', desk.keys.one(id));
  if (!talk) throw new Error('no such conversation');
  await desk.store.write([{ table: 'talks', key: desk.keys.one(id), value: { ...talk, pending } }]);
}

async function unstage(desk: Desk, talk: TalkRow): Promise<void> {
  await desk.store.write([{ table: 'talks', key: desk.keys.one(talk.id), value: { ...talk, pending: null } }]);
}

/** Sends what is staged. @throws ApiProblem: when it may be taken later it stays staged, otherwise it is gone */
export async function settle(desk: Desk, id: string): Promise<Settled> {
  const talk = await desk.store.get<TalkRow>('talks', desk.keys.one(id));
  if (!talk?.pending) return 'taken';
  try {
    await send(desk, talk, talk.pending);
    return 'taken';
  } catch (cause) {
    if (passes(cause)) throw cause;
    if (talk.pending.kind === 'commit') await unstage(desk, talk);
    if (isProblem(cause, 'messages.epoch_passed')) return 'again';
    throw cause;
  }
}

async function send(desk: Desk, talk: TalkRow, pending: Pending): Promise<void> {
  const draft = desk.draft();
  if (pending.kind === 'begin') {
    const meta = await desk.wire.begin(pending.request);
    const begun = { ...talk, meta, begun: true, state: pending.state, pending: null };
    draft.put('talks', desk.keys.one(talk.id), begun);
    await draft.commit();
    return;
  }
  const { seq } = await desk.wire.commit(talk.id, pending.request);
  const peopleIn = (state: Uint8Array) => [...new Set(leavesOf(desk.thaw(state)).map((leaf) => leaf.person))];
  const was = talk.state && !pending.request.external ? peopleIn(talk.state) : null;
  const is = peopleIn(pending.state);
  const taken: TalkRow = { ...talk, state: pending.state, pending: null };
  taken.known = [...new Set([...talk.known, ...is])];
  if (pending.request.external) {
    // What was written before comes by the history.
    taken.cursor = seq;
    taken.broken = null;
    taken.wantsHistory = true;
  }
  const facts = { seq, at: desk.world.now().toISOString() };
  if (was) {
    for (const person of is) if (!was.includes(person)) putNote(desk, draft, taken, 'joined', { ...facts, sender: person });
    for (const person of was) if (!is.includes(person)) putNote(desk, draft, taken, 'left', { ...facts, sender: person });
  }
  draft.put('talks', desk.keys.one(talk.id), taken);
  await draft.commit();
}
