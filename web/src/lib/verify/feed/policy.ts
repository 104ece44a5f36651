/** The policy: the published numbers by which a page is chosen. What it says of retrieval is not read here. */
import { decodeCanonical, type Json } from '../canonical';
import { Fault } from '../fault';
import { MAX_SCORED, type Bytes } from './layout';

const FORMAT = 'reelm-policy/1';

export interface FeedPolicy {
  /** How many are scored for their pre-score, and how many new ones besides. */
  readonly best: number;
  readonly fresh: number;
  /** Over how many clips creators and sounds, and over how many tags, do not repeat. */
  readonly apart: number;
  readonly apartTags: number;
  /** Places whose number leaves `exploreAt` are for new clips. */
  readonly exploreEvery: number;
  readonly exploreAt: number;
}

const fail = (why: string): never => {
  throw new Fault('policy', why);
};

type Bounds = Record<string, readonly [least: number, most: number]>;

function numbers<B extends Bounds>(part: Json | undefined, bounds: B): Record<keyof B, number> {
  const names = Object.keys(bounds);
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return fail('a part of the policy is missing');
  if (Object.keys(part).sort().join(' ') !== names.sort().join(' ')) return fail('a part of the policy is another');
  for (const name of names) {
    const [least, most] = bounds[name] as readonly [number, number];
    const value = part[name];
    if (typeof value !== 'number' || value < least || value > most) return fail(`${name} is out of its bounds`);
  }
  return part as Record<keyof B, number>;
}

export function readPolicy(bytes: Bytes): FeedPolicy {
  const found = decodeCanonical(bytes);
  if (typeof found !== 'object' || found === null || Array.isArray(found) || found.format !== FORMAT) {
    return fail('this is not a policy of a kind that is known here');
  }
  const scored = numbers(found.scored, { best: [1, MAX_SCORED], fresh: [0, MAX_SCORED] });
  const select = numbers(found.select, {
    apart: [0, 50],
    apart_tags: [0, 50],
    explore_every: [1, 1000],
    explore_at: [0, 999],
  });
  if (scored.best + scored.fresh > MAX_SCORED) fail('the policy scores more than a receipt holds');
  return {
    best: scored.best,
    fresh: scored.fresh,
    apart: select.apart,
    apartTags: select.apart_tags,
    exploreEvery: select.explore_every,
    exploreAt: select.explore_at,
  };
}
