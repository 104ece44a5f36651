/** The ten promises of a realm, and how strong each claim is here and now. Pure. */
import type { Ledger } from '$lib/api/types';

export type Strength = 'declared' | 'matched' | 'witnessed' | 'trustee' | 'unproven';

export const PROMISES = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8', 'p9', 'p10'] as const;
export type Promised = (typeof PROMISES)[number];

/** What can't be shown yet, whatever the ledger's state: the parts of the network that it needs are not there. */
const NOT_YET = new Set<Promised>(['p5', 'p7', 'p8', 'p10']);
/** What rests on nothing but entries of the ledger. */
const BY_LEDGER = new Set<Promised>(['p3', 'p4', 'p9']);

const NAMED: Record<string, Strength> = {
  declared: 'declared',
  'self-declared': 'declared',
  matched: 'matched',
  'peer-matched': 'matched',
  witnessed: 'witnessed',
  trustee: 'trustee',
  'trustee-run': 'trustee',
};

/** A strength as the realm writes it; what isn't one proves nothing. */
export const strengthNamed = (name: string): Strength => NAMED[name.replaceAll('_', '-')] ?? 'unproven';

/** `border` is how strong the claims of the border are, as the realm says; empty while it has said nothing. */
export function strengthOf(promise: Promised, ledger: Pick<Ledger, 'state'> | null, border = ''): Strength {
  if (promise === 'p2') return strengthNamed(border);
  if (NOT_YET.has(promise)) return 'unproven';
  return BY_LEDGER.has(promise) && ledger?.state === 'witnessed' ? 'witnessed' : 'declared';
}

/** Where a promise can be looked into; some have nowhere yet. */
export const EVIDENCE: Partial<Record<Promised, string>> = {
  p1: '/where',
  p2: '/border',
  p3: '/transparency/ledger?kind=grant',
  p4: '/transparency/check/feed',
  p6: '/your-data',
  p9: '/transparency/check',
};

/** Kinds of entries that people ask about together; every kind belongs to one. */
export const FAMILIES = ['grant', 'border', 'keys', 'rights', 'realm', 'staff', 'feed', 'other'] as const;
/** What is written at fixed times whatever happens: asked for by itself, and in no picture of what happened. */
export const SEALS = 'seals';
export type Family = (typeof FAMILIES)[number] | typeof SEALS;

const FAMILY_OF: Record<string, Family> = {
  'grant.requested': 'grant',
  'grant.approved': 'grant',
  'grant.denied': 'grant',
  'grant.expired': 'grant',
  'grant.used': 'grant',
  'keys.released': 'keys',
  'rights.exported': 'rights',
  'rights.erased': 'rights',
  'charter.adopted': 'realm',
  'site.stated': 'realm',
  'border.crossed': 'border',
  'border.received': 'border',
  'border.refused': 'border',
  'border.counted': SEALS,
  'release.deployed': 'realm',
  'key.rotated': 'realm',
  'ledger.restored': 'realm',
  'staff.enrolled': 'staff',
  'staff.left': 'staff',
  'ranking.changed': 'feed',
  'ranking.adjusted': 'feed',
  'promise.key': 'feed',
  'feed.receipts': SEALS,
  'feed.lists': SEALS,
  'feed.snapshot': SEALS,
};

export const familyOf = (kind: string): Family => FAMILY_OF[kind] ?? 'other';

export function kindsOf(family: Family): string[] {
  return Object.keys(FAMILY_OF).filter((kind) => FAMILY_OF[kind] === family);
}

/** The kinds to show where nothing is chosen: all that there are but seals, which would bury the rest. */
export const withoutSeals = (kinds: readonly string[]): string[] => kinds.filter((kind) => familyOf(kind) !== SEALS);

export const isFamily = (text: string | null): text is Family =>
  text === SEALS || FAMILIES.some((one) => one === text);
