import { describe, expect, it } from 'vitest';

import { acceptCompletion, captionLength, wordAtCaret } from '$lib/services/studio-caption';

const at = (marked: string) => {
  const caret = marked.indexOf('|');
  return wordAtCaret(marked.replace('|', ''), caret);
};

describe('the word under the caret', () => {
  it('is a tag in any script', () => {
    expect(at('Hello #sun|')).toMatchObject({ kind: 'tag', query: 'sun', start: 6, end: 10 });
    expect(at('今天#日落|很美')).toMatchObject({ kind: 'tag', query: '日落' });
    expect(at('#été|')).toMatchObject({ query: 'été' });
    expect(at('＃tag|')).toMatchObject({ kind: 'tag', query: 'tag' });
  });

  it('is a person, but not inside an address', () => {
    expect(at('with @mi|ra')).toMatchObject({ kind: 'person', query: 'mi', end: 10 });
    expect(at('mail me@example|')).toBeNull();
  });

  it('is nothing once the word has ended', () => {
    expect(at('#sun |')).toBeNull();
    expect(at('plain|')).toBeNull();
    expect(at('|#sun')).toBeNull();
  });
});

describe('accepting', () => {
  it('replaces the whole word and leaves the caret behind the space', () => {
    const word = at('hi @mi|ra!');
    expect(word && acceptCompletion('hi @mira!', word, '@miriam')).toEqual({
      text: 'hi @miriam !',
      caret: 11,
    });
  });

  it('adds no second space', () => {
    const word = at('#su| x');
    expect(word && acceptCompletion('#su x', word, 'sunset')).toEqual({
      text: '#sunset x',
      caret: 8,
    });
  });
});

it('counts what people see', () => {
  expect(captionLength('aé日🌞')).toBe(4);
});
