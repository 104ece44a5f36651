import { describe, expect, it } from 'vitest';

import type { Crossing, Network, SiteInfo } from '$lib/api/realms';
import { byRealm, canWithdraw, kindOfCrossing, placeOf } from '$lib/services/crossing-words';
import { homeOf, realmTold } from '$lib/services/network';
import { strengthNamed, strengthOf } from '$lib/services/promises';
import { parseAddress, realmOf } from '$lib/services/realms';
import { bySharesOwned, bytesOf, countriesOf, parentsOf, strengthOfSite } from '$lib/services/where-words';
import { placeOnMap, HIGH, LAND, WIDE } from '../../src/lib/components/realm/outlines';
import { alongTo, broughtAlong } from '../../src/routes/enter/along';

describe('addresses of people', () => {
  it.each([
    ['@lea@us', { handle: 'lea', realm: 'us' }],
    [' @Lea.Tan@World-2 ', { handle: 'lea.tan', realm: 'world-2' }],
  ])('%s is one', (text, address) => expect(parseAddress(text)).toEqual(address));

  it.each(['@lea', 'lea@us', '@lea@', '@@us', '@a@b@c', '@a b@us', '@lea@us/x', ''])('%s is none', (text) =>
    expect(parseAddress(text)).toBeNull(),
  );

  it('a person has a realm only where it is another', () => {
    expect(realmOf({ handle: 'lea@us', realm: 'us' })).toBe('us');
    expect(realmOf({ handle: 'tom', realm: null })).toBeNull();
    expect(realmOf({ handle: 'tom' })).toBeNull();
  });
});

const crossing = (change: Partial<Crossing>): Crossing => ({
  id: '1',
  realm: 'us',
  realm_name: 'US',
  act: 'Follow',
  object_type: 'Follow',
  purpose: 'interact',
  thing: null,
  classes: [],
  fields: [],
  removed: [],
  policy: null,
  state: 'delivered',
  reason: null,
  made_at: '2026-11-22T08:00:00Z',
  done_at: null,
  entry_index: null,
  ...change,
});

describe('what crossed', () => {
  it.each([
    ['Follow', 'Follow', 'follow'],
    ['Like', 'Like', 'like'],
    ['Announce', 'Announce', 'repost'],
    ['Create', 'Note', 'comment'],
    ['Create', 'Video', 'clip'],
    ['Update', 'Video', 'clip_changed'],
    ['Update', 'Person', 'profile'],
    ['Delete', 'Tombstone', 'removed'],
    ['Delete', 'Video', 'removed'],
    ['Create', 'SomethingNew', 'other'],
  ] as const)('%s of a %s is told as %s', (act, type, kind) => {
    expect(kindOfCrossing({ act, object_type: type })).toBe(kind);
  });

  it('only one’s own acts that stand can be taken back', () => {
    expect(canWithdraw(crossing({}))).toBe(true);
    expect(canWithdraw(crossing({ state: 'dead' }))).toBe(true);
    expect(canWithdraw(crossing({ state: 'taken_back' }))).toBe(false);
    expect(canWithdraw(crossing({ state: 'refused' }))).toBe(false);
    expect(canWithdraw(crossing({ act: 'Create', object_type: 'Video' }))).toBe(false);
    expect(canWithdraw(crossing({ act: 'Undo' }))).toBe(false);
  });

  it('things are shown where they are', () => {
    expect(placeOf({ kind: 'clip', id: 'x', text: '' })).toBe('/c/x');
    expect(placeOf({ kind: 'person', id: 'x', text: 'Lea' })).toBeNull();
    expect(placeOf(null)).toBeNull();
  });

  it('stands under its realm; one agreed to comes first, even with nothing told', () => {
    const consent = { realm: 'world', name: 'World', given_at: '', follows: 0, likes: 0, comments: 0 };
    const groups = byRealm([crossing({ id: '1' }), crossing({ id: '2' })], [consent]);
    expect(groups.map((one) => [one.realm, one.items.length, one.consent !== null])).toEqual([
      ['world', 0, true],
      ['us', 2, false],
    ]);
  });
});

const network: Network = {
  network: 'n.example',
  zone: '',
  version: 'x',
  realms: [
    { realm: 'us', name: 'US', operator: 'A', countries: ['US'], elsewhere: false, web: '', here: true, storage: [], charter: '' },
    { realm: 'world', name: 'World', operator: 'B', countries: ['CA'], elsewhere: true, web: '', here: false, storage: [], charter: '' },
  ],
};

