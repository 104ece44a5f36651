import { describe, expect, it } from 'vitest';

import { ageOn } from '$lib/services/age';
import { splitCaption, wordAt } from '$lib/services/captions';
import { ownsItself, placesOf } from '$lib/services/claims';
import { guessCountry, listCountries } from '$lib/services/countries';
import { deviceWords } from '$lib/services/devices';
import { clock, countryName, relativeTime, shortNumber } from '$lib/services/time';

const kinds = (text: string, known?: string[]) =>
  splitCaption(text, known).map((piece) => `${piece.kind}:${piece.text}`);

describe('splitCaption', () => {
  it('finds tags and mentions and loses nothing', () => {
    const text = 'Rain #Rīga, with @lin.yu. #雨天 and mail@example.org';
    expect(kinds(text)).toEqual([
      'text:Rain ',
      'tag:#Rīga',
      'text:, with ',
      'mention:@lin.yu',
      'text:. ',
      'tag:#雨天',
      'text: and mail@example.org',
    ]);
    expect(splitCaption(text).map((piece) => piece.text).join('')).toBe(text);
  });

  it('leaves numbers, addresses and strangers alone', () => {
    expect(kinds('#1 of https://x.test/#part')).toEqual(['text:#1 of https://x.test/#part']);
    expect(kinds('hi @nobody and @maija', ['maija'])).toEqual(['text:hi @nobody and ', 'mention:@maija']);
  });

  it('folds what a link points to', () => {
    expect(splitCaption('#Monday')[0]).toEqual({ kind: 'tag', text: '#Monday', tag: 'monday' });
  });
});

describe('wordAt', () => {
  it('knows the mark under the caret', () => {
    expect(wordAt('look #bun', 9)).toEqual({ kind: 'tag', word: 'bun', start: 5, end: 9 });
    expect(wordAt('@ma ', 3)).toEqual({ kind: 'person', word: 'ma', start: 0, end: 3 });
    expect(wordAt('a@ma', 4)).toBeNull();
    expect(wordAt('#done ', 6)).toBeNull();
  });
});

describe('times and numbers', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const ago = (seconds: number) => relativeTime(new Date(now - seconds * 1000).toISOString(), now, 'en');

  it('says how long ago, and a date beyond a week', () => {
    expect(ago(10)).toBe('now');
    expect(ago(120)).toBe('2 min. ago');
    expect(ago(59 * 60 + 50)).toBe('1 hr. ago');
    expect(ago(3 * 86_400)).toBe('3 days ago');
    expect(ago(20 * 86_400)).toBe('Nov 1');
    expect(ago(800 * 86_400)).toContain('2024');
  });

  it('writes short numbers and clocks', () => {
    expect(shortNumber(1234, 'en')).toBe('1.2K');
    expect(shortNumber(12_345, 'zh-Hans')).toBe('1.2万');
    expect([0, 999, 61_000, 600_000].map(clock)).toEqual(['0:00', '0:00', '1:01', '10:00']);
  });

  it('names countries, and leaves what is none', () => {
    expect(countryName('lv', 'fr')).toBe('Lettonie');
    expect(countryName('', 'fr')).toBe('');
  });
});

describe('ageOn', () => {
  const today = new Date(2026, 10, 21);

  it('counts birthdays', () => {
    expect(ageOn('2013-11-21', today)).toBe(13);
    expect(ageOn('2013-11-22', today)).toBe(12);
    expect(ageOn('2012-02-29', today)).toBe(14);
  });

  it('knows no age for what is no past date', () => {
    expect(['', '2013-02-30', '2030-01-01', '1800-01-01', 'x'].map((one) => ageOn(one, today))).toEqual(
      Array(5).fill(null),
    );
  });
});

describe('countries', () => {
  it('are named and sorted in the person’s language', () => {
    const names = listCountries('fr').map((one) => one.name);
    expect(names).toContain('Lettonie');
    expect([...names].sort((a, b) => a.localeCompare(b, 'fr'))).toEqual(names);
    expect(new Set(listCountries('en').map((one) => one.code)).size).toBe(249);
  });

  it('are guessed only where a locale names one', () => {
    expect(guessCountry(['fr', 'lv-LV'])).toBe('LV');
    expect(guessCountry(['fr'])).toBe('');
  });
});

describe('claims', () => {
  it('say places once, by country or by site', () => {
    const storage = [
      { site: 'Rīga 1', country: 'LV' },
      { site: 'Rīga 2', country: 'LV' },
      { site: 'The cellar', country: '' },
    ];
    expect(placesOf(storage, 'en')).toBe('Latvia and The cellar');
  });

  it('know who owns themselves', () => {
    const operator = { name: 'A', country: 'LV' };
    expect(ownsItself({ operator, owners: [{ name: 'A' }] })).toBe(true);
    expect(ownsItself({ operator, owners: [{ name: 'A' }, { name: 'B' }] })).toBe(false);
  });
});

describe('deviceWords', () => {
  it('says a browser and a system', () => {
    const android =
      'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36';
    const iphone =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/19 Mobile Safari/604.1';
    expect(deviceWords(android)).toBe('Chrome · Android');
    expect(deviceWords(iphone)).toBe('Safari · iPhone');
    expect(deviceWords('curl/8.5')).toBe('curl/8.5');
  });
});
