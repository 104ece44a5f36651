/**
 * A day's pages, made by the server's own stages, computed again here to the same bytes. The file comes from
 * `tests/factories/feedday.py`, and what was computed goes beside it: `tests/unit/audit_feed/test_other_language.py`
 * compares it with the auditor's.
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { replayDay, type Day } from './day';

const file = process.env.REELM_FEED_DAY ?? '';

it.runIf(file)('every page of the day has the same bytes', { timeout: 300_000 }, async () => {
  const day = JSON.parse(readFileSync(file, 'utf8')) as Day;
  expect(day.pages.length).toBeGreaterThanOrEqual(50);
  const replayed = await replayDay(day);
  writeFileSync(`${file}.out`, JSON.stringify(replayed));
  expect(replayed.map((one) => one.receipt)).toEqual(day.pages.map((one) => one.receipt));
  process.stdout.write(`${replayed.length} pages are the same\n`);
});
