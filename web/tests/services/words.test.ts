import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { saysOneOf, wordsOf } from '$lib/services/words';

interface Case {
  word: string;
  caption: string;
  tags: string[];
  out: boolean;
}

const CASES = (
  JSON.parse(readFileSync(new URL('../../../spec/feed/words.json', import.meta.url), 'utf8')) as { cases: Case[] }
).cases;

describe('filtered words', () => {
  it.each(CASES)('$word · $caption', ({ word, caption, tags, out }) => {
    expect(saysOneOf([word], { caption, tags })).toBe(out);
  });

  it('keep nothing out when there are none', () => {
    expect(saysOneOf([], { caption: 'anything', tags: ['tag'] })).toBe(false);
  });

  it('are offered from a caption, each once', () => {
    expect(wordsOf('Rain, rain on the #roof! 2026', 'en')).toEqual(['Rain', 'on', 'the', 'roof', '2026']);
    expect(wordsOf('今天买了猫粮', 'zh-Hans').join('')).toBe('今天买了猫粮');
  });
});
