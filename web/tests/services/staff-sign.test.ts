import { describe, expect, it } from 'vitest';

import type { GrantNew } from '$lib/api/types';
import { checkApproval, checkDenial, checkRequest, NotWhatWasAsked, readToSign } from '$lib/services/staff-sign';
import { encodeCanonical, type Json } from '$lib/verify/canonical';
import { fromUtf8 } from '$lib/verify/bytes';

const NOW = Date.parse('2026-05-03T10:00:30Z');
const STAFF = '00112233445566aa';
const ref = (digit: string) => digit.repeat(64);

const form: GrantNew = {
  people: ['ada', 'rex'],
  classes: ['identity', 'social'],
  minutes: 30,
  reason: 'support',
  text: 'They cannot sign in and wrote to us.',
  country: 'FR',
  emergency: false,
};
const requested: Record<string, Json> = {
  kind: 'grant.requested',
  at: '2026-05-03T10:00Z',
  charter: ref('c'),
  staff: STAFF,
  document: ref('d'),
  people: [ref('1'), ref('2')],
  classes: ['social', 'identity'],
  minutes: 30,
  reason: 'support',
  country: 'FR',
  emergency: false,
};
const grant = { entries: { requested: 41 }, minutes: 30, emergency: false };
const approved: Record<string, Json> = {
  kind: 'grant.approved',
  at: '2026-05-03T10:00Z',
  charter: ref('c'),
  request: 41,
  staff: STAFF,
  country: 'FR',
  emergency: false,
  expires_at: '2026-05-03T10:30Z',
};
const denied: Record<string, Json> = {
  kind: 'grant.denied',
  at: '2026-05-03T10:00Z',
  charter: ref('c'),
  request: 41,
  cause: 'refused',
  staff: STAFF,
};

const written = (entry: Record<string, Json>) =>
  `reelm/${String(entry.kind)}/v1\n${fromUtf8(encodeCanonical(entry))}`;

function refused(act: () => unknown): string[] {
  try {
    act();
  } catch (cause) {
    if (cause instanceof NotWhatWasAsked) return cause.fields;
    throw cause;
  }
  return [];
}

describe('a request', () => {
  it('is signed when it says what the form said', () => {
    expect(checkRequest(written(requested), form, STAFF, NOW).minutes).toBe(30);
  });

  it.each<[string, Json]>([
    ['minutes', 240],
    ['classes', ['identity', 'private', 'social']],
    ['classes', ['identity']],
    ['people', [ref('1')]],
    ['people', [ref('1'), ref('2'), ref('3')]],
    ['people', ['ada', 'rex']],
    ['reason', 'legal'],
    ['country', 'LV'],
    ['emergency', true],
    ['staff', 'ffffffffffffffff'],
    ['at', '2026-05-03T09:00Z'],
    ['charter', ''],
    ['document', 'their words'],
    ['approval', 40],
  ])('is refused when it says another %s', (field, value) => {
    expect(refused(() => checkRequest(written({ ...requested, [field]: value }), form, STAFF, NOW))).toEqual([field]);
  });

  it('is refused when something is left out', () => {
    const without = Object.fromEntries(Object.entries(requested).filter(([name]) => name !== 'emergency'));
    expect(refused(() => checkRequest(written(without), form, STAFF, NOW))).toEqual(['emergency']);
  });

  it('is refused in any other spelling, since another one could be read twice', () => {
    const loose = `reelm/grant.requested/v1\n${JSON.stringify(requested, null, 1)}`;
    expect(() => checkRequest(loose, form, STAFF, NOW)).toThrow('canonical');
    const twice = written(requested).replace('"minutes":30', '"minutes":240,"minutes":30');
    expect(() => checkRequest(twice, form, STAFF, NOW)).toThrow('canonical');
  });
});

describe('a decision', () => {
  it('is signed when it names the request that was read', () => {
    expect(checkApproval(written(approved), grant, 'FR', STAFF, NOW).request).toBe(41);
    expect(checkDenial(written(denied), grant, STAFF, NOW).cause).toBe('refused');
  });

  it.each<[string, Json]>([
    ['request', 42],
    ['country', 'LV'],
    ['emergency', true],
    ['expires_at', '2026-05-03T10:32Z'],
    ['expires_at', 'never'],
    ['staff', 'ffffffffffffffff'],
  ])('of yes is refused when it says another %s', (field, value) => {
    expect(refused(() => checkApproval(written({ ...approved, [field]: value }), grant, 'FR', STAFF, NOW))).toEqual([
      field,
    ]);
  });

  it('of no is never the signature of a yes', () => {
    expect(refused(() => checkDenial(written(approved), grant, STAFF, NOW))).toEqual(['kind']);
    expect(refused(() => readToSign(written(denied), 'grant.approved'))).toEqual(['kind']);
    const lying = written({ ...approved }).replace('reelm/grant.approved/v1', 'reelm/grant.denied/v1');
    expect(refused(() => checkDenial(lying, grant, STAFF, NOW))).toEqual(['kind']);
  });
});
