/** Reasons from receipts: they always add up to the score that is shown. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { aboutOf, rounded, whyOf } from '$lib/services/why';
import { fromBase64, toHex, utf8 } from '$lib/verify/bytes';
import { readReceipt } from '$lib/verify/feed/layout';
import { readModel } from '$lib/verify/feed/model';
import { readPolicy } from '$lib/verify/feed/policy';
import { finalsOf } from '$lib/verify/feed/replay';

const FOLDER = new URL('../../../spec/receipt/vectors/', import.meta.url).pathname;
const read = <T>(name: string): T => JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as T;
const documents = read<Record<string, string>>('documents');
const pages = read<{ receipt: string }[]>('pages').map((one) => readReceipt(fromBase64(one.receipt)));
const documentOf = (digest: Uint8Array) => utf8(documents[toHex(digest)] ?? '');

describe('why a clip', () => {
  it('is told in whole points that make its score, for every clip of every page', () => {
    let told = 0;
    for (const page of pages) {
      const [model, policy] = [readModel(documentOf(page.model)), readPolicy(documentOf(page.policy))];
      const finals = finalsOf(page, model);
      for (const [place, { index }] of page.chosen.entries()) {
        const why = whyOf(page, model, policy, place);
        expect(why?.score).toBe(finals[index]);
        const sum = (why?.reasons ?? []).reduce((all, one) => all + one.points, 0);
        expect(sum).toBe(why?.score);
        const parts = (why?.rows ?? []).reduce((all, row) => all + row.points, 0);
        const whole = parts + (why?.start ?? 0) + (why?.rounding ?? 0) + (why?.adjusted?.points ?? 0);
        expect(whole).toBeCloseTo(why?.score ?? Number.NaN, 6);
        told += 1;
      }
    }
    expect(told).toBeGreaterThan(20);
  });

  it('is nothing for a place that the page does not have', () => {
    const [page] = pages;
    if (!page) throw new Error('there is no page');
    expect(whyOf(page, readModel(documentOf(page.model)), readPolicy(documentOf(page.policy)), 50)).toBeNull();
  });
});

it('rounding keeps the sum, whatever the parts', () => {
  expect(rounded([0.4, 0.4, 0.2], 1)).toEqual([1, 0, 0]);
  expect(rounded([-1.5, 2.5], 1)).toEqual([-1, 2]);
  for (const parts of [[0.1, 0.2, 99.7], [-3.3, 5.5, 0.8], [1e6 + 0.5, -0.5]]) {
    const sum = Math.round(parts.reduce((all, one) => all + one, 0));
    expect(rounded(parts, sum).reduce((all, one) => all + one, 0)).toBe(sum);
  }
});

it('logarithms are told as round numbers near to what they count', () => {
  expect([aboutOf(0), aboutOf(16), aboutOf(32)]).toEqual([0, 1, 3]);
  // 1,000 has 16·9 + 15: somewhat below it, and rounded to two digits.
  expect(aboutOf(159)).toBe(990);
});