describe('who belongs where', () => {
  it.each([
    ['US', 'us'],
    ['CA', 'world'],
    ['FR', 'world'],
  ])('people of %s belong in %s', (country, realm) => expect(homeOf(network, country)?.realm).toBe(realm));

  it('nowhere, where no realm takes the rest', () => {
    const closed = { ...network, realms: network.realms.map((one) => ({ ...one, elsewhere: false })) };
    expect(homeOf(closed, 'FR')).toBeNull();
  });

  it('a refusal names a realm, or none', () => {
    expect(realmTold({ realm: 'world', name: 'World', web: 'https://w.example' }, 'FR')?.countries).toEqual(['FR']);
    expect(realmTold({ realm: '', name: '' }, 'FR')).toBeNull();
  });

  it('what isn’t secret goes along, where no server is sent it', () => {
    const address = alongTo('https://world.example/', { handle: 'noor', country: 'CA', language: 'fr' });
    const url = new URL(address);
    expect([url.origin, url.pathname, url.search]).toEqual(['https://world.example', '/sign-up', '']);
    expect(broughtAlong(url.hash)).toEqual({ handle: 'noor', country: 'CA', language: 'fr' });
  });

  it('what is not of its kind is dropped on the way in', () => {
    expect(broughtAlong('#handle=%3Cb%3E&country=Canada&language=x')).toEqual({ handle: '', country: '', language: '' });
    expect(broughtAlong('')).toEqual({ handle: '', country: '', language: '' });
  });
});

const site = (change: Partial<SiteInfo>): SiteInfo => ({
  site: 'A',
  country: 'US',
  purposes: ['primary'],
  signer: '',
  self_signed: true,
  statement: null,
  ...change,
});
const statement = { at: '', held: [{ data_class: 'public', bytes: 5 }, { data_class: 'private', bytes: 7 }], entry_index: 1 } as const;

describe('where data is', () => {
  it('a statement is as strong as whoever makes it', () => {
    const stated = { ...statement, held: [...statement.held] };
    expect(strengthOfSite(site({}))).toBe('unproven');
    expect(strengthOfSite(site({ statement: stated }))).toBe('declared');
    expect(strengthOfSite(site({ statement: stated, self_signed: false }))).toBe('trustee');
    expect(bytesOf(site({ statement: stated }))).toBe(12);
    expect(bytesOf(site({}))).toBe(0);
  });

  it('countries and parents are named once', () => {
    expect(countriesOf([site({}), site({ country: '' }), site({ country: 'DE' }), site({})])).toEqual(['US', 'DE']);
    const owners = [
      { name: 'A', share: '10', ultimate_parent: 'P' },
      { name: 'B', share: '62.5', ultimate_parent: 'P' },
      { name: 'C', ultimate_parent: 'A' },
    ];
    expect(bySharesOwned(owners).map((one) => one.name)).toEqual(['B', 'A', 'C']);
    expect(parentsOf(owners)).toEqual(['P']);
  });

  it('the border’s promise is as strong as the realm says, and unproven where it says nothing known', () => {
    expect(strengthOf('p2', { state: 'witnessed' })).toBe('unproven');
    expect(strengthOf('p2', null, 'peer-matched')).toBe('matched');
    expect(['self-declared', 'trustee_run', 'witnessed', 'certified'].map(strengthNamed)).toEqual([
      'declared',
      'trustee',
      'witnessed',
      'unproven',
    ]);
  });

  it('every country is on the map, or not at all; the outlines are whole', () => {
    expect(placeOnMap('us')).toEqual(placeOnMap('US'));
    expect(placeOnMap('')).toBeNull();
    expect(placeOnMap('ZZ')).toBeNull();
    const [singapore, brazil] = [placeOnMap('SG'), placeOnMap('BR')];
    expect(singapore && brazil && singapore.x > brazil.x && singapore.y < brazil.y).toBe(true);
    for (const place of [singapore, brazil]) {
      expect(place && place.x > 0 && place.x < WIDE && place.y > 0 && place.y < HIGH).toBe(true);
    }
    expect(LAND).toMatch(/^(M-?\d+[ -]\d+l[-\d ]+z)+$/);
  });
});
