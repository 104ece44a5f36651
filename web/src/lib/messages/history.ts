/** The person's own history: what was opened goes there, and what was written before this device comes from there. */
import { Fault } from '$lib/verify/fault';

import type { Desk } from './desk';
import { apply, openKept } from './reading';
import { allTalks, type HistoryRow, type TalkRow } from './records';

const BATCH = 100;

/** Sends what waits; what can't be sent now stays. */
export async function sendHistory(desk: Desk): Promise<void> {
  for (;;) {
    const [first] = await desk.store.range<HistoryRow>('history', { prefix: desk.keys.all, limit: 1 });
    if (!first) return;
    const rows = await desk.store.range<HistoryRow>('history', {
      prefix: desk.keys.within(first.conversation),
      limit: BATCH,
    });
    await desk.wire.keep(
      first.conversation,
      rows.map(({ seq, body }) => ({ seq, body })),
    );
    await desk.store.write(
      rows.map((row) => ({ table: 'history', key: desk.keys.numbered(row.conversation, row.seq) })),
    );
  }
}

async function putBack(desk: Desk, talk: TalkRow): Promise<void> {
  await desk.store.write([{ table: 'talks', key: desk.keys.one(talk.id), value: talk }]);
}

/** Fetches one page of a conversation's history below what is here. @returns whether there may be more */
export async function readHistory(desk: Desk, id: string): Promise<boolean> {
  const draft = desk.draft();
  const talk = await draft.get<TalkRow>('talks', desk.keys.one(id));
  if (!talk) return false;
  talk.wantsHistory = false;
  if (talk.historyDone) {
    await putBack(desk, talk);
    return false;
  }
  const page = await desk.wire.kept(id, talk.historyFrom);
  for (const item of page.items) {
    try {
      const [payload, facts] = await openKept(desk, id, item.seq, item.body);
      await apply(desk, draft, talk, payload, facts);
    } catch (cause) {
      // Of an earlier identity: it can't be read any more, and the rest can.
      if (!(cause instanceof Fault)) throw cause;
    }
  }
  const seqs = page.items.map((item) => item.seq);
  if (seqs.length > 0) talk.historyFrom = Math.min(...seqs);
  talk.historyDone = page.last || seqs.length === 0;
  draft.put('talks', desk.keys.one(id), talk);
  await draft.commit();
  return !talk.historyDone;
}

export async function readAllHistory(desk: Desk): Promise<void> {
  for (const talk of await allTalks(desk.store, desk.keys)) {
    if (talk.begun) while (await readHistory(desk, talk.id));
  }
}
