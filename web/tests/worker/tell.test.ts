import { describe, expect, it } from 'vitest';

import { read, shown, spoken } from '../../src/worker/tell';
import { KINDS, SPOKEN, WORDS } from '../../src/worker/words';

const CLIP = '0192f7a4-0000-7000-8000-0000000000aa';

describe('what a notification says', () => {
  it('has words for every kind in every language, with the places that are filled', () => {
    for (const language of SPOKEN) {
      expect(Object.keys(WORDS[language]).sort()).toEqual([...KINDS].sort());
      for (const kind of KINDS) {
        const [text, english] = [WORDS[language][kind], WORDS.en[kind]];
        expect(text.plain).not.toMatch(/[{}]/);
        expect(text.named === undefined).toBe(english.named === undefined);
        expect(text.many === undefined).toBe(english.many === undefined);
        expect(text.named ?? '{name}').toContain('{name}');
        expect(text.many ?? '{count}').toContain('{count}');
      }
    }
  });

  it('says nobody’s name unless one came', () => {
    expect(shown({ v: 1, kind: 'message', about: CLIP }, ['en']).title).toBe('New message');
    expect(shown({ v: 1, kind: 'message', about: CLIP, name: '$& Lea' }, ['fr-CA']).title).toBe(
      'Nouveau message de $& Lea',
    );
    expect(shown({ v: 1, kind: 'like', about: CLIP, number: 12 }, ['zh-Hans']).title).toBe('你的短片新增 12 个喜欢');
    expect(shown({ v: 1, kind: 'digest', counts: { like: 2, follow: 3 } }, ['en']).title).toContain('5 new things');
  });

  it('takes the first language that it knows', () => {
    expect(spoken(['de-DE', 'fr-FR', 'en'])).toBe('fr');
    expect(spoken([])).toBe('en');
  });

  it('opens the page it is about, and no other site', () => {
    const at = (kind: string, more = {}) => shown({ v: 1, kind, ...more }, ['en']).path;
    expect(at('like', { about: CLIP })).toBe(`/c/${CLIP}`);
    expect(at('comment', { about: CLIP })).toBe(`/c/${CLIP}?comments`);
    expect(at('message', { about: CLIP })).toBe(`/messages/${CLIP}`);
    expect(at('message')).toBe('/messages');
    expect(at('follow', { handle: 'lea' })).toBe('/@lea');
    expect(at('follow')).toBe('/notices');
    expect(at('opened')).toBe('/your-data/openings');
    expect(at('follow', { handle: '/evil.example' })).toBe('/notices');
    expect(at('like', { about: '//evil.example' })).toBe('/notices');
  });

  it('replaces what it shows of the same thing', () => {
    const tag = (kind: string, about: string) => shown({ v: 1, kind, about }, ['en']).tag;
    expect(tag('like', CLIP)).toBe(tag('like', CLIP));
    expect(tag('like', CLIP)).not.toBe(tag('comment', CLIP));
  });

  it('says that there is something, whatever came', () => {
    for (const text of ['', 'null', '{', '{"v":2,"kind":"like"}', '{"v":1}', '{"v":1,"kind":"toString"}']) {
      const said = shown(read(text), ['en']);
      expect([said.title, said.path]).toEqual(['There is something new for you', '/notices']);
    }
  });
});
