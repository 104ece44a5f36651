/** Level 1: what is wrong with a page that a receipt describes, in the words of the auditor's catalogue of findings. */
import { equal } from '../bytes';
import { sha256 } from '../crypto';
import { FEATURES, writeReceipt, type FeedReceipt, type Scored } from './layout';
import { FEATURE_NAMES, preScore } from './model';
import type { Problem } from './problem';
import { again, finalsOf, type Rules } from './replay';
import { FRESH, groupsAreInOrder, isSpaced, scoredRows, seedOf, selectPage, type Place } from './select';

type Step = (receipt: FeedReceipt, rules: Rules) => Problem[] | Promise<Problem[]>;

const feature = (name: (typeof FEATURE_NAMES)[number]): number => FEATURE_NAMES.indexOf(name);
const FLAGS = [feature('followed'), feature('friend'), feature('language')];
const SAME = [feature('viewer_events'), feature('viewer_finish_rate')];
const COUNT = feature('source_count');

const bitsOf = (value: number): number => value.toString(2).replaceAll('0', '').length;
const differ = (values: readonly unknown[]): boolean => new Set(values).size === values.length;
const rowsOf = ({ scored, rest }: FeedReceipt): number[] => [...scored, ...rest].map((one) => one.row);

/** Contradictions within what the receipt says went in. */
async function inputs(receipt: FeedReceipt): Promise<Problem[]> {
  const found: Problem[] = [];
  const say = (code: string, detail: string) => found.push({ code: `feed.${code}`, detail });
  if (!equal(receipt.viewer, await sha256(receipt.viewerBytes))) {
    say('viewer-differs', 'The viewer’s acts and tastes are not the ones that the receipt was made of.');
  }
  if (receipt.mode !== 0 && receipt.viewerBytes.length > 0) {
    say('viewer-differs', 'A page that is nobody’s has used somebody’s acts.');
  }
  if (!differ(rowsOf(receipt))) say('candidate-twice', 'A clip is among the candidates twice.');
  if (!differ(receipt.adjusted.map((one) => one.index))) say('adjusted-twice', 'A clip’s score was adjusted twice.');
  for (const group of ['author', 'sound', 'tag'] as const) {
    if (!groupsAreInOrder(receipt.scored, (one) => one[group])) {
      say('groups-differ', `The numbers of ${group} groups are not in order.`);
    }
  }
  const contradiction = features(receipt.scored);
  if (contradiction) say('features-contradict', contradiction);
  return found;
}

function features(scored: readonly Scored[]): string | null {
  for (const [number, one] of scored.entries()) {
    const wrong = Array.from({ length: FEATURES }, (_, at) => at).filter((at) => {
      const value = one.features[at] as number;
      if (FLAGS.includes(at)) return value !== 0 && value !== 1;
      if (SAME.includes(at)) return value !== scored[0]?.features[at];
      return at === COUNT && value !== bitsOf(one.sources);
    });
    if (wrong.length > 0) return `Candidate ${number}: ${wrong.map((at) => FEATURE_NAMES[at]).join(', ')}.`;
  }
  return null;
}

function scores({ scored }: FeedReceipt, { model }: Rules): Problem[] {
  const wrong = scored.map((one, at) => ({ at, given: one.pre, due: preScore(model, one.features) }));
  const [first, ...more] = wrong.filter((one) => one.given !== one.due);
  if (!first) return [];
  const detail = `Candidate ${first.at} has ${first.given}; its features give ${first.due} (${more.length + 1} in all).`;
  return [{ code: 'feed.score-differs', detail }];
}

async function scoredSet(receipt: FeedReceipt, { policy }: Rules): Promise<Problem[]> {
  const { scored, rest } = receipt;
  const found: Problem[] = [];
  const wanted = await scoredRows([...scored, ...rest], policy, await seedOf(receipt));
  const given = new Set(scored.map((one) => one.row));
  const missing = [...wanted].filter((row) => !given.has(row)).length;
  const extra = [...given].filter((row) => !wanted.has(row)).length;
  if (missing + extra > 0) {
    const detail = `${missing} candidates were left out that should have been scored, and ${extra} taken in that should not.`;
    found.push({ code: 'feed.scored-set', detail });
  }
  const unsorted = [scored, rest].some((part) =>
    part.some((one, at) => {
      const next = part[at + 1];
      return next && (next.pre > one.pre || (next.pre === one.pre && next.row > one.row));
    }),
  );
  if (unsorted) {
    found.push({ code: 'feed.candidates-unsorted', detail: 'Candidates are not in the order of their pre-scores.' });
  }
  return found;
}

async function page(receipt: FeedReceipt, { model, policy }: Rules): Promise<Problem[]> {
  const given = receipt.chosen.map((one) => one.index);
  if (!differ(given) || !differ(receipt.chosen.map((one) => one.clip.join()))) {
    return [{ code: 'feed.clip-twice', detail: 'One clip has two places on the page.' }];
  }
  const finals = finalsOf(receipt, model);
  const places = await selectPage(receipt.scored, finals, policy, await seedOf(receipt), receipt.position, given.length);
  const wrong = places.findIndex((place, at) => place.index !== given[at]);
  if (wrong < 0) return [];
  return [misplaced(receipt, finals, { model, policy }, wrong, places[wrong] as Place)];
}

/** Which of the rules of choosing the first wrong place breaks. */
function misplaced(
  { scored, chosen }: FeedReceipt,
  finals: readonly number[],
  { policy }: Rules,
  number: number,
  place: Place,
): Problem {
  const index = chosen[number]?.index as number;
  const taken = chosen.slice(0, number).map((one) => scored[one.index] as Scored);
  const where = `Place ${number + 1} of the page: candidate ${index} stands where ${place.index} belongs`;
  if (place.exploring && (scored[place.index] as Scored).sources & FRESH) {
    return { code: 'feed.exploration-differs', detail: `${where}; it is a place for new clips.` };
  }
  if (!isSpaced(scored[index] as Scored, taken, policy, place.rules)) {
    return { code: 'feed.spacing-broken', detail: `${where}, too near to others of its creator, sound or tag.` };
  }
  const detail = `${where}; their scores are ${finals[index]} and ${finals[place.index]}.`;
  return { code: 'feed.order-differs', detail };
}

/** What concerns which of a check's steps; the first that finds something ends it. */
export const STEPS = { inputs, scores, scored: scoredSet, page } as const satisfies Record<string, Step>;
export type StepName = keyof typeof STEPS;

/** Whether the same bytes come out again, once no step has found anything. */
export async function sameBytes(receipt: FeedReceipt, rules: Rules): Promise<Problem[]> {
  const made = await again(receipt, rules);
  if (made && equal(made, receipt.bytes) && equal(writeReceipt(receipt), receipt.bytes)) return [];
  return [{ code: 'feed.bytes-differ', detail: 'Computed again, the receipt has other bytes.' }];
}

/** All of it; empty if the page is what the rules make of it. Model and policy are known to be the receipt's. */
export async function problemsOf(receipt: FeedReceipt, rules: Rules): Promise<Problem[]> {
  for (const step of Object.values(STEPS)) {
    const found = await (step as Step)(receipt, rules);
    if (found.length > 0) return found;
  }
  return sameBytes(receipt, rules);
}
