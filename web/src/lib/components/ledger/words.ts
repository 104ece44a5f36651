/** Entries, witnesses' rules and steps of a check as sentences in the person's language. */
import { hasText, i18n, t, type Key } from '$lib/i18n/index.svelte';
import type { EntryBody } from '$lib/api/types';
import { ago, countryName, fullTime } from '$lib/services/time';
import type { Step } from '$lib/services/ledger-check';
import type { Policy } from '$lib/verify/policy';

/** Foreign words stay in their own direction, whatever stands around them. */
const isolate = (text: string): string => `\u2068${text}\u2069`;

export const listOf = (names: readonly string[]): string => new Intl.ListFormat(i18n.locale).format(names);

/** One word of a fixed set; what is not in it stands as it came. */
const word = (key: string, name: string): string => (hasText(key) ? t(key) : name);

export const className = (name: string): string => word(`data_class.${name}`, name);
export const reasonName = (name: string): string => word(`reason.${name}`, name);
/** What keys were given out for; a purpose without words of its own stands as it is called. */
export const purposeName = (name: string): string => word(`purpose.${name}`, name.replaceAll('_', ' '));
export const classNames = (names: readonly string[]): string => listOf(names.map(className));

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
const listIn = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** When in an entry: to the minute. */
export const entryTime = (at: string): string => fullTime(at, i18n.locale);

const shortTime = (at: string): string =>
  new Intl.DateTimeFormat(i18n.locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));

const moment = (value: unknown): string => (Number.isNaN(Date.parse(textOf(value))) ? '?' : shortTime(textOf(value)));

/** What an entry says, in a sentence. It is written by the realm, so nothing in it is taken for granted. */
export function entrySentence(entry: EntryBody): string {
  const urgent = entry.emergency === true ? '_emergency' : '';
  switch (entry.kind) {
    case 'charter.adopted':
      return t('entry.charter.adopted', { version: String(numberOf(entry.version)) });
    case 'release.deployed':
      return t('entry.release.deployed', { version: textOf(entry.version) });
    case 'staff.enrolled':
      return textOf(entry.country)
        ? t('entry.staff.enrolled', { country: countryName(textOf(entry.country), i18n.locale) })
        : t('entry.staff.enrolled_anywhere');
    case 'grant.requested':
      return t(`entry.grant.requested${urgent}`, {
        count: listIn(entry.people).length,
        classes: classNames(listIn(entry.classes).map(textOf)),
        reason: reasonName(textOf(entry.reason)),
      });
    case 'grant.approved':
      return t(`entry.grant.approved${urgent}`, {
        request: numberOf(entry.request),
        until: moment(entry.expires_at),
      });
    case 'grant.denied':
      return t(entry.cause === 'unanswered' ? 'entry.grant.denied_unanswered' : 'entry.grant.denied_refused', {
        request: numberOf(entry.request),
      });
    case 'grant.expired':
      return t(entry.cause === 'closed' ? 'entry.grant.expired_closed' : 'entry.grant.expired_time', {
        request: numberOf(entry.request),
      });
    case 'grant.used':
      return t('entry.grant.used', {
        class: className(textOf(entry.data_class)),
        request: numberOf(entry.request),
      });
    case 'border.crossed': {
      const lines = listIn(entry.lines).map((one) => (typeof one === 'object' && one !== null ? (one as EntryBody) : null));
      const classes = new Set(lines.flatMap((one) => listIn(one?.classes).map(textOf)));
      return t('entry.border.crossed', {
        count: lines.reduce((sum, one) => sum + numberOf(one?.count), 0),
        realm: isolate(textOf(entry.peer)),
        classes: classNames([...classes]),
      });
    }
    case 'border.received':
      return t('entry.border.received', { count: numberOf(entry.count), realm: isolate(textOf(entry.peer)) });
    case 'border.refused':
      return t(entry.direction === 'in' ? 'entry.border.refused_in' : 'entry.border.refused_out', {
        count: numberOf(entry.count),
        realm: isolate(textOf(entry.peer)),
      });
    case 'site.stated':
      return t(textOf(entry.country) ? 'entry.site.stated' : 'entry.site.stated_nowhere', {
        site: isolate(textOf(entry.site)),
        country: countryName(textOf(entry.country), i18n.locale),
      });
    case 'keys.released':
      return t('entry.keys.released', { count: keysIn(entry), hour: moment(entry.hour) });
    case 'ledger.restored':
      return t('entry.ledger.restored', { size: numberOf(entry.adopted_size) });
    case 'ranking.adjusted':
      return t('entry.ranking.adjusted', { count: numberOf(entry.count) });
    case 'feed.receipts':
      return t('entry.feed.receipts', {
        time: new Intl.DateTimeFormat(i18n.locale, { timeStyle: 'medium' }).format(numberOf(entry.batch) * 10_000),
      });
    case 'ranking.changed':
    case 'promise.key':
    case 'feed.lists':
    case 'feed.snapshot':
    case 'border.counted':
    case 'staff.left':
    case 'rights.exported':
    case 'rights.erased':
    case 'key.rotated':
      return t(`entry.${entry.kind}`);
    default:
      return t('entry.unknown', { kind: entry.kind });
  }
}

/** How many keys an hour's entry counts, by purpose. */
export function countsIn(entry: EntryBody): [string, number][] {
  const counts = entry.counts;
  if (typeof counts !== 'object' || counts === null) return [];
  return Object.entries(counts).map(([purpose, count]) => [purpose, numberOf(count)]);
}

export const keysIn = (entry: EntryBody): number => countsIn(entry).reduce((sum, [, count]) => sum + count, 0);

/** A policy in a sentence. */
export function policySentence(policy: Policy): string {
  const quorum = policy.quorum;
  if (quorum === null) return t('ledger.policy_none');
  const group = policy.groups.find((one) => one.name === quorum);
  if (!group) return t('ledger.policy_one', { name: quorum });
  const names = listOf(
    group.members.map((member) => {
      const inner = policy.groups.find((one) => one.name === member);
      return inner ? t('ledger.policy_nested', { names: listOf(inner.members) }) : member;
    }),
  );
  return group.threshold === group.members.length
    ? t('ledger.policy_all', { names })
    : t('ledger.policy_some', { count: group.threshold, names });
}

/** What a step of a check showed; `nowMs` lets its times tick. */
export function stepSentence(step: Step, nowMs: number): string {
  const times = Object.entries(step.times ?? {}).map(([name, at]) => [
    name,
    step.name === 'witnesses' ? ago(at, nowMs, i18n.locale) : shortTime(at),
  ]);
  const key = `check.${step.name}_${step.said}`;
  return t(hasText(key) ? key : (`check.any_${step.said}` as Key), {
    ...Object.fromEntries(
      Object.entries(step.params).map(([name, value]) => [name, typeof value === 'string' ? isolate(value) : value]),
    ),
    ...(Object.fromEntries(times) as Record<string, string>),
    names: listOf((step.names ?? []).map(isolate)),
  });
}

export { shortTime };
