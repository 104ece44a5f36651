/**
 * The gist of a border policy (Cedar), as far as its text is of the plain kind: one permit or forbid, with classes,
 * purposes and acts in it. What is not is said to be so; the text decides, never this. Pure.
 */
import { CLASSES } from './border-charts';
import type { DataClass } from '$lib/api/types';

const PURPOSES = ['publish', 'interact', 'profile'] as const;

export interface PolicyGist {
  id: string;
  effect: 'permit' | 'forbid';
  classes: DataClass[];
  purposes: (typeof PURPOSES)[number][];
  acts: string[];
  network: boolean;
  /** False: the policy says more, or says it otherwise, than can be put in a sentence here. */
  plain: boolean;
}

const COMMENTS = /\/\/[^\n]*/g;
const POLICY = /((?:@\w+(?:\("(?:[^"\\]|\\.)*"\))?\s*)*)\b(permit|forbid)\s*\(([^;]*);/g;
const UNUSUAL = /\bunless\b|\|\||!|\bif\b|\blike\b|\bhas\b|\bpeer\b|\bobject_type\b|\bprincipal\s*(==|in)|\bresource\s*(==|in)/;

export function policyGists(text: string): PolicyGist[] {
  return [...text.replace(COMMENTS, '').matchAll(POLICY)].map(([, annotations = '', effect, body = '']) => {
    const named = [...body.matchAll(/"([^"\\]*)"/g)].map((match) => match[1] ?? '');
    const acts = [...body.matchAll(/Action::"([^"\\]*)"/g)].map((match) => match[1] ?? '');
    const classes = CLASSES.filter((one) => named.includes(one));
    const purposes = PURPOSES.filter((one) => named.includes(one));
    const known = new Set<string>([...classes, ...purposes, ...acts]);
    return {
      id: /@id\("((?:[^"\\]|\\.)*)"\)/.exec(annotations)?.[1] ?? '',
      effect: effect === 'forbid' ? 'forbid' : 'permit',
      classes,
      purposes,
      acts,
      network: /\bnetwork_member\b/.test(body),
      plain: !UNUSUAL.test(body) && named.every((one) => known.has(one)),
    };
  });
}
