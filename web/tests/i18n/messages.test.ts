import { describe, expect, it } from 'vitest';

import { directionOf, formatMessage, pickLanguage } from '$lib/i18n/messages';

describe('formatMessage', () => {
  it('fills places and writes numbers the locale’s way', () => {
    expect(formatMessage('{name} has {count}', 'en', { name: 'Maija', count: 1234 })).toBe('Maija has 1,234');
    expect(formatMessage('{count}', 'fr', { count: 1234 })).toBe('1\u202f234');
  });

  it('chooses the plural of the locale, where French counts zero as one', () => {
    const clips = { one: '{count} clip', other: '{count} clips' };
    expect(formatMessage(clips, 'en', { count: 0 })).toBe('0 clips');
    expect(formatMessage(clips, 'fr', { count: 0 })).toBe('0 clip');
    expect(formatMessage(clips, 'en', { count: 1 })).toBe('1 clip');
  });

  it('takes the general form where a rarer one is not written', () => {
    expect(formatMessage({ one: 'a', other: 'b' }, 'fr', { count: 1_000_000 })).toBe('b');
  });

  it('leaves a place without a value visible', () => {
    expect(formatMessage('Hello {name}', 'en')).toBe('Hello {name}');
  });

  it('does not fill places inside values', () => {
    expect(formatMessage('{a}', 'en', { a: '{b}', b: 'x' })).toBe('{b}');
  });
});

describe('pickLanguage', () => {
  it('prefers the first that is offered, then its base', () => {
    expect(pickLanguage(['de', 'fr-CA', 'en'], ['en', 'fr', 'zh'], 'en')).toBe('fr');
    expect(pickLanguage(['zh-Hant-TW'], ['en', 'fr', 'zh'], 'en')).toBe('zh');
    expect(pickLanguage(['sw'], ['en', 'fr', 'zh'], 'en')).toBe('en');
  });
});

describe('directionOf', () => {
  it('knows who reads from the right', () => {
    expect(directionOf('ar-EG')).toBe('rtl');
    expect(directionOf('zh-Hans')).toBe('ltr');
  });
});
