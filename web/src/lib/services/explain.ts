/** Finds the receipt behind a clip of For You and reads it: why this clip, in whose place, by what. */
import { client, ask } from '$lib/api/client';
import { session } from '$lib/state/session.svelte';
import { fromBase64 } from '$lib/verify/bytes';
import { itemProblems } from '$lib/verify/feed/evidence';
import { readReceipt } from '$lib/verify/feed/layout';
import { readModel } from '$lib/verify/feed/model';
import { readPolicy } from '$lib/verify/feed/policy';

import { keyOfPage, report } from './keep-promises';
import { declaredReason, getDocument, getReceipt, listReceipts } from './receipts';
import { servedWith } from './served';
import { whyOf, type Why } from './why';

export type Explained =
  | { kind: 'why'; why: Why; receipt: string; model: string; declared: string | null; fits: boolean }
  /** Nobody is signed in; a public list is watched; or there simply is no receipt. */
  | { kind: 'open' | 'list' | 'none' };

const PAGES_LOOKED_AT = 3;

/** After a reload nothing is remembered here: the realm's list says which page had the clip. */
async function receiptWith(clipId: string): Promise<string | null> {
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_LOOKED_AT; page++) {
    const found = await listReceipts(cursor);
    const line = found.items.find((one) => one.items.includes(clipId));
    if (line) return line.id;
    cursor = found.next_cursor ?? null;
    if (!cursor) break;
  }
  return null;
}

export async function explain(clipId: string): Promise<Explained> {
  if (!session.me) return { kind: 'open' };
  const page = servedWith(clipId);
  const id = page?.promise.id ?? (await receiptWith(clipId));
  if (!id) {
    const { profiling } = await ask(client.GET('/api/v1/me/feed'));
    return { kind: profiling ? 'none' : 'list' };
  }
  const view = await getReceipt(id);
  const receipt = readReceipt(fromBase64(view.body));
  const problems = page ? await itemProblems(receipt, page.clips, page.promise, await keyOfPage()) : [];
  if (page && problems.length > 0) void report(page, problems);
  const [model, policy] = await Promise.all([getDocument(view.model), getDocument(view.policy)]);
  const rules = readModel(model);
  const place = view.items.indexOf(clipId);
  const why = whyOf(receipt, rules, readPolicy(policy), place);
  if (!why) return { kind: 'none' };
  const declared = why.adjusted ? await declaredReason(clipId) : null;
  return { kind: 'why', why, receipt: id, model: rules.name, declared, fits: problems.length === 0 };
}
