import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import type { BorderCount } from '$lib/api/realms';
import { bytesByKind, CLASSES, crossedByPeer, crossedPerDay, refusedPerDay } from '$lib/services/border-charts';
import { policyGists } from '$lib/services/policy-words';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const count = (change: Partial<BorderCount>): BorderCount => ({
  day: '2026-11-22',
  kind: 'crossing',
  direction: 'out',
  peer: 'world',
  data_class: 'public',
  objects: 1,
  bytes: 10,
  ...change,
});

describe('charts of the border', () => {
  const days = [
    count({ objects: 3 }),
    count({ objects: 4, peer: 'third', bytes: 5 }),
    count({ data_class: 'social', day: '2026-11-21' }),
    count({ direction: 'in', objects: 9 }),
    count({ kind: 'refused', objects: 2 }),
    count({ kind: 'fetch', direction: 'in', bytes: 500 }),
    count({ day: '2026-10-01', objects: 99, bytes: 99 }),
  ];

  it('count per day and class, days without anything too', () => {
    const columns = crossedPerDay(days, 'out', NOW, 'en', 3);
    expect(columns.map((one) => one.key)).toEqual(['2026-11-20', '2026-11-21', '2026-11-22']);
    const of = (name: (typeof CLASSES)[number]) => columns.map((one) => one.values[CLASSES.indexOf(name)]);
    expect(of('public')).toEqual([0, 0, 7]);
    expect(of('social')).toEqual([0, 1, 0]);
  });

  it('keep directions and kinds apart', () => {
    expect(crossedPerDay(days, 'in', NOW, 'en', 1)[0]?.values[CLASSES.indexOf('public')]).toBe(9);
    expect(refusedPerDay(days, NOW, 'en', 1)[0]?.values).toEqual([2, 0]);
    expect(Object.fromEntries(bytesByKind(days, NOW, 3))).toEqual({
      crossing: 35,
      storage: 0,
      control: 0,
      delivery: 0,
      fetch: 500,
    });
  });

  it('name where most went first, in the same days', () => {
    expect(crossedByPeer(days, 'out', NOW, 3)).toEqual([
      ['world', { objects: 4, bytes: 20 }],
      ['third', { objects: 4, bytes: 5 }],
    ]);
  });
});

describe('policies in plain words', () => {
  const published = readFileSync(new URL('../../../src/reelm/border/default.cedar', import.meta.url), 'utf8');

  it('a new network’s own policy is understood whole', () => {
    const gists = policyGists(published);
    expect(gists.map((one) => [one.effect, one.plain])).toEqual([
      ['permit', true],
      ['permit', true],
      ['forbid', true],
    ]);
    expect(gists.map((one) => one.classes)).toEqual([
      ['public'],
      ['social'],
      ['identity', 'private', 'telemetry', 'derived', 'operational'],
    ]);
    expect(gists.every((one) => one.id !== '')).toBe(true);
    expect(gists[0]?.network).toBe(true);
    expect(gists[0]?.purposes).toEqual(['publish', 'interact', 'profile']);
    expect(gists[1]?.acts).toContain('Follow');
  });

  it.each([
    'permit (principal, action, resource) when { context.data_class == "public" } unless { context.peer == "x" };',
    'permit (principal, action, resource) when { context.data_class != "private" };',
    'permit (principal, action, resource) when { context.peer == "world" && context.data_class == "public" };',
    'permit (principal, action, resource) when { context.data_class == "public" || context.network_member };',
    'permit (principal, action, resource) when { context.object_type == "Video" && context.data_class == "public" };',
  ])('what says more than a sentence can is not put into one: %s', (text) => {
    expect(policyGists(text).map((one) => one.plain)).toEqual([false]);
  });

  it('comments and the empty text say nothing', () => {
    expect(policyGists('// permit (principal, action, resource);\n')).toEqual([]);
    expect(policyGists('')).toEqual([]);
  });
});
