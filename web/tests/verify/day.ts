/**
 * A day's pages computed again by the client's own verifier, for whoever holds them against the auditor's:
 * `feed-day.test.ts` runs this under Node, `tests/browser/test_replay.py` in a browser.
 */
import { fromBase64, toBase64, toHex, utf8 } from '$lib/verify/bytes';
import { problemsOf } from '$lib/verify/feed/check';
import { contributionsOf, type Contributions } from '$lib/verify/feed/contributions';
import { readReceipt, type FeedReceipt } from '$lib/verify/feed/layout';
import { again, finalsOf, pointsOf, rulesOf, type Rules } from '$lib/verify/feed/replay';

/** What `tests/factories/feedday.py` writes: documents by digest, receipts in base64. */
export interface Day {
  documents: Record<string, string>;
  pages: { receipt: string }[];
}

export interface Replayed {
  receipt: string | null;
  shown: string[];
  finals: number[];
  contributions: Contributions[];
  problems: string[];
}

async function replayPage(given: FeedReceipt, rules: Rules): Promise<Replayed> {
  const bytes = await again(given, rules);
  const made = bytes && readReceipt(bytes);
  const points = pointsOf(given);
  return {
    receipt: bytes && toBase64(bytes),
    shown: made?.chosen.map((one) => toHex(one.clip)) ?? [],
    finals: finalsOf(given, rules.model),
    contributions: given.scored.map(({ features }, at) => contributionsOf(rules.model, features, points[at] ?? NaN)),
    problems: (await problemsOf(given, rules)).map((one) => one.code),
  };
}

export async function replayDay({ documents, pages }: Day): Promise<Replayed[]> {
  const documentOf = (digest: Uint8Array) => utf8(documents[toHex(digest)] ?? '');
  const found: Replayed[] = [];
  for (const { receipt } of pages) {
    const given = readReceipt(fromBase64(receipt));
    found.push(await replayPage(given, await rulesOf(given, documentOf(given.model), documentOf(given.policy))));
  }
  return found;
}
