/**
 * The model: one file that the realm, the auditor and this page evaluate alike, in whole numbers. `readModel` refuses a
 * model whose sums might reach 2^53, so plain numbers are exact throughout; nothing here shifts bits, which ends at 2^31.
 */
import { decodeCanonical, type Json } from '../canonical';
import { Fault } from '../fault';
import { FEATURES, type Bytes } from './layout';

export const FEATURE_NAMES = [
  'item', 'next', 'content', 'taste_author', 'taste_sound', 'taste_tags', 'followed', 'friend', 'language', 'age',
  'views', 'acts', 'finish_rate', 'skip_rate', 'act_rate', 'duration', 'author_views', 'viewer_events',
  'viewer_finish_rate', 'author_seen', 'sound_seen', 'trend', 'wish', 'source_count',
] as const;
export type FeatureName = (typeof FEATURE_NAMES)[number];
export const WISH = FEATURE_NAMES.indexOf('wish');
const FORMAT = 'reelm-model/1';
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const LIMIT = 2 ** 31;
const EXACT = 2n ** 51n;
const MAX_BYTES = 4_000_000;
const MAX_HEADS = 4;
const MAX_TREES = 256;
const MAX_NODES = 127;
const MAX_SHIFT = 24;
const LEAF = -1;

export interface Tree {
  /** −1 for a leaf. */
  readonly feature: readonly number[];
  readonly threshold: readonly number[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly value: readonly number[];
}

export interface Head {
  readonly name: string;
  readonly weight: number;
  readonly base: number;
  readonly trees: readonly Tree[];
}

export interface Model {
  readonly name: string;
  readonly madeAt: string;
  readonly linear: readonly number[];
  readonly linearShift: number;
  readonly preWeight: number;
  readonly wishPoints: number;
  readonly heads: readonly Head[];
  readonly shift: number;
}

const fail = (why: string): never => {
  throw new Fault('model', why);
};

function whole(value: Json | undefined, from = -LIMIT + 1, to = LIMIT - 1): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < from || value > to) {
    return fail('the model holds something else than a whole number in its range');
  }
  return value;
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : fail('the model is malformed');
}

function nameIn(value: Json | undefined): string {
  return NAME.test(text(value)) ? text(value) : fail('the model’s name is no name');
}

function list(value: Json | undefined, most: number): Json[] {
  return Array.isArray(value) && value.length <= most ? value : fail('the model is malformed');
}

type JsonObject = { [name: string]: Json };

function fields(value: Json | undefined, names: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('the model is malformed');
  if (Object.keys(value).sort().join(' ') !== names) return fail('the model has other parts than it may have');
  return value;
}

function treeOf(value: Json): Tree {
  const found = fields(value, 'feature left right threshold value');
  const column = (name: string, from?: number, to?: number): number[] =>
    list(found[name], MAX_NODES).map((one) => whole(one, from, to));
  const tree = {
    feature: column('feature', -1, FEATURES - 1),
    threshold: column('threshold'),
    left: column('left', -1, MAX_NODES),
    right: column('right', -1, MAX_NODES),
    value: column('value'),
  };
  const nodes = tree.feature.length;
  if (nodes === 0 || Object.values(tree).some((one) => one.length !== nodes)) fail('a tree is malformed');
  const children: number[] = [];
  tree.feature.forEach((feature, node) => {
    const sides = [tree.left[node] as number, tree.right[node] as number];
    if (feature === LEAF) {
      const bare = sides.every((side) => side === LEAF) && tree.threshold[node] === 0;
      if (!bare) fail('a leaf has children, or a threshold');
      return;
    }
    // Children come after their parent: every path ends.
    if (sides.some((side) => side <= node || side >= nodes)) fail('a split leads nowhere, or back');
    children.push(...sides);
  });
  if (children.length !== nodes - 1 || new Set(children).size !== children.length) {
    fail('every node but the root has one parent');
  }
  return tree;
}

function headOf(value: Json): Head {
  const found = fields(value, 'base name trees weight');
  return {
    name: nameIn(found.name),
    weight: whole(found.weight),
    base: whole(found.base),
    trees: list(found.trees, MAX_TREES).map(treeOf),
  };
}

export function readModel(bytes: Bytes): Model {
  if (bytes.length > MAX_BYTES) fail('the model is too large');
  const found = fields(
    decodeCanonical(bytes),
    'features format heads linear linear_shift made_at name pre_weight shift wish_points',
  );
  if (found.format !== FORMAT) fail('this is not a model of a kind that is known here');
  if (list(found.features, FEATURES).join(' ') !== FEATURE_NAMES.join(' ')) fail('the model knows other features');
  const linear = list(found.linear, FEATURES).map((one) => whole(one));
  if (linear.length !== FEATURES) fail('the model has another number of weights');
  const model = {
    name: nameIn(found.name),
    madeAt: text(found.made_at),
    linear,
    linearShift: whole(found.linear_shift, 0, MAX_SHIFT),
    preWeight: whole(found.pre_weight),
    wishPoints: whole(found.wish_points),
    heads: list(found.heads, MAX_HEADS).map(headOf),
    shift: whole(found.shift, 0, MAX_SHIFT),
  };
  checkBounds(model);
  return model;
}

const size = (value: number): bigint => BigInt(Math.abs(value));

/** Refuses what might leave the numbers a browser adds exactly, or a pre-score of 32 bits. */
function checkBounds(model: Model): void {
  const linear = model.linear.reduce((sum, weight) => sum + size(weight), 0n) << 15n;
  const pre = (linear >> BigInt(model.linearShift)) + 1n;
  if (pre >= BigInt(LIMIT)) fail('the model’s pre-score might not fit 32 bits');
  const heads = model.heads.reduce((sum, { weight, base, trees }) => {
    const most = trees.reduce((all, tree) => all + 2n * size(tree.value.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a))), size(base));
    return sum + size(weight) * most;
  }, 0n);
  const wish = size(model.wishPoints) << BigInt(15 + model.shift);
  if ((size(model.preWeight) * pre + heads + wish) << BigInt(model.linearShift) >= EXACT) {
    fail('the model’s scores might not be exact');
  }
}

/** Exact: dividing by a power of two loses nothing, and the floor is that of an arithmetic shift. */
const shifted = (value: number, bits: number): number => Math.floor(value / 2 ** bits);

export function preScore(model: Model, features: readonly number[]): number {
  const sum = model.linear.reduce((whole, weight, feature) => whole + weight * (features[feature] as number), 0);
  return shifted(sum, model.linearShift);
}

/** The nodes from the root to the leaf. */
export function pathOf(tree: Tree, features: readonly number[]): number[] {
  const path = [0];
  for (let node = 0; tree.feature[node] !== LEAF; ) {
    const below = (features[tree.feature[node] as number] as number) <= (tree.threshold[node] as number);
    node = (below ? tree.left[node] : tree.right[node]) as number;
    path.push(node);
  }
  return path;
}

export function headScore(head: Head, features: readonly number[]): number {
  return head.trees.reduce((sum, tree) => sum + (tree.value[pathOf(tree, features).at(-1) as number] as number), head.base);
}

/** The score that orders the page; `points` are those of boosts and demotions together. */
export function finalScore(model: Model, features: readonly number[], pre: number, points: number): number {
  const heads = model.heads.reduce((sum, head) => sum + head.weight * headScore(head, features), 0);
  return shifted(model.preWeight * pre + heads, model.shift) + model.wishPoints * (features[WISH] as number) + points;
}
