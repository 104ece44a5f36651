/**
 * What each feature gave to a score: exact, so that the parts and what rounding took make the whole. Parts are counted
 * in fractions of a point, `unit` to the point: start + Σ features + rounding = unit · (score − adjustment).
 */
import { FEATURES } from './layout';
import { finalScore, pathOf, preScore, WISH, type Model, type Tree } from './model';

export interface Contributions {
  /** How many parts make one point of the score. */
  readonly unit: number;
  /** What every clip gets: bases of the heads, and the values at the roots of their trees. */
  readonly start: number;
  readonly features: readonly number[];
  /** What rounding down took. */
  readonly rounding: number;
  /** Points of boosts and demotions. */
  readonly adjustment: number;
}

/** Adds to each feature what its splits on the path moved the value by, times `weight`. */
function addTree(tree: Tree, features: readonly number[], weight: number, into: number[]): void {
  const path = pathOf(tree, features);
  for (let at = 1; at < path.length; at++) {
    const [above, node] = [path[at - 1] as number, path[at] as number];
    const feature = tree.feature[above] as number;
    const step = (tree.value[node] as number) - (tree.value[above] as number);
    into[feature] = (into[feature] as number) + weight * step;
  }
}

export function contributionsOf(model: Model, features: readonly number[], adjustment: number): Contributions {
  const parts = new Array<number>(FEATURES).fill(0);
  let start = 0;
  for (const { weight, base, trees } of model.heads) {
    start += weight * trees.reduce((sum, tree) => sum + (tree.value[0] as number), base);
    for (const tree of trees) addTree(tree, features, weight, parts);
  }
  const scale = 2 ** model.linearShift;
  const unit = scale * 2 ** model.shift;
  const shares = parts.map(
    (part, feature) =>
      part * scale +
      model.preWeight * (model.linear[feature] as number) * (features[feature] as number) +
      (feature === WISH ? unit * model.wishPoints * (features[WISH] as number) : 0),
  );
  start *= scale;
  const score = finalScore(model, features, preScore(model, features), 0);
  const rounding = score * unit - start - shares.reduce((sum, share) => sum + share, 0);
  return { unit, start, features: shares, rounding, adjustment };
}
