import type { Component } from 'svelte';

import Feed from './feed/Feed.svelte';

import type { Namespace } from '$lib/i18n/index.svelte';
import { matchPath, type PathParams } from '$lib/state/paths';

type Screen = Component<{ params: PathParams }>;

export interface Route {
  pattern: string;
  /** The screen; every one takes its path parameters as `params`. */
  load: () => Promise<{ default: Screen }>;
  /** A screen that is part of the first script, so that it needs no second request. */
  ready?: Screen;
  /** Only for people who are signed in. */
  account?: boolean;
  /** Dark, full-bleed: the clip is everything. */
  cinema?: boolean;
  /** Without the navigation: the screen needs the whole surface, everywhere or on a phone. */
  bare?: boolean | 'phone';
  texts?: Namespace[];
}

const now = (ready: Screen) => ({ ready, load: () => Promise.resolve({ default: ready }) });

type Place = Omit<Route, 'pattern'>;

/** Screens that hold several addresses. */
const settings: Place = { load: () => import('./settings/Settings.svelte'), texts: ['settings'] };
const yourData: Place = {
  load: () => import('./your-data/YourData.svelte'),
  texts: ['rights', 'columns'],
};
const messageSettings: Place = {
  load: () => import('./settings/messages/Messages.svelte'),
  account: true,
  texts: ['settings', 'messages'],
};
const staff: Place = { load: () => import('./staff/Staff.svelte'), texts: ['staff', 'columns', 'messages'] };

const friends: Place = { load: () => import('./friends/Friends.svelte'), account: true, texts: ['friends'] };

const charter: Place = { load: () => import('./charter/Charter.svelte'), texts: ['ledger', 'realms'] };

export const ROUTES: Route[] = [
  { pattern: '/', ...now(Feed), cinema: true },
  { pattern: '/c/{id}', load: () => import('./clip/ClipPage.svelte'), cinema: true },
  { pattern: '/c/{id}/reach', load: () => import('./clip/Reach.svelte'), account: true, texts: ['taste'] },
  { pattern: '/@{handle}', load: () => import('./profile/Profile.svelte') },
  { pattern: '/friends', ...friends },
  { pattern: '/friends/{part}', ...friends },
  { pattern: '/i/{code}', load: () => import('./friends/InvitePage.svelte'), texts: ['friends'] },
  {
    pattern: '/collections',
    load: () => import('./collections/Mine.svelte'),
    account: true,
    texts: ['friends'],
  },
  { pattern: '/collection/{id}', load: () => import('./collections/CollectionPage.svelte'), texts: ['friends'] },
  { pattern: '/me', load: () => import('./profile/Own.svelte'), account: true },
  { pattern: '/me/{list}', load: () => import('./profile/People.svelte'), account: true },
  { pattern: '/sounds/{id}', load: () => import('./sound/SoundPage.svelte') },
  { pattern: '/tags/{tag}', load: () => import('./tag/TagPage.svelte') },
  { pattern: '/search', load: () => import('./search/Search.svelte') },
  { pattern: '/notices', load: () => import('./notices/Notices.svelte'), account: true },
  {
    pattern: '/find-friends',
    load: () => import('./contacts/FindFriends.svelte'),
    account: true,
    texts: ['contacts'],
  },
  { pattern: '/messages', load: () => import('./messages/Inbox.svelte'), account: true, texts: ['messages'] },
  { pattern: '/messages/new', load: () => import('./messages/Begin.svelte'), account: true, texts: ['messages'] },
  {
    pattern: '/messages/requests',
    load: () => import('./messages/Requests.svelte'),
    account: true,
    texts: ['messages'],
  },
  {
    pattern: '/messages/code/{handle}',
    load: () => import('./messages/Compare.svelte'),
    account: true,
    texts: ['messages'],
  },
  {
    pattern: '/messages/{talk}',
    load: () => import('./messages/Thread.svelte'),
    account: true,
    bare: 'phone',
    texts: ['messages'],
  },
  { pattern: '/messages/{talk}/about', load: () => import('./messages/About.svelte'), account: true, texts: ['messages'] },
  { pattern: '/messages/{talk}/report', load: () => import('./messages/Report.svelte'), account: true, texts: ['messages'] },
  { pattern: '/sign-in', load: () => import('./enter/SignIn.svelte') },
  { pattern: '/sign-up', load: () => import('./enter/SignUp.svelte') },
  { pattern: '/settings', ...settings },
  {
    pattern: '/settings/feed',
    load: () => import('./settings/feed/MyFeed.svelte'),
    account: true,
    texts: ['taste'],
  },
  {
    pattern: '/settings/crossed',
    load: () => import('./settings/crossed/Crossed.svelte'),
    account: true,
    texts: ['ledger', 'realms'],
  },
  { pattern: '/settings/messages', ...messageSettings },
  { pattern: '/settings/messages/{part}', ...messageSettings },
  { pattern: '/settings/{part}', ...settings },
  { pattern: '/your-data', ...yourData },
  { pattern: '/your-data/{part}', ...yourData },
  { pattern: '/your-data/{part}/{table}', ...yourData },
  { pattern: '/where', load: () => import('./where/Where.svelte'), texts: ['ledger', 'realms'] },
  { pattern: '/border', load: () => import('./border/Border.svelte'), texts: ['ledger', 'realms'] },
  { pattern: '/charter', ...charter },
  { pattern: '/charter/{digest}', ...charter },
  { pattern: '/staff', ...staff },
  { pattern: '/staff/{part}', ...staff },
  { pattern: '/transparency', load: () => import('./transparency/Promises.svelte'), texts: ['ledger'] },
  { pattern: '/transparency/ledger', load: () => import('./transparency/Ledger.svelte'), texts: ['ledger'] },
  { pattern: '/transparency/data-map', load: () => import('./transparency/DataMap.svelte'), texts: ['ledger', 'rights'] },
  {
    pattern: '/transparency/check/feed',
    load: () => import('./transparency/CheckPage.svelte'),
    texts: ['ledger', 'why'],
  },
  { pattern: '/transparency/check', load: () => import('./transparency/Check.svelte'), texts: ['ledger'] },
  {
    pattern: '/make',
    load: () => import('./make/Make.svelte'),
    account: true,
    bare: true,
    texts: ['studio'],
  },
  {
    pattern: '/make/{clip}',
    load: () => import('./make/EditClip.svelte'),
    account: true,
    bare: true,
    texts: ['studio'],
  },
];

export function findRoute(path: string): { route: Route; params: PathParams } | null {
  for (const route of ROUTES) {
    const params = matchPath(route.pattern, path);
    if (params) return { route, params };
  }
  return null;
}
