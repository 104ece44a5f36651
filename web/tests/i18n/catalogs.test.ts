import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { Catalog, Message } from '$lib/i18n/messages';

const SOURCE = new URL('../../src/', import.meta.url).pathname;
const FOLDER = join(SOURCE, 'lib/i18n');
const NAMESPACES = readdirSync(join(FOLDER, 'en')).map((name) => name.replace('.json', ''));
const OTHERS = ['fr', 'zh'];

const read = (language: string, name: string): Catalog =>
  JSON.parse(readFileSync(join(FOLDER, language, `${name}.json`), 'utf8')) as Catalog;

const forms = (message: Message): string[] =>
  typeof message === 'string' ? [message] : Object.values(message);

const places = (message: Message): string[] => [
  ...new Set(forms(message).flatMap((form) => form.match(/\{\w+\}/g) ?? [])),
].sort();

function sources(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'i18n' ? '' : sources(path);
      return /\.(svelte|ts)$/.test(entry.name) ? readFileSync(path, 'utf8') : '';
    })
    .join('\n');
}

describe.each(NAMESPACES)('texts of %s', (name) => {
  const english = read('en', name);

  it.each(OTHERS)('are complete in %s', (language) => {
    expect(Object.keys(read(language, name)).sort()).toEqual(Object.keys(english).sort());
  });

  it.each(OTHERS)('keep their places in %s', (language) => {
    const translated = read(language, name);
    for (const [key, message] of Object.entries(english)) {
      expect([key, places(translated[key] ?? '')]).toEqual([key, places(message)]);
    }
  });

  it.each(['en', ...OTHERS])('use only plural forms that %s has, and always the general one', (language) => {
    const known = new Intl.PluralRules(language).resolvedOptions().pluralCategories as string[];
    for (const [key, message] of Object.entries(read(language, name))) {
      if (typeof message === 'string') continue;
      expect([key, 'other' in message]).toEqual([key, true]);
      expect([key, Object.keys(message).filter((form) => !known.includes(form))]).toEqual([key, []]);
    }
  });

  it('are all used', () => {
    const code = sources(SOURCE);
    // Keys that are put together: `feed.${name}` and the like.
    const beginnings = [...code.matchAll(/`([\w.-]+\.(?:[\w-]+_)?)\$\{/g)].map((match) => match[1] ?? '');
    const unused = Object.keys(english).filter(
      (key) => !code.includes(`'${key}'`) && !beginnings.some((start) => key.startsWith(start)),
    );
    expect(unused).toEqual([]);
  });
});
