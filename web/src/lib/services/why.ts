/**
 * Why a clip is on the page, read from the page's receipt. Pure: bytes in, reasons out. What each reason gave is exact;
 * what is shown is rounded so that it still adds up to the score that is shown.
 */
import { contributionsOf } from '$lib/verify/feed/contributions';
import { BOOST, type FeedReceipt } from '$lib/verify/feed/layout';
import { FEATURE_NAMES, preScore, type FeatureName, type Model } from '$lib/verify/feed/model';
import type { FeedPolicy } from '$lib/verify/feed/policy';
import { finalsOf, pointsOf } from '$lib/verify/feed/replay';
import { exploresAt } from '$lib/verify/feed/select';

export const SOURCES = [
  'item', 'next', 'content', 'taste', 'following', 'friends', 'trending', 'fresh', 'boost', 'again',
] as const;
export type SourceName = (typeof SOURCES)[number];
/** Why a place was given: where the clip came from, or that the place is for new ones. */
export type Lead = SourceName | 'explore';

/** What added to a score, or took from it; `rest` is everything that is too small to be told by itself. */
export interface Reason {
  what: FeatureName | 'assumed' | 'start' | 'adjustment' | 'rest';
  /** The feature's own number; 0 for what is no feature. */
  value: number;
  /** Whole points, as shown. */
  points: number;
}

export interface FeatureRow {
  name: FeatureName;
  value: number;
  /** The model's linear weight. */
  weight: number;
  /** Exact, in points. */
  points: number;
}

export interface Why {
  lead: Lead;
  /** Where it came from besides. */
  also: SourceName[];
  /** The clip's place on its page, from 0, and of how many. */
  place: number;
  places: number;
  /** Its rank by score alone, and among how many; how many were looked at in all. */
  rank: number;
  scored: number;
  candidates: number;
  score: number;
  pre: number;
  reasons: Reason[];
  rows: FeatureRow[];
  start: number;
  rounding: number;
  adjusted: { boost: boolean; points: number; reason: number } | null;
  sources: SourceName[];
}

const STRONGEST = 4;
/** Rates of a clip that nobody has watched yet are the usual ones: no reasons of its own, so they are told as one. */
const RATES: readonly FeatureName[] = ['finish_rate', 'skip_rate', 'act_rate'];
/** A reason that moves the score by less than this part of the strongest one is not worth a line. */
const FAINT = 0.04;

const sourcesOf = (bits: number): SourceName[] => SOURCES.filter((_, bit) => bits & (1 << bit));

/** The source that explains most: people first, then what the viewer did, by what it gave; then the rest. */
function leadOf(sources: readonly SourceName[], given: (name: FeatureName) => number, exploring: boolean): Lead {
  if (exploring && sources.includes('fresh')) return 'explore';
  const people = (['friends', 'following'] as const).find((one) => sources.includes(one));
  if (people) return people;
  const own = (['item', 'next', 'content'] as const)
    .filter((one) => sources.includes(one))
    .sort((a, b) => given(b) - given(a))[0];
  if (own && given(own) > 0) return own;
  const others = ['taste', 'trending', 'fresh', 'boost', 'again'] as const;
  return others.find((one) => sources.includes(one)) ?? own ?? 'trending';
}

/** Whole numbers nearest to these, that add up to `sum`: what is missing goes to where it shows least. */
export function rounded(values: readonly number[], sum: number): number[] {
  const whole = values.map((value) => Math.floor(value));
  let missing = sum - whole.reduce((all, one) => all + one, 0);
  const order = values.map((value, at) => ({ at, part: value - Math.floor(value) })).sort((a, b) => b.part - a.part);
  for (let turn = 0; missing !== 0 && order.length > 0; turn++) {
    const at = (order[missing > 0 ? turn % order.length : order.length - 1 - (turn % order.length)] as { at: number }).at;
    whole[at] = (whole[at] as number) + Math.sign(missing);
    missing -= Math.sign(missing);
  }
  return whole;
}

