/**
 * A day's pages, made by the server's own stages, computed again here to the same bytes. The file comes from
 * `tests/factories/feedday.py`; `tests/unit/audit_feed/test_day.py` makes it and runs this.
 */
import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { equal, fromBase64, toHex, utf8 } from '$lib/verify/bytes';
import { readReceipt } from '$lib/verify/feed/layout';
import { again, rulesOf } from '$lib/verify/feed/replay';

interface Day {
  documents: Record<string, string>;
  pages: { receipt: string }[];
}

const file = process.env.REELM_FEED_DAY;

it.runIf(file)('every page of the day has the same bytes', { timeout: 300_000 }, async () => {
  const { documents, pages } = JSON.parse(readFileSync(file ?? '', 'utf8')) as Day;
  const documentOf = (digest: Uint8Array) => utf8(documents[toHex(digest)] ?? '');
  expect(pages.length).toBeGreaterThanOrEqual(50);
  for (const { receipt } of pages) {
    const bytes = fromBase64(receipt);
    const read = readReceipt(bytes);
    const rules = await rulesOf(read, documentOf(read.model), documentOf(read.policy));
    const made = await again(read, rules);
    expect(made !== null && equal(made, bytes)).toBe(true);
  }
  process.stdout.write(`${pages.length} pages are the same\n`);
});
