/**
 * Texts. `app.json` is loaded before the first paint, other namespaces (such as `studio`) when
 * their screen is opened: `await loadNamespace('studio')`, then `t('studio.title')`.
 */
import type appEnglish from './en/app.json';
import type columnsEnglish from './en/columns.json';
import type contactsEnglish from './en/contacts.json';
import type friendsEnglish from './en/friends.json';
import type ledgerEnglish from './en/ledger.json';
import type messagesEnglish from './en/messages.json';
import type realmsEnglish from './en/realms.json';
import type rightsEnglish from './en/rights.json';
import type settingsEnglish from './en/settings.json';
import type staffEnglish from './en/staff.json';
import type studioEnglish from './en/studio.json';
import type tasteEnglish from './en/taste.json';
import type whyEnglish from './en/why.json';
import { edition } from '$lib/services/edition';
import { directionOf, formatMessage, pickLanguage, type Catalog, type Params } from './messages';

export type Namespace =
  | 'app'
  | 'columns'
  | 'contacts'
  | 'friends'
  | 'ledger'
  | 'messages'
  | 'realms'
  | 'rights'
  | 'settings'
  | 'staff'
  | 'studio'
  | 'taste'
  | 'why';
export type Key =
  | keyof typeof appEnglish
  | keyof typeof columnsEnglish
  | keyof typeof contactsEnglish
  | keyof typeof friendsEnglish
  | keyof typeof ledgerEnglish
  | keyof typeof messagesEnglish
  | keyof typeof realmsEnglish
  | keyof typeof rightsEnglish
  | keyof typeof settingsEnglish
  | keyof typeof staffEnglish
  | keyof typeof studioEnglish
  | keyof typeof tasteEnglish
  | keyof typeof whyEnglish;

export const LANGUAGES = ['en', 'fr', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];
/** Those that this edition offers, its own first; all of them where it names none that there are texts for. */
const named = edition.languages.flatMap((tag) => LANGUAGES.find((one) => one === tag.split('-')[0]) ?? []);
export const OFFERED: readonly Language[] = named.length > 0 ? [...new Set(named)] : LANGUAGES;
export const LANGUAGE_NAMES: Record<Language, string> = {
  en: 'English',
  fr: 'Français',
  zh: '中文',
};

const STORED = 'reelm.language';
const files = import.meta.glob<Catalog>('./*/*.json', { import: 'default' });
const loaded = new Set<Namespace>();

let language = $state<Language>('en');
let catalog = $state.raw<Catalog>({});

export const i18n = {
  get language(): Language {
    return language;
  },
  /** The BCP 47 tag given to Intl and to <html lang>. */
  get locale(): string {
    return language === 'zh' ? 'zh-Hans' : language;
  },
};

async function read(one: Language, name: Namespace): Promise<Catalog> {
  const file = files[`./${one}/${name}.json`];
  return file ? await file() : {};
}

/** The language of an earlier choice, else the browser's. */
export function preferredLanguage(): Language {
  const kept = localStorage.getItem(STORED);
  return pickLanguage(kept ? [kept] : navigator.languages, OFFERED, OFFERED[0] ?? 'en') as Language;
}

export async function setLanguage(next: Language, keep = false): Promise<void> {
  loaded.add('app');
  const parts = await Promise.all([...loaded].map((name) => read(next, name)));
  catalog = Object.assign({}, ...parts) as Catalog;
  language = next;
  if (keep) localStorage.setItem(STORED, next);
  document.documentElement.lang = i18n.locale;
  document.documentElement.dir = directionOf(next);
}

export async function loadNamespace(name: Namespace): Promise<void> {
  if (loaded.has(name)) return;
  const part = await read(language, name);
  loaded.add(name);
  catalog = { ...catalog, ...part };
}

/** The text of a key in the person's language; `{brand}` in it is the edition's name. */
export function t(key: Key, params?: Params): string {
  const message = catalog[key];
  return message === undefined ? key : formatMessage(message, i18n.locale, { brand: edition.name, ...params });
}

/** Whether a text exists, for keys made of codes the server sends. */
export function hasText(key: string): key is Key {
  return key in catalog;
}
