/** What conversations and their lines are called, in the person's words. */
import type { PersonCard } from '$lib/api/types';
import { i18n, t, type Key } from '$lib/i18n/index.svelte';
import type { Line, Talk } from '$lib/messages/types';
import { session } from '$lib/state/session.svelte';

const TITLE_NAMES = 4;

/** Everybody but oneself; those who left last. */
export function others(talk: Talk): (PersonCard & { id: string })[] {
  const me = session.me?.id;
  const rest = talk.members.filter((one) => one.person.id !== me);
  return [...rest].sort((a, b) => Number(a.state === 'left') - Number(b.state === 'left')).map((one) => one.person);
}

/** Those who would read what is written now. */
export function present(talk: Talk): (PersonCard & { id: string })[] {
  const gone = new Set(talk.members.filter((one) => one.state === 'left').map((one) => one.person.id));
  return others(talk).filter((one) => !gone.has(one.id));
}

export function titleOf(talk: Talk): string {
  if (talk.title) return talk.title;
  const people = talk.kind === 'pair' ? others(talk) : present(talk);
  if (people.length === 0) return t('talk.nobody');
  const names = people.slice(0, TITLE_NAMES).map((one) => one.display_name);
  return new Intl.ListFormat(i18n.locale, { style: 'short', type: 'unit' }).format(names);
}

export function nameOf(talk: Talk, person: string): string {
  if (person === session.me?.id) return t('talk.you_name');
  return talk.members.find((one) => one.person.id === person)?.person.display_name ?? t('talk.somebody');
}

export function personOf(talk: Talk, person: string): PersonCard | null {
  return talk.members.find((one) => one.person.id === person)?.person ?? null;
}

/** What happened, where a line is no one's words. */
export function eventOf(line: Line, talk: Talk): string {
  const name = nameOf(talk, line.sender);
  if (line.type === 'title') {
    return t(line.mine ? 'talk.renamed_you' : 'talk.renamed', { name, title: line.title ?? '' });
  }
  const what = line.text?.replace('-', '_') ?? '';
  const mine = line.sender === session.me?.id && (what === 'joined' || what === 'left');
  return t(`talk.note_${what}${mine ? '_you' : ''}` as Key, { name });
}

/** What a line says, without who says it. */
export function saying(line: Line, talk: Talk): string {
  if (line.unsent) return t(line.mine ? 'talk.unsent_you' : 'talk.unsent', { name: nameOf(talk, line.sender) });
  if (line.type === 'title' || line.type === 'note') return eventOf(line, talk);
  if (line.type === 'unknown') return t('talk.unknown');
  if (line.type === 'clip') return line.text ? `${t('talk.clip')} · ${line.text}` : t('talk.clip');
  return line.text ?? '';
}

/** One line that stands for a conversation. */
export function preview(talk: Talk): string {
  const line = talk.last;
  if (!line) return t('talk.begun');
  const text = saying(line, talk);
  if (line.unsent || line.type === 'title' || line.type === 'note') return text;
  if (line.mine) return t('talk.you', { text });
  return talk.kind === 'group' ? t('talk.by', { name: nameOf(talk, line.sender), text }) : text;
}

export const sameDay = (a: string, b: string): boolean => new Date(a).toDateString() === new Date(b).toDateString();

const DAY_MS = 86_400_000;

/** «Today», «Yesterday», a weekday within the week, a date beyond. */
export function dayWords(at: string, now: number): string {
  const midnight = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(Date.parse(at)) - midnight(now)) / DAY_MS);
  if (days >= -1) return new Intl.RelativeTimeFormat(i18n.locale, { numeric: 'auto' }).format(Math.min(days, 0), 'day');
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const form: Intl.DateTimeFormatOptions =
    days > -7 ? { weekday: 'long' } : { day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) };
  return new Intl.DateTimeFormat(i18n.locale, form).format(new Date(at));
}

export function hourWords(at: string): string {
  return new Intl.DateTimeFormat(i18n.locale, { timeStyle: 'short' }).format(new Date(at));
}

/** How far the others have read one's line: none says nothing, since they may not show it. */
export function readWords(line: Line, talk: Talk): string {
  const seq = line.seq;
  const rest = talk.members.filter((one) => one.person.id !== session.me?.id && one.state === 'member');
  const count = seq === null ? 0 : rest.filter((one) => (one.readSeq ?? 0) >= seq).length;
  if (count === 0) return t('talk.state_sent');
  if (talk.kind === 'pair') return t('talk.read');
  return count === rest.length ? t('talk.read_all') : t('talk.read_by', { count });
}

export function typingWords(talk: Talk): string {
  if (talk.typing.length > 1) return t('talk.typing_many');
  const [one] = talk.typing;
  return one ? t('talk.typing', { name: nameOf(talk, one) }) : '';
}

const LARGE = 3;
const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}|[0-9#*]\ufe0f?\u20e3)/u;

/** Only emoji, and few: shown large, without a bubble. */
export function onlyEmoji(text: string): boolean {
  const signs = [...new Intl.Segmenter().segment(text.replace(/\s/g, ''))].map((one) => one.segment);
  return signs.length > 0 && signs.length <= LARGE && signs.every((one) => EMOJI.test(one));
}

export const muted = (talk: Talk, now: number): boolean =>
  talk.mutedUntil !== null && Date.parse(talk.mutedUntil) > now;