/** The clip at a place of the page, explained. */
export function whyOf(receipt: FeedReceipt, model: Model, policy: FeedPolicy, place: number): Why | null {
  const index = receipt.chosen[place]?.index;
  const clip = index === undefined ? undefined : receipt.scored[index];
  if (index === undefined || !clip) return null;
  const finals = finalsOf(receipt, model);
  const score = finals[index] as number;
  const points = pointsOf(receipt)[index] as number;
  const { unit, start, features, rounding } = contributionsOf(model, clip.features, points);
  const rows = FEATURE_NAMES.map((name, at): FeatureRow => ({
    name,
    value: clip.features[at] as number,
    weight: model.linear[at] as number,
    points: (features[at] as number) / unit,
  }));
  const sources = sourcesOf(clip.sources);
  const given = (name: FeatureName): number => rows[FEATURE_NAMES.indexOf(name)]?.points ?? 0;
  const lead = leadOf(sources, given, exploresAt(policy, receipt.position + place));
  const touched = receipt.adjusted.find((one) => one.index === index);
  return {
    lead,
    also: sources.filter((one) => one !== lead && !(lead === 'explore' && one === 'fresh')),
    place,
    places: receipt.chosen.length,
    rank: 1 + finals.filter((one) => one > score).length,
    scored: receipt.scored.length,
    candidates: receipt.scored.length + receipt.rest.length,
    score,
    pre: preScore(model, clip.features),
    reasons: reasonsOf(rows, start / unit, rounding / unit, points, score),
    rows,
    start: start / unit,
    rounding: rounding / unit,
    adjusted: touched ? { boost: touched.kind === BOOST, points: touched.points, reason: touched.reason } : null,
    sources,
  };
}

/** A reason for each feature; those of a clip that nobody has seen, with what is assumed of it as one. */
function toTell(rows: readonly FeatureRow[]): Reason[] {
  const unseen = rows.some((row) => row.name === 'views' && row.value === 0);
  const isAssumed = (row: FeatureRow): boolean => unseen && RATES.includes(row.name);
  const assumed = rows.filter(isAssumed).reduce((sum, row) => sum + row.points, 0);
  const own = rows.filter((row) => !isAssumed(row)).map(({ name, value, points }): Reason => ({ what: name, value, points }));
  return assumed === 0 ? own : [...own, { what: 'assumed', value: 0, points: assumed }];
}

function reasonsOf(
  rows: readonly FeatureRow[],
  start: number,
  rounding: number,
  points: number,
  score: number,
): Reason[] {
  const ordered = toTell(rows).sort((a, b) => Math.abs(b.points) - Math.abs(a.points));
  const most = Math.abs(ordered[0]?.points ?? 0);
  const told = ordered.slice(0, STRONGEST).filter((one) => Math.abs(one.points) > most * FAINT);
  const untold = ordered.slice(told.length).reduce((sum, one) => sum + one.points, rounding);
  const reasons = [
    ...told,
    ...(points === 0 ? [] : [{ what: 'adjustment' as const, value: 0, points }]),
    ...(start === 0 ? [] : [{ what: 'start' as const, value: 0, points: start }]),
    { what: 'rest' as const, value: 0, points: untold },
  ];
  const whole = rounded(reasons.map((one) => one.points), score);
  return reasons
    .map((one, at) => ({ ...one, points: whole[at] as number }))
    .filter((one) => one.what !== 'rest' || one.points !== 0);
}

/** The number whose published logarithm this is, about: as a person may read it. */
export function aboutOf(logarithm: number): number {
  const size = Math.abs(logarithm);
  const [doublings, sixteenths] = [Math.floor(size / 16), size % 16];
  const exact = 2 ** doublings * (1 + sixteenths / 16) - 1;
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, exact))) - 1);
  return Math.round(exact / digits) * digits;
}
